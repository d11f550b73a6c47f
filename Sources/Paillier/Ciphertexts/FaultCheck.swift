// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Ring
import Threading

/// A batch of ciphertexts c_i and one more, (1 + u n) prod c_i^(s_i) for random s_i and u. Its plaintext is u + sum s_i
/// m_i mod n, which a decryption of m_i + d in place of one m_i misses for sure, since s_i d isn't 0 mod p where d
/// isn't. Several mistakes, whatever they are, cancel with probability 2^-31 at most; one that scales all plaintexts
/// shows by u.
package struct FaultCheck {
    /// The batch and the one more.
    let extended: EncryptedVector
    private let factors: [UInt64]
    private let offset: UInt64

    /// For tests: the ciphertext whose plaintext mod p comes out wrong.
    @TaskLocal package static var injected: Int?

    /// - Parameter vector: its ciphertexts themselves are held.
    init(_ vector: EncryptedVector, pool: WorkerPool) {
        let key = vector.publicKey
        let ring = key.ring
        let count = vector.count
        var source = Keystream()
        // In 2^31 ..< 2^32: never 0.
        let drawn = source.words(count + 1).withWords { words in
            (0...count).map { words[$0] & 0xFFFF_FFFF | 0x8000_0000 }
        }
        factors = Array(drawn[..<count])
        offset = drawn[count]

        // In Montgomery form, so that powers of R stay out of it.
        let square = ring.constant(ring.radix * ring.radix)
        let inputs = Numbers(ring: ring, count: count)
        var list = ProductList()
        for i in 0..<count { list.append(inputs[i], vector.numbers[i], square[0]) }
        ring.multiply(list, pool: pool)

        var graph = ProductGraph(inputs: count)
        let product = MultiExponentiation.binary(factors, &graph)
        let schedule = Schedule(graph, outputs: [product])
        let memory = Numbers(ring: ring, count: max(1, schedule.slots - count))
        func number(_ slot: Int32) -> UnsafeMutablePointer<UInt64> {
            Int(slot) < count ? inputs[Int(slot)] : memory[Int(slot) - count]
        }
        var start = 0
        for end in schedule.steps {
            list.removeAll()
            for p in schedule.products[start..<end] {
                list.append(number(p.out), number(p.a), number(p.b))
            }
            ring.multiply(list)
            start = end
        }
        let all = Numbers(ring: ring, count: count + 1)
        all[0].update(from: vector.numbers[0], count: count * ring.stride)
        let generator = ring.constant(1 + BigInt(offset) * ring.modulus)
        ring.multiply(all[count], number(schedule.outputs[0]), generator[0])
        withExtendedLifetime((vector, square, inputs, memory)) {}
        extended = EncryptedVector(publicKey: key, numbers: all)
    }

    /// Whether the plaintexts of `extended` fit each other.
    func holds(_ plaintexts: [BigInt]) -> Bool {
        var sum = BigInt(offset)
        for (m, s) in zip(plaintexts, factors) { sum.addProduct(m, s) }
        return (sum - plaintexts[factors.count]).modulo(extended.publicKey.modulus).isZero
    }
}

extension MultiExponentiation {
    /// The product of powers by unsigned factors that aren't all 0, by the bits of the factors.
    static func binary(_ factors: [UInt64], _ graph: inout ProductGraph) -> Int {
        let products = (0..<factors.map(\.bitWidthUsed).max()!).map { bit in
            graph.product(factors.indices.filter { factors[$0] >> UInt64(bit) & 1 == 1 })
        }
        return join(products, shift: 1, &graph)!
    }
}
