// SPDX-License-Identifier: Apache-2.0

import BFV
import IntegerNetworks

/// Leaves laid out in the order of their trees, and a map before theirs that brings bits near the trees: a tree's
/// conditions each get a slot, or a few, within reach of all leaves that ask for them. Far fewer rotations than one map
/// takes, since the second reaches the neighbourhood alone.
struct RelayedPlacement {
    private let network: ForestNetwork
    private let shape: SlotShape
    private let rotations: RotationSet
    /// Leaves read from `reach` slots before them up to `reach` - 1 behind.
    private let reach: Int
    private let babies: Int

    init(
        _ network: ForestNetwork, shape: SlotShape, rotations: RotationSet, reach: Int, babies: Int
    ) {
        self.network = network
        self.shape = shape
        self.rotations = rotations
        self.reach = reach
        self.babies = babies
    }

    /// - Parameter most: groups that there may be.
    /// - Returns: nil where some leaf fits nowhere.
    func groups(most: Int) -> [ForestLayout.Group]? {
        var builders: [GroupBuilder] = []
        for output in 0..<network.outputCount {
            let region = ForestLayout.region(output, of: network.outputCount, shape)
            var group = 0
            var next = region.lowerBound
            for tree in trees(of: output) {
                var isPlaced = false
                while !isPlaced {
                    guard group < most else { return nil }
                    if group == builders.count {
                        builders.append(
                            GroupBuilder(
                                network, shape: shape, rotations: rotations, reach: reach))
                    }
                    next = builders[group].start(of: tree, from: next)
                    let end = min((next / shape.columns + 1) * shape.columns, region.upperBound)
                    // A gap of a few slots may do what none does, if not often.
                    let gaps = builders[group].refusals < Self.mostRefusals ? Self.mostGaps : 0
                    let last = min(next + gaps, end - tree.count)
                    while next <= last, !isPlaced {
                        if builders[group].place(tree, at: next) {
                            isPlaced = true
                            next += tree.count
                        } else {
                            next += 1
                        }
                    }
                    guard !isPlaced else { continue }
                    guard end == region.upperBound else {
                        next = end
                        continue
                    }
                    // Nowhere in a group that it is the first of.
                    guard !builders[group].isEmpty(region) else { return nil }
                    group += 1
                    next = region.lowerBound
                }
            }
        }
        return builders.map { $0.group(babies: babies) }
    }

    private static let mostGaps = 12
    /// Of a group, how often a tree may fit nowhere before none is looked at twice.
    private static let mostRefusals = 48

    /// Cells of each tree that is worth something for an output.
    private func trees(of output: Int) -> [[Int]] {
        var trees: [[Int]] = []
        var last: Int?
        for (index, cell) in network.cells.enumerated() where cell.output == output {
            if cell.tree == last {
                trees[trees.count - 1].append(index)
            } else {
                trees.append([index])
            }
            last = cell.tree
        }
        return trees
    }
}

/// The trees of one ciphertext.
private struct GroupBuilder {
    /// A condition's bit on a slot of the middle value, and the slots that may be it.
    private struct Relay {
        let condition: Int
        let row: Int
        /// Slots, going round the ends of the row: what all that read it reach.
        var window: Range<Int>
        var slot = -1
    }

    private let network: ForestNetwork
    private let shape: SlotShape
    private let rotations: RotationSet
    private let reach: Int
    private var relays: [Relay] = []
    /// Of each slot of the middle value, the relay that it holds.
    private var holders: [Int?]
    /// Of each condition, its relays.
    private var ofCondition: [Int: [Int]] = [:]
    private var cells: [Int?]
    /// Of each placed cell's bits, the relay.
    private var reads: [(slot: Int, relay: Int, read: ForestNetwork.Read)] = []
    private var seen: [Int]
    private var round = 0
    /// Of each slot that a search has seen, the relay that would have it.
    private var wanted: [Int]
    /// How often a tree didn't fit.
    private(set) var refusals = 0

    init(_ network: ForestNetwork, shape: SlotShape, rotations: RotationSet, reach: Int) {
        self.network = network
        self.shape = shape
        self.rotations = rotations
        self.reach = reach
        holders = [Int?](repeating: nil, count: shape.slotCount)
        cells = [Int?](repeating: nil, count: shape.slotCount)
        seen = [Int](repeating: 0, count: shape.slotCount)
        wanted = seen
    }

    func isEmpty(_ region: Range<Int>) -> Bool { cells[region].allSatisfy { $0 == nil } }

    /// Where a tree may begin at the earliest: relays of all before it in its row and most of its own need slots that are
    /// within reach; a tree lies in one row.
    func start(of tree: [Int], from next: Int) -> Int {
        let asked = Set(tree.flatMap { network.cells[$0].reads.map(\.condition) }).count
        var next = next
        while next < shape.slotCount {
            let row = next / shape.columns
            let taken = relays.count { $0.row == row }
            let start = max(
                next, row * shape.columns + taken + asked * 7 / 8 - tree.count - reach)
            let end = (row + 1) * shape.columns
            if start + tree.count <= end { return start }
            next = end
        }
        return shape.slotCount - 1
    }

    /// Lays the cells of a tree on slots from `start` on; changes nothing where they don't fit.
    mutating func place(_ tree: [Int], at start: Int) -> Bool {
        // Leaves of one tree lie in one row.
        guard start / shape.columns == (start + tree.count - 1) / shape.columns else {
            return false
        }
        let before = self
        // Slots that ask for each condition, ascending.
        var users: [Int: [(slot: Int, read: ForestNetwork.Read)]] = [:]
        var order: [Int] = []
        for (offset, cell) in tree.enumerated() {
            cells[start + offset] = cell
            for read in network.cells[cell].reads {
                if users[read.condition] == nil { order.append(read.condition) }
                users[read.condition, default: []].append((start + offset, read))
            }
        }
        // Those of most leaves have least room.
        for condition in order.sorted(by: { users[$0]!.count > users[$1]!.count }) {
            guard relay(condition, to: users[condition]![...]) else {
                let refusals = refusals + 1
                self = before
                self.refusals = refusals
                return false
            }
        }
        return true
    }

    /// Finds a slot of the middle value for a condition that these leaves ask for, or one each for halves of them.
    private mutating func relay(
        _ condition: Int, to users: ArraySlice<(slot: Int, read: ForestNetwork.Read)>
    ) -> Bool {
        let (low, high) = (users.last!.slot - reach, users.first!.slot + reach)
        let row = users.first!.slot / shape.columns
        if low < high,
            let relay = shared(condition, low..<high, row) ?? made(condition, low..<high, row)
        {
            reads += users.map { ($0.slot, relay, $0.read) }
            return true
        }
        guard users.count > 1 else { return false }
        let middle = (users.startIndex + users.endIndex) / 2
        return relay(condition, to: users[..<middle]) && relay(condition, to: users[middle...])
    }

    /// A relay of the condition that is in the window already.
    private mutating func shared(
        _ condition: Int, _ window: Range<Int>, _ row: Int
    ) -> Int? {
        for relay in ofCondition[condition] ?? [] where relays[relay].row == row {
            let both = relays[relay].window.clamped(to: window)
            guard both.contains(where: { slot($0, row) == relays[relay].slot }) else { continue }
            relays[relay].window = both
            return relay
        }
        return nil
    }

    private mutating func made(_ condition: Int, _ window: Range<Int>, _ row: Int) -> Int? {
        relays.append(Relay(condition: condition, row: row, window: window))
        round += 1
        guard settle(relays.count - 1) else {
            relays.removeLast()
            return nil
        }
        ofCondition[condition, default: []].append(relays.count - 1)
        return relays.count - 1
    }

    /// Relays that one search may look at.
    private static let mostMoves = 4096

    /// Finds a slot for a relay, others moved if need be: breadth first, the shortest way to a free one.
    private mutating func settle(_ relay: Int) -> Bool {
        var queue = [relay]
        var next = 0
        while next < queue.count, next < Self.mostMoves {
            let current = queue[next]
            next += 1
            let row = relays[current].row
            for place in relays[current].window {
                let choice = slot(place, row)
                let distance = relays[current].condition - choice % shape.columns
                guard seen[choice] != round,
                    rotations.steps[distance & (rotations.period - 1)] != nil
                else { continue }
                seen[choice] = round
                wanted[choice] = current
                if let holder = holders[choice] {
                    queue.append(holder)
                    continue
                }
                var free = choice
                while free >= 0 {
                    let mover = wanted[free]
                    let left = relays[mover].slot
                    holders[free] = mover
                    relays[mover].slot = free
                    free = left
                }
                return true
            }
        }
        return false
    }

    /// A place of a window, which goes round the ends of its row.
    private func slot(_ place: Int, _ row: Int) -> Int {
        let first = row * shape.columns
        return first + (place - first) & (shape.columns - 1)
    }

    func group(babies: Int) -> ForestLayout.Group {
        let columns = shape.columns
        func weights() -> [Int64] { [Int64](repeating: 0, count: shape.slotCount) }
        var first: ForestLayout.Map = [:]
        for (slot, holder) in holders.enumerated() {
            guard let holder else { continue }
            let distance =
                (relays[holder].condition - slot % columns) & (rotations.period - 1)
            let steps = rotations.steps[distance]!
            first[
                ForestLayout.Rotation(steps), default: weights()][
                    slot] = 1
        }
        /// Of a place in the window, from its start on.
        func rotation(_ place: Int) -> ForestLayout.Rotation {
            let baby = place % babies
            return .init(baby: baby, giant: (place - baby - reach) & (columns - 1))
        }
        let slots = shape.slotCount
        let brought = reads.map { slot, relay, read in
            var distance = (relays[relay].slot - slot) & (columns - 1)
            if distance >= columns / 2 { distance -= columns }
            return (slot: slot, rotation: rotation(distance + reach), read: read)
        }
        return ForestLayout.Group(
            relays: ForestLayout.padded(first, to: rotations.rotations, slots: slots),
            sums: ForestLayout.sums(
                brought, of: network, rotations: (0..<2 * reach).map(rotation), slots: slots),
            cells: cells)
    }
}
