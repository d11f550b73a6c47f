// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Ring
import Threading

extension PaillierEvaluator {
    /// For each vector the ciphertexts of matrix * plaintexts + biases mod n, re-randomized.
    ///
    /// It does as well with weights and features in each other's place: one row of features, applied to encrypted rows
    /// of weights.
    public func multiply(
        _ matrix: PaillierMatrix, _ vectors: [EncryptedVector]
    ) throws(PaillierError) -> [EncryptedVector] {
        try multiply(matrix, vectors, masked: true)
    }

    /// The same for packed samples, not all slots of which are used: the idle ones of the results are uniform.
    /// - Parameter usedSlots: how many slots of each vector hold samples, the first ones; the others hold zeros.
    package func multiply(
        _ matrix: PaillierMatrix, _ vectors: [EncryptedVector], usedSlots: [Int]
    ) throws(PaillierError) -> [EncryptedVector] {
        try multiply(matrix, vectors, masked: true, usedSlots: usedSlots)
    }

    /// The same without fresh masks: whoever made the ciphertexts can compute the weights from the result. For results
    /// that are computed on further, then `rerandomize`d, and for measuring.
    public func multiplyRevealingWeights(
        _ matrix: PaillierMatrix, _ vectors: [EncryptedVector]
    ) throws(PaillierError) -> [EncryptedVector] {
        try multiply(matrix, vectors, masked: false)
    }

    private func multiply(
        _ matrix: PaillierMatrix, _ vectors: [EncryptedVector], masked: Bool,
        usedSlots: [Int]? = nil
    ) throws(PaillierError) -> [EncryptedVector] {
        guard matrix.publicKey == publicKey else { throw .otherKey }
        for vector in vectors { try check(vector, count: matrix.columnCount) }
        if vectors.isEmpty { return [] }
        let ring = publicKey.ring
        let inputs = vectors.map { $0.normalized(pool: pool) }
        let count = vectors.count * matrix.rowCount

        // Powers by sign, then one inversion for all.
        let sides = SignedProducts(matrix: matrix, inputs: inputs, ring: ring)
        sides.compute(pool: pool)
        if !sides.hasNegative.isEmpty {
            ring.invert(sides.hasNegative.map { sides.negative[$0] }, pool: pool)
        }
        var list = ProductList()
        let hasNegative = Set(sides.hasNegative)
        let hasPositive = Set(sides.hasPositive)
        let out = Numbers(ring: ring, count: count)
        let masks = masked ? masks.take(count, pool: pool) : nil
        // Until all is multiplied the masks are secret.
        let joining = masked ? self.masks.source.ring : ring
        for i in 0..<count {
            let correction = matrix.corrections[i % matrix.rowCount]
            if let masks {
                list.append(out[i], correction, masks[i])
            } else {
                out[i].update(from: correction, count: ring.stride)
            }
        }
        joining.multiply(list, pool: pool)
        for (has, numbers) in [(hasPositive, sides.positive), (hasNegative, sides.negative)] {
            list.removeAll()
            for i in 0..<count where has.contains(i) { list.append(out[i], out[i], numbers[i]) }
            joining.multiply(list, pool: pool)
        }
        if let usedSlots { fillIdleSlots(out, matrix, usedSlots) }
        withExtendedLifetime((masks, sides, matrix)) {}
        return (0..<vectors.count).map { v in
            let numbers = Numbers(ring: ring, count: matrix.rowCount)
            numbers[0].update(
                from: out[v * matrix.rowCount], count: matrix.rowCount * ring.stride)
            return EncryptedVector(publicKey: publicKey, numbers: numbers)
        }
    }
}

extension PaillierEvaluator {
    /// Idle slots hold the bias, the output of zeros: takes it away and puts uniform numbers in its place. They lie above
    /// the used ones, which no carry from them reaches.
    private func fillIdleSlots(_ out: Numbers, _ matrix: PaillierMatrix, _ usedSlots: [Int]) {
        guard let packing = matrix.packing else { preconditionFailure("no packed samples") }
        precondition(
            usedSlots.count * matrix.rowCount == out.count
                && usedSlots.allSatisfy((0...packing.count).contains), "slots that aren't there")
        let ring = masks.source.ring
        let partial = usedSlots.indices.filter { usedSlots[$0] < packing.count }
        if partial.isEmpty { return }
        let factors = Numbers(ring: ring, count: partial.count * matrix.rowCount)
        var list = ProductList()
        for vector in partial {
            for row in 0..<matrix.rowCount {
                let addend =
                    packing.uniform(after: usedSlots[vector])
                    - packing.replicate(matrix.bias(row), after: usedSlots[vector])
                let (factor, target) = (factors[list.count], out[vector * matrix.rowCount + row])
                ring.set(factor, to: (1 + addend * ring.modulus) * ring.radix)
                list.append(target, target, factor)
            }
        }
        withExtendedLifetime(factors) { ring.multiply(list, pool: pool) }
    }
}

/// The products of the positive and of the negative powers of each row, for several vectors: row r of vector v is
/// number v * rows + r.
final class SignedProducts: @unchecked Sendable {
    let positive: Numbers
    let negative: Numbers
    let hasPositive: [Int]
    let hasNegative: [Int]
    private let matrix: PaillierMatrix
    private let inputs: [EncryptedVector]
    private let ring: NadicRing

    init(matrix: PaillierMatrix, inputs: [EncryptedVector], ring: NadicRing) {
        self.matrix = matrix
        self.inputs = inputs
        self.ring = ring
        let count = inputs.count * matrix.rowCount
        positive = Numbers(ring: ring, count: count)
        negative = Numbers(ring: ring, count: count)
        func present(_ slots: (PaillierMatrix.Chunk) -> [Int32]) -> [Int] {
            var rows: [Int] = []
            for chunk in matrix.chunks {
                for (row, slot) in zip(chunk.rows, slots(chunk)) where slot >= 0 {
                    rows.append(row)
                }
            }
            return inputs.indices.flatMap { v in rows.map { v * matrix.rowCount + $0 } }
        }
        hasPositive = present { $0.positive }
        hasNegative = present { $0.negative }
    }

    func compute(pool: WorkerPool) {
        // Eight vectors together fill all lanes; fewer than some are better taken one by one.
        var tasks: [(chunk: PaillierMatrix.Chunk, vectors: Range<Int>)] = []
        for chunk in matrix.chunks {
            var start = 0
            while start < inputs.count {
                let left = inputs.count - start
                let together = chunk.schedule.products.count
                let single = min(left, 8) * chunk.schedule.steps.count
                let size = ring.usesLanes && left > 1 && together <= single ? min(left, 8) : 1
                tasks.append((chunk, start..<start + size))
                start += size
            }
        }
        pool.run(tasks.count) { run(tasks[$0].chunk, tasks[$0].vectors) }
    }

    private func run(_ chunk: PaillierMatrix.Chunk, _ vectors: Range<Int>) {
        let schedule = chunk.schedule
        let temporaries = schedule.slots - schedule.inputs
        let memory = Numbers(ring: ring, count: temporaries * vectors.count)
        func number(_ slot: Int32, _ vector: Int) -> UnsafeMutablePointer<UInt64> {
            Int(slot) < schedule.inputs
                ? inputs[vectors.lowerBound + vector].numbers[Int(slot)]
                : memory[(Int(slot) - schedule.inputs) * vectors.count + vector]
        }
        var list = ProductList()
        if vectors.count > 1 {
            for product in schedule.products {
                list.removeAll()
                for v in 0..<vectors.count {
                    list.append(number(product.out, v), number(product.a, v), number(product.b, v))
                }
                ring.multiply(list)
            }
        } else {
            var start = 0
            for end in schedule.steps {
                list.removeAll()
                // Squares are cheaper only among themselves.
                for product in schedule.products[start..<end] {
                    list.append(number(product.out, 0), number(product.a, 0), number(product.b, 0))
                }
                ring.multiply(list)
                start = end
            }
        }
        for (r, row) in chunk.rows.enumerated() {
            for v in 0..<vectors.count {
                let index = (vectors.lowerBound + v) * matrix.rowCount + row
                for (slots, target) in [(chunk.positive, positive), (chunk.negative, negative)]
                where slots[r] >= 0 {
                    target[index].update(from: number(slots[r], v), count: ring.stride)
                }
            }
        }
        withExtendedLifetime(memory) {}
    }
}
