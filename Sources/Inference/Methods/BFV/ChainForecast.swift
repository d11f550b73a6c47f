// SPDX-License-Identifier: Apache-2.0

import BFV

extension ChainShape {
    /// Where moduli are dropped at the switch points of a pattern, each time until the noise is what rounding adds; nil
    /// where the noise outgrows all moduli.
    ///
    /// - Parameters:
    ///   - plaintext: the one of most noise.
    ///   - largestModulus: the largest t.
    ///   - choosesUnits: whether moduli will be such that products bring no unit.
    ///   - pattern: bit p for switch point p.
    ///   - largestDrop: bits that may be dropped at one; noise that is left goes on.
    init?<Family: CircuitFamily>(
        _ circuit: Circuit<Family>, plaintext: PlaintextModulus, largestModulus: UInt64,
        choosesUnits: Bool, norms: TransformNorms, pattern: UInt128, largestDrop: Double,
        privacy: FunctionPrivacy
    ) throws {
        let points = circuit.switchPointCount
        let ledger = PatternLedger(
            degree: circuit.degree, plaintext: plaintext, largestPlaintext: largestModulus,
            points: points, pattern: pattern, largestDrop: largestDrop, privacy: privacy)
        let interpreter = Family.Noise(circuit: circuit, ledger: ledger, norms: norms)
        let program = try Program(
            circuit, levels: (0..<points).map { points - $0 - 1 }, maximumLevel: points,
            isOne: { _ in choosesUnits }, on: interpreter)
        let bits = ledger.finalBits(try program.run((), on: interpreter))
        guard bits < 1000 else { return nil }
        let smallest = ModulusChain.smallestBits(degree: circuit.degree)
        drops = ledger.bits.map { bits in
            bits < Double(smallest) / 2 ? 0 : max(smallest, Int(bits.rounded(.up)))
        }
        final = max(smallest, Int(bits.rounded(.up)))
        finalCount = (final + ModulusChain.largestBits - 1) / ModulusChain.largestBits
    }
}
