// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Limb-wise arithmetic. Both operands must have the same basis. Constant time.
extension Polynomial {
    package static func += (a: inout Polynomial, b: Polynomial) {
        a.combine(b) { bsk_add($0, $1, $2, $3, $4) }
    }

    package static func -= (a: inout Polynomial, b: Polynomial) {
        a.combine(b) { bsk_sub($0, $1, $2, $3, $4) }
    }

    package mutating func negate() {
        for i in 0..<limbCount {
            let x = mutableLimb(i)
            bsk_neg(basis.tables[i].modulus, x, x, degree)
        }
    }

    /// Multiplies limb i by `scalars[i]`, in [0, q_i).
    package mutating func multiply(byScalars scalars: [UInt64]) {
        precondition(scalars.count == limbCount)
        for i in 0..<limbCount {
            let x = mutableLimb(i)
            bsk_mul_scalar(basis.tables[i].modulus, x, x, scalars[i], degree)
        }
    }

    fileprivate mutating func combine(
        _ other: Polynomial,
        _ kernel: (
            UnsafePointer<bsk_modulus>, UnsafeMutablePointer<UInt64>, UnsafePointer<UInt64>,
            UnsafePointer<UInt64>, Int
        ) -> Void
    ) {
        precondition(limbCount == other.limbCount && degree == other.degree)
        withExtendedLifetime(other) {
            for i in 0..<limbCount {
                let x = mutableLimb(i)
                kernel(basis.tables[i].modulus, x, x, other.limb(i), degree)
            }
        }
    }
}

extension Polynomial where Form == NTTValues {
    package static func *= (a: inout Polynomial, b: Polynomial) {
        a.combine(b) { bsk_mul($0, $1, $2, $3, $4) }
    }

    /// self += a * b.
    package mutating func addProduct(_ a: Polynomial, _ b: Polynomial) {
        precondition(limbCount == a.limbCount && limbCount == b.limbCount)
        withExtendedLifetime((a, b)) {
            for i in 0..<limbCount {
                bsk_mul_add(
                    basis.tables[i].modulus, mutableLimb(i), a.limb(i), b.limb(i), degree)
            }
        }
    }

    /// The image under the automorphism of `permutation`.
    package func permuted(by permutation: GaloisPermutation) -> Polynomial {
        var out = Polynomial(uninitialized: basis, isSecret: storage.isSecret)
        withExtendedLifetime(self) {
            for i in 0..<limbCount {
                bsk_automorphism(out.mutableLimb(i), limb(i), permutation.indices, degree)
            }
        }
        return out
    }
}
