// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Wide random coefficients, wiped on release: each the sum of eight integers, two of them uniform on 2^bits in a row, six
/// on the multiples of 2^lowBits among as many, centered. docs/FunctionPrivacy.md says why six may be coarse.
package struct FloodCoefficients: Sendable {
    /// The sum of what is drawn of all eight summands, in units of 2^lowBits.
    private let high: SecretCoefficients
    /// Of two summands, what is below 2^lowBits.
    private let low: SecretCoefficients?
    private let lowBits: Int

    private static let summands = 8
    /// Of the summands, those that aren't coarse.
    private static let fine = 2

    /// How a coefficient's ten fields lie in words of the keystream.
    private enum Layout {
        /// Two fields a word; four fields in three words; one a word.
        case halves, triples, words

        /// Of the widest field: eight sums of it stay below 2^62.
        var fieldBits: Int {
            switch self {
            case .halves: 32
            case .triples: 48
            case .words: 59
            }
        }

        /// The tightest in which floods of `bits` hide what eight fine summands do but for a term that is small beside
        /// 2^-80: halves leave 2^-65 a coefficient, which is small beside 2^-bits up to 60.
        init(bits: Int) {
            self = bits <= 60 ? .halves : bits <= 96 ? .triples : .words
        }
    }

    /// The widest floods.
    package static let mostBits = 118

    /// Of `bits`, the upper ones that all eight summands have.
    package static func highBits(of bits: Int) -> Int {
        min(bits, Layout(bits: bits).fieldBits)
    }

    /// Four or five words a coefficient up to 60 bits, eight up to 96, ten beyond. Constant time.
    /// - Precondition: 1 <= bits <= `mostBits`, an even degree.
    package init(bits: Int, degree: Int, from source: inout Keystream) {
        precondition((1...Self.mostBits).contains(bits) && degree % 2 == 0)
        let layout = Layout(bits: bits)
        let highBits = Self.highBits(of: bits)
        lowBits = bits - highBits
        high = SecretCoefficients(count: degree)
        // Means are taken off where sums begin: of the missing fields too, each short of the mean by half of 2^lowBits.
        high.base.update(repeating: -Int64(Self.summands / 2) << Int64(highBits), count: degree)
        Self.add(Self.summands, of: highBits, layout, to: high, from: &source)
        guard lowBits > 0 else {
            low = nil
            return
        }
        let low = SecretCoefficients(count: degree)
        self.low = low
        let missing = Int64((Self.summands - Self.fine) / 2) << Int64(lowBits)
        low.base.update(repeating: missing, count: degree)
        Self.add(
            Self.fine, of: lowBits, layout == .triples ? .words : layout, to: low, from: &source)
    }

    /// Adds `count` fields of `bits` to each coefficient, a run of words at a time.
    private static func add(
        _ count: Int, of bits: Int, _ layout: Layout, to sums: SecretCoefficients,
        from source: inout Keystream
    ) {
        let (fields, words) =
            switch layout {
            case .halves: (2, 1)
            case .triples: (4, 3)
            case .words: (1, 1)
            }
        let run = Keystream.run / words
        for start in stride(from: 0, to: sums.count, by: run) {
            let length = min(run, sums.count - start)
            for _ in 0..<count / fields {
                source.words(words * length).withWords {
                    let x = sums.base + start
                    switch layout {
                    case .halves: bsk_add_half_fields(x, $0, UInt32(bits), length)
                    case .triples: bsk_add_triple_fields(x, $0, UInt32(bits), length)
                    case .words: bsk_add_fields(x, $0, UInt32(bits), length)
                    }
                }
            }
        }
    }

    /// x += factor times the coefficients, modulo one prime, in coefficients.
    /// - Parameter scratch: N words.
    package func add(
        to x: UnsafeMutablePointer<UInt64>, modulo table: NTTTable, times factor: UInt64,
        scratch: UnsafeMutablePointer<UInt64>
    ) {
        func add(_ part: SecretCoefficients, times factor: UInt64) {
            let n = part.count
            bsk_reduce_signed(table.modulus, scratch, part.base, n)
            if factor != 1 { bsk_mul_scalar(table.modulus, scratch, scratch, factor, n) }
            bsk_add(table.modulus, x, x, scratch, n)
        }
        withExtendedLifetime(self) {
            var shifted = factor
            for _ in 0..<lowBits { shifted = (shifted << 1) % table.value }
            add(high, times: shifted)
            if let low { add(low, times: factor) }
        }
    }

    /// For tests: (low, high), high of 2^lowBits; the copy is not wiped.
    package func unprotectedValues() -> [(low: Int64, high: Int64)] {
        let lows = low?.unprotectedValues()
        return high.unprotectedValues().enumerated().map { (lows?[$0] ?? 0, $1) }
    }
}
