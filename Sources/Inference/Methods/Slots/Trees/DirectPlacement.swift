// SPDX-License-Identifier: Apache-2.0

import BFV
import IntegerNetworks

/// Leaves laid out so that one map brings them their bits: each on a slot whose rotations reach all that it asks for,
/// found as a maximum matching.
struct DirectPlacement {
    private let network: ForestNetwork
    private let shape: SlotShape
    private let rotations: RotationSet

    init(_ network: ForestNetwork, shape: SlotShape, rotations: RotationSet) {
        self.network = network
        self.shape = shape
        self.rotations = rotations
    }

    /// - Parameter most: groups that there may be.
    /// - Returns: nil where some leaf fits nowhere.
    func groups(most: Int) -> [ForestLayout.Group]? {
        guard mayFit else { return nil }
        var places = [[Int?]]()
        for output in 0..<network.outputCount {
            var waiting = network.cells.indices.filter { network.cells[$0].output == output }
            let region = ForestLayout.region(output, of: network.outputCount, shape)
            var group = 0
            while !waiting.isEmpty {
                guard group < most else { return nil }
                if group == places.count {
                    places.append([Int?](repeating: nil, count: shape.slotCount))
                }
                // A quarter of the slots at least, or all that there are.
                let some = Array(waiting.prefix(region.count))
                let placed = match(some, to: region)
                guard placed.count == some.count || 4 * placed.count >= region.count else {
                    return nil
                }
                for (cell, slot) in placed { places[group][slot] = cell }
                let done = Set(placed.map(\.cell))
                waiting.removeAll { done.contains($0) }
                group += 1
            }
        }
        return places.map { cells in
            let reads = cells.enumerated().flatMap { slot, cell in
                (cell.map { network.cells[$0].reads } ?? []).map { read in
                    let distance = (read.condition - slot % shape.columns) & (rotations.period - 1)
                    return (
                        slot: slot, rotation: ForestLayout.Rotation(rotations.steps[distance]!),
                        read: read
                    )
                }
            }
            return ForestLayout.Group(
                relays: nil,
                sums: ForestLayout.sums(
                    reads, of: network, rotations: rotations.rotations, slots: shape.slotCount),
                cells: cells)
        }
    }

    /// Whether the cell of most bits may expect a slot, rotations being random.
    private var mayFit: Bool {
        let bits = network.cells.reduce(0) { max($0, $1.reads.count) }
        let share = Double(rotations.distances.count) / Double(rotations.period)
        var expected = Double(shape.slotCount / network.outputCount)
        for _ in 0..<bits { expected *= share }
        return expected >= 1
    }

    /// As many cells as there can be on slots of a region.
    private func match(_ cells: [Int], to region: Range<Int>) -> [(cell: Int, slot: Int)] {
        let period = rotations.period
        // Slots of one column modulo the period serve alike.
        var free = [[Int]](repeating: [], count: period)
        for slot in region.reversed() { free[slot % shape.columns & (period - 1)].append(slot) }
        var reaches = [Bool](repeating: false, count: period)
        for distance in rotations.distances { reaches[distance] = true }
        let columns = cells.map { cell -> [Int32] in
            let bits = network.cells[cell].reads.map(\.condition)
            // By the first bit, the others checked.
            return rotations.distances.compactMap { distance in
                let column = (bits[0] - distance) & (period - 1)
                guard !free[column].isEmpty,
                    bits.dropFirst().allSatisfy({ reaches[($0 - column) & (period - 1)] })
                else { return nil }
                return Int32(column)
            }
        }
        let capacities = free.map(\.count)
        var matching = ColumnMatching(capacities: capacities, count: cells.count)
        // The choosiest first.
        for index in cells.indices.sorted(by: { columns[$0].count < columns[$1].count }) {
            matching.place(index, columns)
        }
        return cells.indices.compactMap { index in
            matching.column[index].map { (cells[index], free[$0].popLast()!) }
        }
    }
}

/// Things matched to columns of some capacity each, one after another; who is there already may move.
private struct ColumnMatching {
    private let capacities: [Int]
    private var residents: [[Int]]
    private(set) var column: [Int?]
    private var seen: [Int]
    private var round = 0

    init(capacities: [Int], count: Int) {
        self.capacities = capacities
        residents = [[Int]](repeating: [], count: capacities.count)
        seen = [Int](repeating: 0, count: capacities.count)
        column = [Int?](repeating: nil, count: count)
    }

    mutating func place(_ thing: Int, _ choices: [[Int32]]) {
        round += 1
        // Breadth first: the shortest way that ends at a column with room.
        var queue = [thing]
        var cameFrom: [Int: (thing: Int, column: Int)] = [:]
        var next = 0
        while next < queue.count {
            let current = queue[next]
            next += 1
            for choice in choices[current] {
                let place = Int(choice)
                guard seen[place] != round else { continue }
                seen[place] = round
                if residents[place].count < capacities[place] {
                    var (mover, target) = (current, place)
                    while true {
                        if let old = column[mover] { residents[old].removeAll { $0 == mover } }
                        let freed = column[mover]
                        column[mover] = target
                        residents[target].append(mover)
                        guard mover != thing, let from = cameFrom[mover], freed != nil else {
                            return
                        }
                        (mover, target) = (from.thing, from.column)
                    }
                }
                for resident in residents[place] where cameFrom[resident] == nil {
                    cameFrom[resident] = (current, place)
                    queue.append(resident)
                }
            }
        }
    }
}
