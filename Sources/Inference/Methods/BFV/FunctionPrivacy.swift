// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What replies hide of the server's weights from who decrypts them: of two networks with the same outputs, replies are
/// 2^-bits apart, up to one advantage against RLWE. docs/FunctionPrivacy.md
package struct FunctionPrivacy: Sendable, Hashable {
    /// lambda; 0: nothing is promised.
    package let bits: Int
    /// Of each t_i; none as long as they are to be chosen.
    package let floods: [Flood]

    /// Whether floods are of fractions, and constants behind the last map are rounded anew for each reply. Both take some
    /// time, and spare one linear layer a larger ring where bits are many.
    package let isFine: Bool

    package static let none = FunctionPrivacy(bits: 0)

    package init(bits: Int, floods: [Flood] = [], isFine: Bool = false) {
        self.bits = bits
        self.floods = floods
        self.isFine = isFine
    }

    /// The same, to be planned in the other form.
    var fine: FunctionPrivacy { FunctionPrivacy(bits: bits, isFine: true) }

    /// Whether weights of the last map are drawn anew for each reply.
    package var dithers: Bool { bits > 0 }

    /// What is added to a ciphertext of a reply.
    func flood(of ciphertext: Ciphertext) -> Flood? {
        floods.isEmpty ? nil : floods[ciphertext.plaintextIndex]
    }

    /// The smallest flood that hides what noise tells, or the one that was chosen, where it does.
    ///
    /// - Parameters:
    ///   - exposure: nil: all of the noise may tell something.
    ///   - special: P.
    ///   - share: the bound is divided by it: how many ciphertexts there are.
    ///   - index: of the flood that was chosen.
    /// - Returns: nil where none is large enough.
    /// - Throws: `PlanError` where the one that was chosen isn't.
    func flood(
        _ noise: NoiseBound, _ exposure: NoiseExposure?, model: NoiseModel, special: BigInt,
        share: Double, claimed index: Int = 0
    ) throws -> Flood? {
        let all = (exposure ?? model.exposure(ofAll: noise))
            .adding(model.exposureOfZero(special: special, hasFractions: isFine))
        let bound = exp2(-Double(bits)) / share
        // Fractions are over P, which is one prime then.
        guard let divisor = isFine ? UInt64(exactly: special) : 1 else { return nil }
        if floods.isEmpty {
            return Flood.smallest(hiding: all, degree: model.degree, within: bound, over: divisor)
        }
        guard floods.indices.contains(index), floods[index].divisor == divisor,
            floods[index].distance(all, degree: model.degree) <= bound
        else { throw PlanError.invalid("its replies don't hide \(bits) bits") }
        return floods[index]
    }
}
