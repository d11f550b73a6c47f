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
        var maps: [[Rotation: [Int64]]]
        /// Of each slot, the cell that it does.
        var cells: [Int?]
    }

    struct Rotation: Hashable {
        let baby: Int
        let giant: Int
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
        for ladder in [Self.direct(period), Self.relayed(network, period)] {
            for numbers in ladder {
                guard let groups = Self.groups(network, shape, period, numbers) else { continue }
                let cost = Self.cost(groups)
                if cost < best?.cost ?? .infinity { best = (cost, numbers, groups) }
                break
            }
        }
        guard let best else { throw PackingError.noCover }
        self.numbers = best.numbers
        groups = best.groups
    }

    // MARK: Choices

    /// Numbers of babies and giants, each set about a quarter larger than the one before.
    private static func direct(_ period: Int) -> [[Int]] {
        var ladder: [[Int]] = []
        var product = 8.0
        while product <= Double(period) {
            // A giant takes as long as some two babies and its sums.
            let babies = Int((1.6 * product.squareRoot()).rounded())
            ladder.append([babies, Int((product / Double(babies)).rounded(.up))])
            product *= 1.26
        }
        ladder.append([Int(Double(period).squareRoot().rounded(.up)) * 2, period])
        return ladder
    }

    private static func relayed(_ network: ForestNetwork, _ period: Int) -> [[Int]] {
        var largest = 0
        var count = 0
        for (index, cell) in network.cells.enumerated() {
            let isSame = index > 0 && network.cells[index - 1].tree == cell.tree
                && network.cells[index - 1].output == cell.output
            count = isSame ? count + 1 : 1
            largest = max(largest, count)
        }
        let reach = min(max(4, (largest / 2).nextPowerOfTwo), period / 4)
        guard reach >= 4 else { return [] }
        let babies = max(2, 2 * Int((2 * Double(reach)).squareRoot().rounded()).nextPowerOfTwo / 2)
        return direct(period).map { $0 + [reach, babies] }
    }

    /// In baby steps: giants are key switches of their own, terms products.
    private static func cost(_ groups: [Group]) -> Double {
        groups.reduce(0) { sum, group in
            group.maps.reduce(sum) { sum, map in
                let babies = Set(map.keys.map(\.baby)).subtracting([0]).count
                let giants = Set(map.keys.map(\.giant)).subtracting([0]).count
                // A further map is a further multiplication, so moduli and all that is done with them.
                return sum + Double(babies) + 3.5 * Double(giants) + 0.15 * Double(map.count) + 10
            }
        }
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
