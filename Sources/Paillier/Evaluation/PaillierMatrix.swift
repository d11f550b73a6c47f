// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// Rows of integers, with a bias each, prepared for products with vectors of ciphertexts under one key.
///
/// The order of products is settled here, once: of several ways (`MultiExponentiation`) the one with the fewest steps.
/// Whoever knows the rows' sizes in time can learn of the rows: see docs/Paillier.md.
public struct PaillierMatrix: Sendable {
    package let publicKey: PaillierPublicKey
    package let rowCount: Int
    package let columnCount: Int
    let chunks: [Chunk]
    /// (1 + bias n) R^W for each row, W the sum of its weights: takes the row's powers of R out too.
    let corrections: Numbers
    /// Where samples are packed, how.
    let packing: PackingLayout?
    /// Of one sample; none at all where there are none.
    private let biases: [BigInt]

    /// Rows that share a schedule.
    struct Chunk: Sendable {
        let rows: Range<Int>
        let schedule: Schedule
        /// For each row where its two products are, -1 for none.
        let positive: [Int32]
        let negative: [Int32]
        let squarings: Int
    }

    /// - Parameters:
    ///   - rows: at least one, all of one length, at least 1.
    ///   - biases: one for each row, or none at all. Any integers; sums wrap mod n.
    ///   - batch: how many vectors there are likely to be at a time.
    public init(
        rows: [[BigInt]], biases: [BigInt] = [], publicKey: PaillierPublicKey, batch: Int = 1
    ) {
        self.init(rows: rows, biases: biases, publicKey: publicKey, batch: batch, method: nil)
    }

    /// As above, for machine integers.
    public init(
        rows: [[Int64]], biases: [Int64] = [], publicKey: PaillierPublicKey, batch: Int = 1
    ) {
        self.init(
            rows: rows.map { $0.map { BigInt($0) } }, biases: biases.map { BigInt($0) },
            publicKey: publicKey, batch: batch)
    }

    /// For packed samples: biases go into every slot.
    /// - Parameter inputMagnitude: the largest |value| in a slot of the inputs.
    /// - Throws: `slotOverflow` where a sum could leave its slot.
    package init(
        rows: [[BigInt]], biases: [BigInt] = [], packing: PackingLayout, inputMagnitude: BigInt,
        publicKey: PaillierPublicKey, batch: Int = 1
    ) throws(PaillierError) {
        try packing.check(
            outputBound: Self.bound(rows: rows, biases: biases, inputMagnitude: inputMagnitude))
        var replicated: [BigInt] = []
        for bias in biases { replicated.append(try packing.replicate(bias)) }
        self.init(
            rows: rows, biases: replicated, publicKey: publicKey, batch: batch, method: nil,
            packing: packing, sampleBiases: biases)
    }

    package init(
        rows: [[BigInt]], biases: [BigInt], publicKey: PaillierPublicKey, batch: Int,
        method: MultiExponentiation?, packing: PackingLayout? = nil, sampleBiases: [BigInt]? = nil
    ) {
        precondition(!rows.isEmpty && !rows[0].isEmpty, "no weights")
        precondition(rows.allSatisfy { $0.count == rows[0].count }, "rows of different lengths")
        precondition(biases.isEmpty || biases.count == rows.count, "one bias for each row, or none")
        self.publicKey = publicKey
        self.packing = packing
        self.biases = sampleBiases ?? biases
        rowCount = rows.count
        columnCount = rows[0].count
        chunks = Self.chunks(rows, batch: batch, method: method)
        let ring = publicKey.ring
        corrections = Numbers(ring: ring, count: rows.count)
        for (i, row) in rows.enumerated() {
            let bias = biases.isEmpty ? BigInt() : biases[i]
            let weight = row.reduce(BigInt(), +)
            ring.set(corrections[i], to: (1 + bias * ring.modulus) * ring.radixPower(weight))
        }
    }

    /// Of one sample.
    func bias(_ row: Int) -> BigInt { biases.isEmpty ? 0 : biases[row] }

    /// Products and squarings that one vector costs, those of masks, biases and inversions not counted.
    package var productCount: Int { chunks.reduce(0) { $0 + $1.schedule.products.count } }
    /// Of these, squarings.
    package var squaringCount: Int { chunks.reduce(0) { $0 + $1.squarings } }

    /// Products and squarings of such rows under any key, as `productCount` and `squaringCount`.
    package static func counts(
        rows: [[BigInt]], batch: Int = 1
    ) -> (products: Int, squarings: Int) {
        let chunks = Self.chunks(rows, batch: batch, method: nil)
        return (
            chunks.reduce(0) { $0 + $1.schedule.products.count },
            chunks.reduce(0) { $0 + $1.squarings }
        )
    }

    /// The largest |output| for inputs of at most `magnitude` each.
    package static func bound(
        rows: [[BigInt]], biases: [BigInt] = [], inputMagnitude magnitude: BigInt
    ) -> BigInt {
        rows.enumerated().map { i, row in
            row.reduce(BigInt()) { $0 + $1.magnitude } * magnitude
                + (biases.isEmpty ? 0 : biases[i].magnitude)
        }.max() ?? 0
    }

    private static func chunks(
        _ rows: [[BigInt]], batch: Int, method: MultiExponentiation?
    ) -> [Chunk] {
        let bits = rows.lazy.flatMap { $0 }.map { $0.bitLength }.max() ?? 0
        let method = method ?? best(rows, bits, batch)
        // Tables of odd powers are shared by the rows of a chunk.
        var size = 16
        if case .straus(let width) = method, width > 2 { size = 64 }
        return stride(from: 0, to: rows.count, by: size).map {
            chunk(rows, $0..<min($0 + size, rows.count), method)
        }
    }

    private static func chunk(
        _ rows: [[BigInt]], _ range: Range<Int>, _ method: MultiExponentiation
    ) -> Chunk {
        var graph = ProductGraph(inputs: rows[0].count)
        var powers = OddPowers()
        let pairs = rows[range].map { method.append(row: $0, to: &graph, powers: &powers) }
        var outputs: [Int] = []
        func place(_ value: Int?) -> Int? {
            guard let value else { return nil }
            outputs.append(value)
            return outputs.count - 1
        }
        let places = pairs.map { (place($0.positive), place($0.negative)) }
        let schedule = Schedule(graph, outputs: outputs)
        func slot(_ place: Int?) -> Int32 { place.map { schedule.outputs[$0] } ?? -1 }
        return Chunk(
            rows: range, schedule: schedule, positive: places.map { slot($0.0) },
            negative: places.map { slot($0.1) }, squarings: graph.squarings)
    }

    /// The way with the least work on some of the rows, in products, a squaring being 3/4 of one.
    private static func best(_ rows: [[BigInt]], _ bits: Int, _ batch: Int) -> MultiExponentiation {
        let some = Array(rows.prefix(4))
        let scale = Double(rows.count) / Double(some.count)
        let costs = MultiExponentiation.candidates(bits: bits).map { method in
            let one = work(chunk(some, 0..<some.count, method), batch)
            // What tables of powers cost doesn't grow with the rows.
            guard case .straus(let width) = method, width > 2, scale > 1 else {
                return (method, scale * one)
            }
            let two = work(chunk(some + some, 0..<2 * some.count, method), batch)
            return (method, one + (scale - 1) * (two - one))
        }
        return costs.min { $0.1 < $1.1 }!.0
    }

    private static func work(_ chunk: Chunk, _ batch: Int) -> Double {
        let products = Double(chunk.schedule.products.count) - Double(chunk.squarings) / 4
        // With fewer than eight vectors, lanes are filled from one vector.
        return batch >= 8 ? products : max(products, 8 * 0.8 * Double(chunk.schedule.steps.count))
    }
}
