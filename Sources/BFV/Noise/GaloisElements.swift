// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Galois elements of a linear map: odd, below 2N, distinct, in no order. A search asks for the same compositions again
/// and again: each is found once.
final class GaloisElements: Sendable {
    private struct Composition {
        let degree: Int
        let result: GaloisElements?
    }

    private struct State {
        /// By the numbers of those that follow.
        var compositions: [Int: Composition] = [:]
        /// By degree.
        var conjugates: [Int: Bool] = [:]
    }

    let list: [Int]
    /// No other's, ever: object identifiers are used again, and what weak references point to is counted slowly.
    private let number = numbers.add(1, ordering: .relaxed).newValue
    private let state = Mutex(State())

    private static let numbers = Atomic(0)

    /// Of a map slot by slot.
    private var isIdentity: Bool { list == [1] }

    init(_ list: [Int]) { self.list = list }

    /// First these, then `next`; nil where two ways lead to the same automorphism.
    func then(_ next: GaloisElements, degree: Int) -> GaloisElements? {
        if next.isIdentity { return self }
        guard list.count * next.list.count <= degree else { return nil }
        let known = state.withLock { $0.compositions[next.number] }
        if let known, known.degree == degree { return known.result }
        let result = products(next, degree: degree).map(GaloisElements.init)
        state.withLock {
            $0.compositions[next.number] = Composition(degree: degree, result: result)
        }
        return result
    }

    private func products(_ next: GaloisElements, degree: Int) -> [Int]? {
        let mask = 2 * degree - 1
        // Odd elements below 2N, by their halves.
        var seen = [Bool](repeating: false, count: degree)
        var products: [Int] = []
        products.reserveCapacity(list.count * next.list.count)
        for a in list {
            for b in next.list {
                let product = a &* b & mask
                if seen[product >> 1] { return nil }
                seen[product >> 1] = true
                products.append(product)
            }
        }
        return products
    }

    /// Whether some zeta_k and zeta_l are conjugates: k = -l modulo 2N.
    func hasConjugates(degree: Int) -> Bool {
        if let known = state.withLock({ $0.conjugates[degree] }) { return known }
        var seen = [Bool](repeating: false, count: degree)
        for element in list { seen[element >> 1] = true }
        let result = list.contains { seen[(2 * degree - $0) >> 1] }
        state.withLock { $0.conjugates[degree] = result }
        return result
    }
}
