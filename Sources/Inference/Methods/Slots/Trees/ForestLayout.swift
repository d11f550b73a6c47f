// SPDX-License-Identifier: Apache-2.0

import BFV
import IntegerNetworks

/// Where a forest's leaves lie on the slots of one sample, and by which rotations their bits come to them.
///
/// Bits lie in the order of their conditions, repeated, so that what a client lays out tells nothing of the trees. Which
/// slot a leaf has is the server's alone: it is chosen so that few rotations bring all bits where they are needed. Slots
/// are shared out among outputs in equal regions, whatever the trees.
struct ForestLayout {
    /// Numbers that make it: babies and giants of the one map; or of the first, then what the second reaches on either
    /// side and its babies.
    let numbers: [Int]
    /// Of each group, maps one after another: from bits to what leaves count.
    let groups: [Group]
    let period: Int

    struct Group {
        /// The maps, each as weights of slots by its rotations.
        var maps: [Map]
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

    /// - Parameter numbers: as above; none: those that take the least, of what is tried.
    /// - Throws: `PackingError` where it doesn't fit.
    init(_ network: ForestNetwork, shape: SlotShape, numbers: [Int]) throws {
        // Trees that are worth nothing have no slots.
        guard !network.cells.isEmpty else { throw PackingError.noCover }
        let period = max(2, network.conditionCount.nextPowerOfTwo)
        guard period <= shape.columns else {
            throw PackingError.tooManyFeatures(network.conditionCount, slots: shape.columns)
        }
        guard network.outputCount <= shape.slotCount,
            network.cells.count <= Self.mostGroups * shape.slotCount
        else { throw PackingError.tooManyOutputs(network.cells.count, columns: shape.slotCount) }
        self.period = period
        if !numbers.isEmpty {
            guard let groups = Self.groups(network, shape, period, numbers) else {
                throw PackingError.noCover
            }
            self.numbers = numbers
            self.groups = groups
            return
        }
        var best: (cost: Double, numbers: [Int], groups: [Group])?
        for ladder in Self.ladders(network, period) {
            // The first that fits: more rotations fit more.
            var (low, high) = (0, ladder.count)
            if let best { high = ladder.firstIndex { Self.cost($0) >= best.cost } ?? high }
            while low < high {
                let middle = (low + high) / 2
                guard let groups = Self.groups(network, shape, period, ladder[middle]) else {
                    low = middle + 1
                    continue
                }
                let cost = Self.cost(ladder[middle]) * Double(groups.count)
                if cost < best?.cost ?? .infinity { best = (cost, ladder[middle], groups) }
                high = middle
            }
        }
        guard let best else { throw PackingError.noCover }
        self.numbers = best.numbers
        groups = best.groups
    }

    // MARK: Choices

    /// Choices that take ever more, in several lists: of each the first that fits is taken.
    private static func ladders(_ network: ForestNetwork, _ period: Int) -> [[[Int]]] {
        let first = steps(period)
        let reaches = Set([1, 2, 4].map { (network.largestTree / 2).nextPowerOfTwo / $0 })
            .filter { $0 >= 4 && $0 <= period / 4 }.sorted()
        return [first]
            + reaches.map { reach in
                let babies = (1...reach.trailingZeroBitCount + 1).map { 1 << $0 }
                    .min { cost([$0, 2 * reach / $0]) < cost([$1, 2 * reach / $1]) }!
                return first.map { $0 + [reach, babies] }
            }
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

    /// In baby steps.
    private static func cost(_ numbers: [Int]) -> Double {
        let (babies, giants) = (Double(numbers[0]), Double(numbers[1]))
        let first = babies - 1 + giantCost * (giants - 1) + termCost * babies * giants
        guard numbers.count == 4 else { return first + mapCost }
        return first + cost([numbers[3], 2 * numbers[2] / numbers[3]]) + mapCost
    }

    private static func groups(
        _ network: ForestNetwork, _ shape: SlotShape, _ period: Int, _ numbers: [Int]
    ) -> [Group]? {
        switch numbers.count {
        case 2:
            return DirectPlacement(
                network, shape: shape,
                rotations: RotationSet(babies: numbers[0], giants: numbers[1], period: period)
            ).groups()
        case 4:
            guard numbers[2] >= 1, numbers[3] >= 1, 2 * numbers[2] <= shape.columns,
                numbers[3] <= 2 * numbers[2]
            else { return nil }
            return RelayedPlacement(
                network, shape: shape,
                rotations: RotationSet(babies: numbers[0], giants: numbers[1], period: period),
                reach: numbers[2], babies: numbers[3]
            ).groups()
        default: return nil
        }
    }
}
