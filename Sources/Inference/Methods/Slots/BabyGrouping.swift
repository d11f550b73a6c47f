// SPDX-License-Identifier: Apache-2.0

/// How diagonal indices split into a giant and a baby step: index = giant * count + baby, with babies in
/// -offset ..< count - offset.
struct BabyGrouping: Sendable, Hashable {
    let count: Int
    let offset: Int
    /// Where positive, indices are taken modulo it: rotating the sources so far leaves every feature in place, so an
    /// index near the end is a small negative one.
    let modulus: Int

    private func moved(_ index: Int) -> Int {
        let signed = modulus > 0 && index + offset >= modulus ? index - modulus : index
        return signed + offset
    }

    func baby(of index: Int) -> Int { moved(index) % count - offset }
    func giant(of index: Int) -> Int { moved(index) / count }

    /// A giant is a key switch of its own, babies of a source share a decomposition.
    private static let giantCost = 3.5

    /// What the rotations of these diagonals take, a baby being 1.
    private func cost(_ diagonals: [Diagonal]) -> Double {
        // Both numbers are below 2^32.
        let babies = Set(
            diagonals.lazy.filter { baby(of: $0.index) != 0 }
                .map { $0.source << 32 | (baby(of: $0.index) + count) })
        let giants = Set(
            diagonals.lazy.filter { giant(of: $0.index) != 0 }
                .map { $0.output << 32 | giant(of: $0.index) })
        return Double(babies.count) + Self.giantCost * Double(giants.count)
    }

    /// Rotations that these diagonals take keys for.
    func rotations(_ diagonals: [Diagonal]) -> Set<Int> {
        Set(diagonals.flatMap { [baby(of: $0.index), giant(of: $0.index) * count] })
            .subtracting([0])
    }

    /// The cheapest grouping: with `count` babies where given, else with a power of two of them.
    init(_ layer: PackedLayer, count: Int?) {
        let (diagonals, modulus) = (layer.diagonals, layer.modulus)
        let largest = (diagonals.map(\.index).max() ?? 0) + 1
        let counts =
            count.map { [$0] }
            ?? sequence(first: 1) { $0 * 2 }.prefix { $0 < 2 * largest }
            .map { $0 }
        var best: (grouping: BabyGrouping, cost: Double)?
        for count in counts {
            for offset in [0, count / 2] {
                let grouping = BabyGrouping(count: count, offset: offset, modulus: modulus)
                var cost = grouping.cost(diagonals)
                if layer.keyCost > 0 {
                    cost += layer.keyCost * Double(grouping.rotations(diagonals).count)
                }
                if cost < best?.cost ?? .infinity { best = (grouping, cost) }
            }
        }
        self = best!.grouping
    }

    private init(count: Int, offset: Int, modulus: Int) {
        self.count = count
        self.offset = offset
        self.modulus = modulus
    }
}
