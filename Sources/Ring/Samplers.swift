// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Random ring elements. Secret samplers run in constant time.
package enum Samplers {
    /// Variance of the error distribution: centered binomial of 21 coin pairs, values in [-21, 21].
    package static let errorVariance = 10.5
    /// Variance of a uniform ternary coefficient.
    package static let ternaryVariance = 2.0 / 3.0

    /// Uniform modulo each limb's modulus, expanded from a public seed: limb i comes from stream
    /// `stream + i`, read as fields of the modulus's bits. Rejection sampling, so variable time; the output is public.
    package static func uniform<Form>(
        basis: RNSBasis, seed: Seed, stream: UInt64
    ) -> Polynomial<Form> {
        var out = Polynomial<Form>(uninitialized: basis)
        for i in 0..<basis.count {
            uniform(out.mutableLimb(i), limb: i, basis: basis, seed: seed, stream: stream)
        }
        return out
    }

    /// Limb `limb` of that polynomial alone, N words.
    package static func uniform(
        _ out: UnsafeMutablePointer<UInt64>, limb: Int, basis: RNSBasis, seed: Seed, stream: UInt64
    ) {
        var source = Keystream(seed: seed, stream: stream &+ UInt64(limb))
        fill(out, modulus: basis.tables[limb], from: &source)
    }

    /// N fresh uniform residues from the operating system's generator by way of a keystream.
    package static func uniformWords(modulus: NTTTable) -> [UInt64] {
        var source = Keystream()
        return [UInt64](unsafeUninitializedCapacity: modulus.degree) { buffer, count in
            fill(buffer.baseAddress!, modulus: modulus, from: &source)
            count = modulus.degree
        }
    }

    private static func fill(
        _ limb: UnsafeMutablePointer<UInt64>, modulus table: NTTTable, from source: inout Keystream
    ) {
        // 128 fields are a whole number of blocks, so that none straddles two draws.
        let run = Keystream.run * 64 / table.bits / 128 * 128
        let density = Double(1 << table.bits) / Double(table.value)
        var done = 0
        while done < table.degree {
            // A little more than the expected number of draws.
            let want = Int(Double(table.degree - done) * density * 1.02) + 64
            let count = min((want + 127) / 128 * 128, run)
            var used = 0
            done += source.words(count * table.bits / 64).withWords {
                bsk_uniform(
                    table.modulus, limb + done, table.degree - done,
                    UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self), count,
                    &used)
            }
        }
    }

    /// Uniform in {-1, 0, 1}. Constant time.
    package static func ternary(degree: Int, from source: inout Keystream) -> SecretCoefficients {
        let out = SecretCoefficients(count: degree)
        source.forEachRun(of: degree) { bsk_ternary(out.base + $1, $0, $2) }
        return out
    }

    /// Centered binomial with variance 10.5. Constant time.
    package static func error(degree: Int, from source: inout Keystream) -> SecretCoefficients {
        let out = SecretCoefficients(count: degree)
        source.forEachRun(of: degree) { bsk_centered_binomial(out.base + $1, $0, $2) }
        return out
    }

    /// Errors from `source`, lifted to `basis` and transformed.
    package static func errorNTT(
        basis: RNSBasis, from source: inout Keystream
    ) -> Polynomial<NTTValues> {
        error(degree: basis.degree, from: &source).polynomial(basis: basis).forwardNTT()
    }
}

/// Small signed secret coefficients, wiped on release.
package struct SecretCoefficients: Sendable {
    private let buffer: LimbBuffer
    package let count: Int

    package init(count: Int) {
        buffer = LimbBuffer(count: count, isSecret: true)
        self.count = count
    }

    package var base: UnsafeMutablePointer<Int64> {
        UnsafeMutableRawPointer(buffer.base).assumingMemoryBound(to: Int64.self)
    }

    /// The same element in every limb of `basis`; wiped on release too.
    package func polynomial(basis: RNSBasis) -> Polynomial<Coefficients> {
        var out = Polynomial<Coefficients>(uninitialized: basis, isSecret: true)
        withExtendedLifetime(self) {
            for i in 0..<basis.count {
                bsk_reduce_signed(basis.tables[i].modulus, out.mutableLimb(i), base, count)
            }
        }
        return out
    }

    /// A copy as an array, for serialization and tests; the copy is not wiped.
    package func unprotectedValues() -> [Int64] {
        withExtendedLifetime(self) { Array(UnsafeBufferPointer(start: base, count: count)) }
    }
}
