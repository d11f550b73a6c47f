// SPDX-License-Identifier: Apache-2.0

import BFV
import IntegerNetworks

/// Where a forest's leaves lie on the slots of one sample, and by which rotations their bits come to them.
///
/// Bits lie in the order of their conditions, repeated, so that what a client lays out tells nothing of the trees. Which
/// slot a leaf has is the server's alone: it is chosen so that few rotations bring all bits where they are needed. Slots
/// are shared out among outputs in equal regions, whatever the trees.
struct ForestLayout {
    /// Numbers that make it: leaves of one split that share a slot, 1 or 2; babies and giants of the one map, or of the
    /// first; then what the second reaches on either side and its babies.
    let numbers: [Int]
    /// What the slots do.
    let network: ForestNetwork
    /// Of each group, maps from bits to what leaves count.
    let groups: [Group]
    let period: Int

    struct Group {
        /// A map that comes first.
        var relays: Map?
        /// Of each sum of the network's cells.
        var sums: [Map]
        /// Of each slot, the cell that it does.
        var cells: [Int?]
    }

    struct Rotation: Hashable {
        let baby: Int
        let giant: Int

        init(baby: Int, giant: Int) {
            self.baby = baby
            self.giant = giant
        }

        init(_ steps: (baby: Int, giant: Int)) { self.init(baby: steps.baby, giant: steps.giant) }
    }

    /// Weights of slots by rotations.
    typealias Map = [Rotation: [Int64]]

    /// The map with each baby and each giant of all rotations in it, by weights of zero where trees use none: which keys a
    /// client makes tells nothing of them.
    static func padded(_ map: Map, to all: [Rotation], slots: Int) -> Map {
        var map = map
        var (babies, giants) = (Set(map.keys.map(\.baby)), Set(map.keys.map(\.giant)))
        for rotation in all {
            let isNew = (
                babies.insert(rotation.baby).inserted, giants.insert(rotation.giant).inserted
            )
            guard isNew.0 || isNew.1, map[rotation] == nil else { continue }
            map[rotation] = [Int64](repeating: 0, count: slots)
        }
        return map
    }

    /// Most ciphertexts that leaves are spread over.
    static let mostGroups = 8

    /// The region of each output, of slots.
    static func region(_ output: Int, of outputs: Int, _ shape: SlotShape) -> Range<Int> {
        let size = shape.slotCount / outputs
        return output * size..<(output + 1) * size
    }

    /// - Parameters:
    ///   - network: of trees.
    ///   - numbers: as above; none: those that take the least, of what is tried.
    /// - Throws: `PackingError` where it doesn't fit.
    init(_ network: IntegerNetwork, shape: SlotShape, numbers: [Int]) throws {
        let asked = numbers.isEmpty ? [false, true] : [numbers[0] == 2]
        let networks = try asked.map { pairs in
            guard let made = ForestNetwork(network, pairs: pairs) else {
                throw PackingError.noCover
            }
            return made
        }
        let conditions = networks[0].conditionCount
        let period = max(2, conditions.nextPowerOfTwo)
        guard period <= shape.columns else {
            throw PackingError.tooManyFeatures(conditions, slots: shape.columns)
        }
        let fitting = try Self.fitting(networks, shape)
        self.period = period
        if !numbers.isEmpty {
            guard fitting[0].leavesPerCell == numbers[0],
                let groups = Self.groups(
                    fitting[0], shape, period, numbers, most: Self.mostGroups)
            else { throw PackingError.noCover }
            self.numbers = numbers
            self.groups = groups
            self.network = fitting[0]
            return
        }
        var best: (cost: Double, numbers: [Int], network: ForestNetwork, groups: [Group])?
        for network in fitting {
            // As few groups as there can be, or as many as it takes.
            let least = (network.cells.count + shape.slotCount - 1) / shape.slotCount
            for (ladder, most) in Self.ladders(network, period).flatMap({ ladder in
                Set([least, Self.mostGroups]).sorted().map { (ladder, $0) }
            }) {
                // The first that fits: more rotations fit more.
                func cost(_ numbers: [Int], groups: Int? = nil) -> Double {
                    // The fewest were tried before.
                    Self.cost(
                        network, numbers, groups: groups ?? (most == least ? least : least + 1))
                }
                var (low, high) = (0, ladder.count)
                if let best { high = ladder.firstIndex { cost($0) >= best.cost } ?? high }
                while low < high {
                    let middle = (low + high) / 2
                    guard
                        let groups = Self.groups(
                            network, shape, period, ladder[middle], most: most)
                    else {
                        low = middle + 1
                        continue
                    }
                    let cost = cost(ladder[middle], groups: groups.count)
                    if cost < best?.cost ?? .infinity {
                        best = (cost, ladder[middle], network, groups)
                    }
                    high = middle
                }
            }
        }
        guard let best else { throw PackingError.noCover }
        self.numbers = best.numbers
        self.network = best.network
        groups = best.groups
    }

    /// Those that there is room and a polynomial for; the second only where it is another than the first.
    private static func fitting(
        _ networks: [ForestNetwork], _ shape: SlotShape
    ) throws -> [ForestNetwork] {
        var refusal = PackingError.noCover
        let fitting = networks.enumerated().filter { index, network in
            if network.degree > ForestPolynomial.largestDegree {
                refusal = .tooManyTerms(network.degree, most: ForestPolynomial.largestDegree)
            } else if network.outputCount > shape.slotCount
                || network.cells.count > mostGroups * shape.slotCount
            {
                refusal = .tooManyOutputs(network.cells.count, columns: shape.slotCount)
            } else {
                // Trees that are worth nothing have no slots.
                return !network.cells.isEmpty && (index == 0 || network.hasPairs)
            }
            return false
        }
        guard !fitting.isEmpty else { throw refusal }
        return fitting.map(\.element)
    }

    // MARK: Choices

    /// Choices that take ever more, in several lists: of each the first that fits is taken.
    private static func ladders(_ network: ForestNetwork, _ period: Int) -> [[[Int]]] {
        let first = steps(period).map { [network.leavesPerCell] + $0 }
        let span = max(network.largestTree, network.mostConditions)
        let reaches = Set([1, 2, 4].map { (span / 2).nextPowerOfTwo / $0 })
            .filter { $0 >= 4 && $0 <= period / 4 }.sorted(by: >)
        // One map is looked for where two of a group are dear.
        return reaches.map { reach in
            let babies = (1...reach.trailingZeroBitCount + 1).map { 1 << $0 }
                .min { second(network, reach, $0) < second(network, reach, $1) }!
            return first.map { $0 + [reach, babies] }
        } + [first]
    }

    /// Numbers of babies and giants, each pair reaching about a quarter more than the one before.
    private static func steps(_ period: Int) -> [[Int]] {
        var ladder: [[Int]] = []
        var reached = min(8.0, Double(period))
        // Sums of random steps meet: so many reach all but a fiftieth.
        while reached <= 4 * Double(period) {
            let babies = Int((giantCost * reached).squareRoot().rounded())
            ladder.append([babies, Int((reached / Double(babies)).rounded(.up))])
            reached *= 1.26
        }
        if period <= 64 { ladder.append([period, 1]) }
        return ladder
    }

    /// A giant is a key switch of its own, babies share a decomposition; as of `BabyGrouping`.
    private static let giantCost = 3.5
    /// A product with an encoded plaintext.
    private static let termCost = 0.1
    /// A further map takes bits, so moduli and all that is done with them.
    private static let mapCost = 10.0

    /// A product of ciphertexts.
    private static let productCost = 5.0
    /// What is done with a group's factors at the end.
    private static let endCost = 5.0

    /// In baby steps: babies of one source are shared by all sums of it.
    private static func cost(
        _ network: ForestNetwork, _ numbers: [Int], groups: Int
    ) -> Double {
        let (babies, giants) = (Double(numbers[1]), Double(numbers[2]))
        let isRelayed = numbers.count == 5
        let sums = Double(groups * (isRelayed ? 1 : network.sums.count))
        let products = ForestPolynomial(degree: network.degree, isWeighed: network.hasPairs)
            .products.count
        let first = babies - 1 + sums * outer(babies, giants)
        let end = Double(groups) * (Double(products) * productCost + endCost)
        guard isRelayed else { return first + end }
        return first + end + mapCost + Double(groups) * second(network, numbers[3], numbers[4])
    }

    private static func outer(_ babies: Double, _ giants: Double) -> Double {
        giantCost * (giants - 1) + termCost * babies * giants
    }

    private static func second(_ network: ForestNetwork, _ reach: Int, _ babies: Int) -> Double {
        let giants = Double(2 * reach / babies)
        return Double(babies - 1) + Double(network.sums.count) * outer(Double(babies), giants)
    }

    private static func groups(
        _ network: ForestNetwork, _ shape: SlotShape, _ period: Int, _ numbers: [Int], most: Int
    ) -> [Group]? {
        guard numbers.count >= 3 else { return nil }
        let rotations = RotationSet(babies: numbers[1], giants: numbers[2], period: period)
        switch numbers.count {
        case 3:
            return DirectPlacement(network, shape: shape, rotations: rotations).groups(most: most)
        case 5:
            guard numbers[3] >= 1, numbers[4] >= 1, 2 * numbers[3] <= shape.columns,
                numbers[4] <= 2 * numbers[3]
            else { return nil }
            return RelayedPlacement(
                network, shape: shape, rotations: rotations, reach: numbers[3],
                babies: numbers[4]
            ).groups(most: most)
        default: return nil
        }
    }

    /// The sums of a group's cells, from what places each read's bit is brought to: keys are those of all rotations.
    /// - Parameter reads: of each, the slot of the cell and the rotation that brings the bit.
    static func sums(
        _ reads: [(slot: Int, rotation: Rotation, read: ForestNetwork.Read)],
        of network: ForestNetwork, rotations: [Rotation], slots: Int
    ) -> [Map] {
        let none = [Int64](repeating: 0, count: slots)
        var sums = [Map](repeating: [:], count: network.sums.count)
        for (slot, rotation, read) in reads {
            sums[read.sum.rawValue][rotation, default: none][slot] += read.factor
        }
        sums[0] = padded(sums[0], to: rotations, slots: slots)
        // A sum of no bits at all is one of a weight of zero.
        for index in sums.indices where sums[index].isEmpty { sums[index][rotations[0]] = none }
        return sums
    }
}
