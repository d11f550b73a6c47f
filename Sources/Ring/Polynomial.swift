// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Says what the words of a polynomial are; mixing forms is a compile error.
package protocol PolynomialForm: Sendable {}

/// Coefficients of 1, X, X^2, ...
package enum Coefficients: PolynomialForm {}

/// Values at the odd powers of the root, in the order of `NTTTable`.
package enum NTTValues: PolynomialForm {}

/// An element of Z_Q[X]/(X^N+1) in residue form: `basis.count` limbs of N words, contiguous and
/// 64-byte aligned, each word in [0, q_i). A value type with copy on write.
package struct Polynomial<Form: PolynomialForm>: Sendable {
    package let basis: RNSBasis
    package private(set) var storage: LimbBuffer

    /// Memory that is not initialized; every limb must be written before it is read.
    package init(uninitialized basis: RNSBasis, isSecret: Bool = false) {
        self.basis = basis
        storage = LimbBuffer(count: basis.count * basis.degree, isSecret: isSecret)
    }

    package init(zero basis: RNSBasis, isSecret: Bool = false) {
        self.init(uninitialized: basis, isSecret: isSecret)
        storage.base.update(repeating: 0, count: storage.count)
    }

    package init(basis: RNSBasis, storage: LimbBuffer) {
        precondition(storage.count == basis.count * basis.degree)
        self.basis = basis
        self.storage = storage
    }

    package var degree: Int { basis.degree }
    package var limbCount: Int { basis.count }

    /// Limb `i` for reading. The pointer lives as long as this polynomial's storage: keep the
    /// polynomial alive (`withExtendedLifetime`) around its use.
    package func limb(_ i: Int) -> UnsafePointer<UInt64> {
        precondition(i >= 0 && i < basis.count)
        return UnsafePointer(storage.base + i * basis.degree)
    }

    /// Limb `i` for writing; copies shared storage first.
    package mutating func mutableLimb(_ i: Int) -> UnsafeMutablePointer<UInt64> {
        precondition(i >= 0 && i < basis.count)
        if !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
        return storage.base + i * basis.degree
    }

    /// Limb `i` for writing by several threads, each its own limbs, into storage that nobody else has yet. Keep the
    /// polynomial alive around its use.
    package func sharedLimb(_ i: Int) -> UnsafeMutablePointer<UInt64> {
        precondition(i >= 0 && i < basis.count)
        return storage.base + i * basis.degree
    }

    /// The words of one limb, for tests and serialization.
    package func words(ofLimb i: Int) -> [UInt64] {
        withExtendedLifetime(self) {
            Array(UnsafeBufferPointer(start: limb(i), count: degree))
        }
    }

    /// The same residues under another form's name, when the caller has done the conversion.
    fileprivate consuming func relabeled<Other: PolynomialForm>() -> Polynomial<Other> {
        Polynomial<Other>(basis: basis, storage: storage)
    }

    /// The residues modulo the moduli of `smaller`, which must be the first moduli of this basis.
    package func prefix(_ smaller: RNSBasis) -> Polynomial {
        precondition(smaller.count <= basis.count)
        if smaller.count == basis.count { return self }
        let out = Polynomial(uninitialized: smaller, isSecret: storage.isSecret)
        out.storage.base.update(from: storage.base, count: out.storage.count)
        return out
    }
}

extension Polynomial where Form == Coefficients {
    /// In N log N butterflies a limb; consumes its storage where it is not shared.
    package consuming func forwardNTT() -> Polynomial<NTTValues> {
        var p = self
        for i in 0..<p.limbCount { p.basis.tables[i].forward(p.mutableLimb(i)) }
        return p.relabeled()
    }

    /// Lifts signed coefficients, |c| < 2^62, to every limb.
    package init(signed coefficients: [Int64], basis: RNSBasis, isSecret: Bool = false) {
        precondition(coefficients.count == basis.degree)
        self.init(uninitialized: basis, isSecret: isSecret)
        for i in 0..<basis.count {
            bsk_reduce_signed(
                basis.tables[i].modulus, mutableLimb(i), coefficients, basis.degree)
        }
    }
}

extension Polynomial where Form == NTTValues {
    package consuming func inverseNTT() -> Polynomial<Coefficients> {
        var p = self
        for i in 0..<p.limbCount { p.basis.tables[i].inverse(p.mutableLimb(i)) }
        return p.relabeled()
    }
}

extension Polynomial {
    /// The same words in a buffer that is not wiped: for what may be published, such as c_0.
    package func asPublic() -> Polynomial { rebuffered(isSecret: false) }

    /// The same words in a buffer that is wiped on release.
    package func asSecret() -> Polynomial { rebuffered(isSecret: true) }

    private func rebuffered(isSecret: Bool) -> Polynomial {
        if storage.isSecret == isSecret { return self }
        let out = Polynomial(uninitialized: basis, isSecret: isSecret)
        out.storage.base.update(from: storage.base, count: storage.count)
        return out
    }
}
