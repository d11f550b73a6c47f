// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring
import Threading

/// Sums and products of ciphertext vectors that need no transform and no key, done tile by tile: a few residues of
/// every ciphertext at a time, from the sources to the result, so that nothing in between leaves the cache.
///
/// All of it is pointwise in the NTT domain, one limb and one position apart from the next. Products are those of
/// `Evaluator.multiplyWithoutRelinearizing`.
package struct TileProgram: Sendable {
    package indirect enum Node: Sendable {
        /// Of `count` ciphertexts with 2 or 3 polynomials.
        case source(Int, count: Int, polynomials: Int)
        case map(Matrices, SharedConstants, [Node])
        case product(Node, Node)

        /// Whether all vectors are of one ciphertext, and no weight is drawn anew.
        fileprivate var isOfSingles: Bool {
            switch self {
            case .source(_, let count, _): count == 1
            case .map(let matrices, _, let nodes):
                matrices.dither.isEmpty && matrices.list.allSatisfy { $0.scalar != nil }
                    && nodes.allSatisfy(\.isOfSingles)
            case .product(let a, let b): a.isOfSingles && b.isOfSingles
            }
        }
    }

    /// A matrix for each source; with weights that are drawn anew, what is to be drawn for each.
    package struct Matrices: Sendable {
        let list: [SmallMatrix]
        let dither: [ScalarDither]

        package init(_ list: [SmallMatrix], dither: [ScalarDither] = []) {
            precondition(dither.isEmpty || dither.count == list.count)
            // Else a weight that is drawn anew has another mean than zero.
            precondition(zip(list, dither).allSatisfy { $0.largestMagnitude < $1.t })
            self.list = list
            self.dither = dither
        }
    }

    /// Where a source's or the result's residues modulo one prime lie: N of polynomial p of ciphertext f at p * count +
    /// f.
    package typealias Limbs = [UnsafeMutablePointer<UInt64>]

    enum Step {
        case source(Int)
        case map([SmallMatrix], [ScalarDither.Draw], SharedConstants, [Int])
        /// The same of single ciphertexts.
        case sum([Int64], SharedConstants, [Int])
        case product(Int, Int)
    }

    struct Value {
        let step: Step
        let count: Int
        let polynomials: Int
        /// In words, in a task's memory.
        let offset: Int
        /// Words from one tile of a run to the next: of sources and of the result there are all tiles of a run.
        let stride: Int
        /// Whether a factor pi of a product is still missing: maps that read products multiply by it afterwards, since
        /// they have fewer outputs.
        let lacksGenerator: Bool
    }

    let plaintext: PlaintextContext
    var values: [Value] = []
    /// Values that are sources, which are copied once whatever reads them.
    private var sources: [Int: Int] = [:]
    var words = 0
    var scratchWords = 0

    package var count: Int { values[values.count - 1].count }
    package var polynomials: Int { values[values.count - 1].polynomials }

    package init(_ node: Node, context: BFVContext, plaintextIndex: Int) {
        plaintext = context.plaintexts[plaintextIndex]
        isOfSingles = node.isOfSingles
        width =
            isOfSingles
            ? min(Self.wide, context.degree / plaintext.ideal.index) : Self.narrow
        tilesOfRun = isOfSingles ? 1 : min(Self.mostTilesOfRun, context.degree / width)
        _ = append(node, feedsMap: false, isResult: true)
        while words > Self.mostWords, tilesOfRun > 1 {
            tilesOfRun /= 2
            (values, sources, words) = ([], [:], 0)
            _ = append(node, feedsMap: false, isResult: true)
        }
    }

    /// - Parameters:
    ///   - feedsMap: whether a map alone reads it.
    ///   - isResult: whether it is stored.
    private mutating func append(
        _ node: Node, feedsMap: Bool, isResult: Bool = false
    ) -> Int {
        switch node {
        case .source(let index, let count, let polynomials):
            if let known = sources[index] { return known }
            let value = append(
                .source(index), count: count, polynomials: polynomials, isOfRun: true)
            sources[index] = value
            return value
        case .product(let a, let b):
            let x = append(a, feedsMap: false)
            let y = Self.isSame(a, b) ? x : append(b, feedsMap: false)
            precondition(values[x].polynomials == 2 && values[y].polynomials == 2)
            return append(
                .product(x, y), count: values[x].count, polynomials: 3, lacks: feedsMap,
                isOfRun: isResult)
        case .map(let all, let constants, let nodes):
            let matrices = all.list
            // Either all sources lack the factor or none does.
            let defers = nodes.allSatisfy { if case .product = $0 { true } else { false } }
            let sources = nodes.map { append($0, feedsMap: defers) }
            let polynomials = sources.map { values[$0].polynomials }.max()!
            if isOfSingles {
                // The constant.
                scratchWords = width
                return append(
                    .sum(matrices.map { $0.scalar! }, constants, sources), count: 1,
                    polynomials: polynomials, isOfRun: isResult)
            }
            let count = matrices[0].rows
            // One more result, and what a matrix needs.
            let needed = matrices.map(\.scratchWords).max()!
            scratchWords = max(scratchWords, count * width + needed)
            return append(
                .map(matrices, all.dither.map { $0.draw() }, constants, sources), count: count,
                polynomials: polynomials, isOfRun: isResult)
        }
    }

    /// Of operands, both sources: whether it is a square.
    private static func isSame(_ a: Node, _ b: Node) -> Bool {
        switch (a, b) {
        case (.source(let x, _, _), .source(let y, _, _)): x == y
        case (.map(_, let x, _), .map(_, let y, _)): x === y
        default: false
        }
    }

    private mutating func append(
        _ step: Step, count: Int, polynomials: Int, lacks: Bool = false, isOfRun: Bool
    ) -> Int {
        let size = count * polynomials * width
        values.append(
            Value(
                step: step, count: count, polynomials: polynomials, offset: words,
                stride: isOfRun ? size : 0, lacksGenerator: lacks))
        // Sources of single ciphertexts are read where they lie.
        if case .source = step, isOfSingles { return values.count - 1 }
        words += isOfRun ? size * tilesOfRun : size
        return values.count - 1
    }

    /// Positions that are worked on together; all lie in one of the runs of N/k positions where pi is constant.
    let width: Int
    private let isOfSingles: Bool
    /// What matrices take.
    package static let narrow = Int(BSK_TILE)
    /// Of programs of single ciphertexts, which have sums of multiples alone: few of these steps, and what they work on
    /// stays in the second cache.
    private static let wide = 1024

    /// Tiles that one task works on: of each ciphertext as much is read and written at once, since it is on a page of
    /// its own.
    private static let mostTilesOfRun = 8
    private var tilesOfRun: Int
    /// Of a task's memory, unless one tile takes more: 16 MiB.
    private static let mostWords = 1 << 21

    /// Evaluates limb `limb` at all positions.
    /// - Parameter isAdded: whether what is there stays, and the result is added to it.
    package func run(
        limb: Int, sources: [Limbs], result: Limbs, isAdded: Bool = false, pool: WorkerPool
    ) {
        if isOfSingles {
            return runSingles(
                limb: limb, sources: sources, result: result, isAdded: isAdded, pool: pool)
        }
        let run = tilesOfRun * width
        pool.run(plaintext.table.degree / run) { task in
            let memory = LimbBuffer(count: words + scratchWords)
            withExtendedLifetime(memory) {
                load(position: task * run, sources: sources, memory: memory.base)
                for tile in 0..<tilesOfRun {
                    evaluate(
                        limb: limb, position: task * run + tile * width, tile: tile,
                        memory: memory.base)
                }
                store(
                    limb: limb, position: task * run, memory: memory.base, into: result,
                    isAdded: isAdded)
            }
        }
    }

    /// Where a value lies of a tile of the run.
    private func place(
        _ value: Int, tile: Int, memory: UnsafeMutablePointer<UInt64>
    ) -> UnsafeMutablePointer<UInt64> {
        memory + values[value].offset + tile * values[value].stride
    }

    private func load(
        position: Int, sources: [Limbs], memory: UnsafeMutablePointer<UInt64>
    ) {
        for (number, value) in values.enumerated() {
            guard case .source(let index) = value.step else { continue }
            for (i, limb) in sources[index].enumerated() {
                for tile in 0..<tilesOfRun {
                    (place(number, tile: tile, memory: memory) + i * width).update(
                        from: limb + position + tile * width, count: width)
                }
            }
        }
    }

    private func evaluate(
        limb: Int, position: Int, tile: Int, memory: UnsafeMutablePointer<UInt64>
    ) {
        let m = plaintext.generator.basis.tables[limb].modulus
        // Constant over N/k positions.
        let pi = plaintext.generator.limb(limb)[position]
        for (number, value) in values.enumerated() {
            let out = place(number, tile: tile, memory: memory)
            let size = value.count * width
            switch value.step {
            case .source: break
            case .sum: preconditionFailure("a sum of single ciphertexts among vectors")
            case .product(let a, let b):
                let x = place(a, tile: tile, memory: memory)
                let y = place(b, tile: tile, memory: memory)
                bsk_tensor(m, out, out + size, out + 2 * size, x, x + size, y, y + size, size)
                if !value.lacksGenerator { bsk_mul_scalar(m, out, out, pi, 3 * size) }
            case .map(let matrices, let draws, let constants, let operands):
                let lacks = values[operands[0]].lacksGenerator
                let places = operands.map { place($0, tile: tile, memory: memory) }
                for polynomial in 0..<value.polynomials {
                    apply(
                        matrices, draws, to: operands, at: places, polynomial: polynomial, m,
                        initial: polynomial == 0
                            ? constants.values(limb: limb, position: position, scaled: lacks)
                            : nil,
                        out: out + polynomial * size, scratch: memory + words)
                }
                if lacks { bsk_mul_scalar(m, out, out, pi, value.polynomials * size) }
            }
        }
    }

    private func apply(
        _ matrices: [SmallMatrix], _ draws: [ScalarDither.Draw], to operands: [Int],
        at places: [UnsafeMutablePointer<UInt64>], polynomial: Int,
        _ m: UnsafePointer<bsk_modulus>, initial: UnsafePointer<UInt64>?,
        out: UnsafeMutablePointer<UInt64>, scratch: UnsafeMutablePointer<UInt64>
    ) {
        let size = matrices[0].rows * width
        var isFirst = true
        for (index, (matrix, operand)) in zip(matrices, operands).enumerated()
        where polynomial < values[operand].polynomials {
            let source = values[operand]
            let x = places[index] + polynomial * source.count * width
            let target = isFirst ? out : scratch
            matrix.apply(
                m, to: x, into: target, initial: isFirst ? initial : nil, scratch: scratch + size)
            if !draws.isEmpty {
                draws[index].add(
                    m, x, to: target, times: plaintext.modulus, scratch: scratch + size)
            }
            if !isFirst { bsk_add(m, out, out, target, size) }
            isFirst = false
        }
    }

    private func store(
        limb: Int, position: Int, memory: UnsafeMutablePointer<UInt64>, into result: Limbs,
        isAdded: Bool
    ) {
        let m = plaintext.generator.basis.tables[limb].modulus
        for (i, limb) in result.enumerated() {
            for tile in 0..<tilesOfRun {
                let out = limb + position + tile * width
                let made = place(values.count - 1, tile: tile, memory: memory) + i * width
                if isAdded {
                    bsk_add(m, out, out, made, width)
                } else {
                    out.update(from: made, count: width)
                }
            }
        }
    }
}
