// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient
import IntegerNetworks
import Lattice
import Ring
import Synchronization
import Threading

/// Feature circuits on ciphertexts, with a relinearization key only.
///
/// Maps and products are put off until a relinearization, a switch or a store needs them: then all that was put off is
/// done in one pass over the residues, tile by tile (`TileProgram`). Vectors that are wide in between never exist as a
/// whole.
package struct EncryptedFeatures: EncryptedInterpreter {
    package typealias Family = FeatureCircuits

    /// A vector of ciphertexts, of each t_i.
    package final class Value: Sendable {
        enum Content: Sendable {
            case fresh(SeededCiphertexts)
            /// Of each t_i.
            case stored([[Ciphertext]])
            case map(PreparedMap, [Value])
            case product(Value, Value)
        }

        let content: Content
        let count: Int
        let polynomials: Int
        let level: Int
        /// Of one ciphertext of a vector, its place there.
        let place: Int?

        init(
            _ content: Content, count: Int, polynomials: Int, level: Int, place: Int? = nil
        ) {
            self.place = place
            self.content = content
            self.count = count
            self.polynomials = polynomials
            self.level = level
        }
    }

    package struct PreparedMap: Sendable {
        let map: FeatureMap
        /// Of each t_i: a matrix a source, and the bias.
        let channels: [(matrices: TileProgram.Matrices, bias: SharedConstants)]
        /// Instead of a matrix for all of a source, one for each block of its columns: see `EncryptedFeatures.blocks`.
        let blocks: [SmallMatrix]
        let isDithered: Bool
        let units: [MessageUnit]
        let unit: MessageUnit
        let level: Int
    }

    private let evaluator: Evaluator
    /// Shares out what is within one ciphertext.
    private let wholeEvaluator: Evaluator
    private let channels: [ResidueSlots]
    private let pool: WorkerPool
    private let privacy: FunctionPrivacy
    private var context: BFVContext { evaluator.context }

    package init(
        context: BFVContext, keys: EvaluationKeys, privacy: FunctionPrivacy,
        counter: OperationCounter, pool: WorkerPool
    ) {
        self.privacy = privacy
        // The pool shares out tiles and ciphertexts, not what is within one.
        evaluator = Evaluator(
            context: context, keys: keys, counter: counter, pool: WorkerPool(threads: 1))
        wholeEvaluator = Evaluator(context: context, keys: keys, counter: counter, pool: pool)
        self.pool = pool
        channels = ResidueSlots.all(context.parameters)
    }

    /// What a client sent: one vector.
    package func values(of request: SeededCiphertexts) -> [Value] {
        [
            Value(
                .fresh(request), count: request.count / channels.count, polynomials: 2,
                level: context.maximumLevel)
        ]
    }

    package func prepare(
        _ map: FeatureMap, units: [MessageUnit], unit: MessageUnit, level: Int, isLast: Bool
    ) -> PreparedMap {
        let bits = context.parameters.ciphertextModuli.map { $0.bitWidthUsed }.max()!
        func small(_ matrix: SparseIntegerMatrix, _ weights: [Int64]) -> SmallMatrix {
            SmallMatrix(
                columns: matrix.columns, rowStarts: matrix.rowStarts,
                columnIndices: matrix.columnIndices, weights: weights, residueBits: bits)
        }
        let isDithered = isLast && privacy.dithers
        // Small weights are the same modulo every t_i, unless they are to be below it.
        let plain = zip(map.matrices, units).map {
            $1 == unit && !isDithered && !map.hasFreeUnit ? small($0, $0.weights) : nil
        }
        let channels = channels.map { residues in
            let weights = units.enumerated().map { index, source in
                let weights = residues.weights(
                    map.weights(source: index, modulus: residues.modulus), from: source, to: unit)
                return isDithered ? weights.map { $0 % Int64(residues.modulus) } : weights
            }
            let matrices = map.matrices.indices.map {
                plain[$0] ?? small(map.matrices[$0], weights[$0])
            }
            return (
                matrices: TileProgram.Matrices(
                    matrices,
                    dither: isDithered
                        ? map.dither(weights, units: units, unit: unit, modulus: residues.modulus)
                        : []),
                bias: SharedConstants(
                    residues.multiply(map.bias(modulus: residues.modulus), by: unit),
                    context: context,
                    plaintextIndex: residues.plaintextIndex, level: level)
            )
        }
        // What is drawn for a row is drawn for all of it.
        let blocks =
            isDithered || units != [unit] || level < context.maximumLevel || !map.narrowsMany
            ? [] : map.columnBlocks.map { small($0, $0.weights) }
        return PreparedMap(
            map: map, channels: channels, blocks: blocks, isDithered: isDithered, units: units,
            unit: unit, level: level)
    }

    package func apply(_ step: FeatureStep, to values: [Value]) throws -> Value {
        let value = values[0]
        return switch step {
        case .relinearize:
            try each(value, polynomials: 2, level: value.level) { try $0.relinearize($1) }
        case .store:
            Value(
                .stored(try ciphertexts(value)), count: value.count,
                polynomials: value.polynomials, level: value.level, place: value.place)
        }
    }

    /// One ciphertext after another, on all threads.
    package func each(
        of value: Value, _ body: (_ place: Value, _ done: Double) throws -> Value
    ) throws -> Value {
        let stored = try ciphertexts(value)
        var (level, polynomials) = (0, 0)
        var results: [[Ciphertext]] = channels.map { _ in [] }
        for place in 0..<value.count {
            let part = Value(
                .stored(stored.map { [$0[place]] }), count: 1, polynomials: value.polynomials,
                level: value.level, place: place)
            let result = try body(part, Double(place + 1) / Double(value.count))
            for (channel, found) in try ciphertexts(result).enumerated() {
                results[channel] += found
            }
            (level, polynomials) = (result.level, result.polynomials)
        }
        return Value(
            .stored(results), count: value.count, polynomials: polynomials, level: level)
    }

    package func apply(_ transform: PreparedMap, to values: [Value]) -> Value {
        let level = values[0].level
        let isFirst = values[0].place ?? 0 == 0
        let transform = values[0].place.map { self.place($0, of: transform) } ?? transform
        let products = zip(transform.map.matrices, values).reduce(0) { sum, source in
            sum + source.0.entriesCount * source.1.polynomials * level * channels.count
        }
        evaluator.counter.add { $0.smallProducts += products }
        if transform.isDithered, isFirst {
            let terms = transform.map.matrices.count * channels.count
            evaluator.counter.add { $0.ditheredTerms += terms }
        }
        return Value(
            .map(transform, values), count: transform.map.outputCount,
            polynomials: values.map(\.polynomials).max()!, level: level, place: values[0].place)
    }

    /// An elementwise map for one ciphertext.
    private func place(_ place: Int, of transform: PreparedMap) -> PreparedMap {
        prepare(
            transform.map.place(place), units: transform.units, unit: transform.unit,
            level: transform.level, isLast: transform.isDithered)
    }

    package func multiply(_ a: Value, _ b: Value) -> Value {
        let count = a.count * channels.count
        evaluator.counter.add {
            $0.multiplications += count
            $0.tensorProducts += count * a.level
        }
        return Value(
            .product(a, b), count: a.count, polynomials: 3, level: a.level, place: a.place)
    }

    package func switchDown(_ value: Value, toLevel level: Int) throws -> Value {
        try each(value, polynomials: value.polynomials, level: level) {
            try $0.switchDown($1, toLevel: level)
        }
    }

    /// Replies of each t_i in turn.
    package func finish(
        _ value: Value, c0Bits: Int, c1Bits: Int
    ) throws -> CompressedReply {
        let ciphertexts = try ciphertexts(value).flatMap { $0 }
        return CompressedReply(
            ciphertexts: try pool.map(ciphertexts.count) {
                try evaluator.compress(
                    evaluator.rerandomize(
                        ciphertexts[$0], flood: privacy.flood(of: ciphertexts[$0])),
                    c0Bits: c0Bits, c1Bits: c1Bits)
            })
    }

    /// Of each t_i; does what was put off.
    private func ciphertexts(_ value: Value) throws -> [[Ciphertext]] {
        if case .stored(let channels) = value.content { return channels }
        return try channels.indices.map { try evaluate(value, plaintextIndex: $0) }
    }

    /// Applies `operation` to the ciphertexts of each feature, all t_i at once, on all threads.
    private func each(
        _ value: Value, polynomials: Int, level: Int,
        _ operation: (Evaluator, [Ciphertext]) throws -> [Ciphertext]
    ) throws -> Value {
        let results: [[Ciphertext]]
        if case .fresh(let batch) = value.content {
            // One after another: all of them as they came would take several times what comes out.
            results = try pool.map(value.count) {
                try operation(evaluator, expand(batch, feature: $0))
            }
            evaluator.counter.add {
                $0.expansions += value.count * value.level * channels.count
            }
        } else {
            results = try replaced(value, operation)
        }
        return Value(
            .stored(channels.indices.map { channel in results.map { $0[channel] } }),
            count: value.count, polynomials: polynomials, level: level, place: value.place)
    }
}

extension EncryptedFeatures {
    /// What an operation makes of each feature. What was put off exists for it alone, and each ciphertext no longer
    /// than until it was worked on.
    private func replaced(
        _ value: Value, _ operation: (Evaluator, [Ciphertext]) throws -> [Ciphertext]
    ) throws -> [[Ciphertext]] {
        var features = try transposed(ciphertexts(value), count: value.count)
        guard value.count > 1 else { return [try operation(wholeEvaluator, features[0])] }
        return try features.withUnsafeMutableBufferPointer { features in
            // Each place is read and emptied by one body.
            nonisolated(unsafe) let places = features.baseAddress!
            return try pool.map(value.count) { feature in
                let ciphertexts = places[feature]
                places[feature] = []
                return try operation(evaluator, ciphertexts)
            }
        }
    }

    private func transposed(_ channels: [[Ciphertext]], count: Int) -> [[Ciphertext]] {
        (0..<count).map { feature in channels.map { $0[feature] } }
    }

    /// A feature's ciphertext of each t_i.
    private func expand(_ batch: SeededCiphertexts, feature: Int) throws -> [Ciphertext] {
        let count = batch.count / channels.count
        let basis = context.basis(level: context.maximumLevel)
        return try channels.indices.map { channel in
            let polynomials = (0..<2).map { _ in Polynomial<NTTValues>(uninitialized: basis) }
            for limb in 0..<context.maximumLevel {
                let good = batch.expand(
                    channel * count + feature, limb: limb, c0: polynomials[0].sharedLimb(limb),
                    c1: polynomials[1].sharedLimb(limb))
                guard good else { throw Self.wrongResidue }
            }
            return Ciphertext(polynomials: polynomials, plaintextIndex: channel)
        }
    }

    private static let wrongResidue = InferenceError.unexpectedRequest(
        "a residue is not below its modulus")
}

// MARK: What was put off

extension EncryptedFeatures {
    /// - Parameter sources: of what was put off, each once.
    private func node(
        of value: Value, plaintextIndex: Int, sources: inout [Value]
    ) -> TileProgram.Node {
        switch value.content {
        case .map(let transform, let operands) where !isBlocked(transform, operands):
            let channel = transform.channels[plaintextIndex]
            let nodes = operands.map {
                node(of: $0, plaintextIndex: plaintextIndex, sources: &sources)
            }
            return .map(channel.matrices, channel.bias, nodes)
        case .product(let a, let b):
            return .product(
                node(of: a, plaintextIndex: plaintextIndex, sources: &sources),
                node(of: b, plaintextIndex: plaintextIndex, sources: &sources))
        case .fresh, .stored, .map:
            let index = sources.firstIndex { $0 === value } ?? sources.count
            if index == sources.count { sources.append(value) }
            return .source(index, count: value.count, polynomials: value.polynomials)
        }
    }

    private func evaluate(_ value: Value, plaintextIndex: Int) throws -> [Ciphertext] {
        var sources: [Value] = []
        let program = TileProgram(
            node(of: value, plaintextIndex: plaintextIndex, sources: &sources), context: context,
            plaintextIndex: plaintextIndex)
        let basis = context.basis(level: value.level)
        let results = (0..<value.count).map { _ in
            (0..<value.polynomials).map { _ in Polynomial<NTTValues>(uninitialized: basis) }
        }
        let limbs = sources.map { self.limbs(of: $0, plaintextIndex: plaintextIndex) }
        try withExtendedLifetime((results, limbs)) {
            for limb in 0..<value.level {
                program.run(
                    limb: limb, sources: try limbs.map { try $0(limb) },
                    result: (0..<value.polynomials).flatMap { polynomial in
                        results.map { $0[polynomial].sharedLimb(limb) }
                    }, pool: pool)
            }
        }
        return results.map { Ciphertext(polynomials: $0, plaintextIndex: plaintextIndex) }
    }
}

// MARK: Sources

extension EncryptedFeatures {
    /// Of some features of a source, where their residues modulo one prime lie.
    private typealias Limbs = (_ limb: Int, _ features: Range<Int>) throws -> TileProgram.Limbs

    /// Where each limb of a source lies: what is fresh is expanded one limb at a time, over the one before.
    private func limbs(
        of source: Value, plaintextIndex: Int
    ) -> (_ limb: Int) throws -> TileProgram.Limbs {
        switch source.content {
        case .map(let transform, let operands):
            return blocks(transform, of: operands[0], plaintextIndex: plaintextIndex)
        case .fresh, .stored, .product:
            let all = limbs(of: source, width: source.count, plaintextIndex: plaintextIndex)
            return { try all($0, 0..<source.count) }
        }
    }

    /// A map of many features to few, block by block of its columns, so that what is fresh stays in the cache until it was
    /// added up.
    private func blocks(
        _ transform: PreparedMap, of source: Value, plaintextIndex: Int
    ) -> (_ limb: Int) throws -> TileProgram.Limbs {
        let (rows, polynomials) = (transform.map.outputCount, source.polynomials)
        let zero = SharedConstants(
            [UInt64](repeating: 0, count: rows), context: context, plaintextIndex: plaintextIndex,
            level: transform.level)
        let programs = transform.blocks.enumerated().map { block, matrix in
            TileProgram(
                .map(
                    TileProgram.Matrices([matrix]),
                    block == 0 ? transform.channels[plaintextIndex].bias : zero,
                    [.source(0, count: matrix.columns, polynomials: polynomials)]),
                context: context, plaintextIndex: plaintextIndex)
        }
        let features = limbs(
            of: source, width: FeatureMap.blockWidth, plaintextIndex: plaintextIndex)
        let stride = LimbBuffer.stride(degree: context.degree)
        let memory = LimbBuffer(count: rows * polynomials * stride)
        return { limb in
            let result = (0..<rows * polynomials).map { memory.base + $0 * stride }
            for (block, program) in programs.enumerated() {
                let first = block * FeatureMap.blockWidth
                program.run(
                    limb: limb,
                    sources: [
                        try features(limb, first..<min(first + FeatureMap.blockWidth, source.count))
                    ], result: result, isAdded: block > 0, pool: pool)
            }
            return result
        }
    }

    /// What was put off is wide for a tile only, and what is stored lies there anyway.
    private func isBlocked(_ transform: PreparedMap, _ operands: [Value]) -> Bool {
        guard !transform.blocks.isEmpty, case .fresh = operands[0].content else { return false }
        return true
    }

    /// - Parameter width: of the most features that are asked for at once.
    private func limbs(of source: Value, width: Int, plaintextIndex: Int) -> Limbs {
        switch source.content {
        case .stored(let channels):
            return { limb, features in
                (0..<source.polynomials).flatMap { polynomial in
                    channels[plaintextIndex][features].map {
                        $0.polynomials[polynomial].sharedLimb(limb)
                    }
                }
            }
        case .fresh(let batch):
            let stride = LimbBuffer.stride(degree: context.degree)
            let memory = LimbBuffer(count: 2 * width * stride)
            return { limb, features in
                let (base, count) = (memory.base, features.count)
                let first = plaintextIndex * source.count + features.lowerBound
                let isValid = Atomic(true)
                pool.run(count) { feature in
                    let good = batch.expand(
                        first + feature, limb: limb, c0: base + feature * stride,
                        c1: base + (count + feature) * stride)
                    if !good { isValid.store(false, ordering: .relaxed) }
                }
                evaluator.counter.add { $0.expansions += count }
                guard isValid.load(ordering: .relaxed) else {
                    throw Self.wrongResidue
                }
                return (0..<2 * count).map { base + $0 * stride }
            }
        case .map, .product: preconditionFailure("not a source")
        }
    }
}
