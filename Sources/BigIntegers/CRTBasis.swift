// SPDX-License-Identifier: Apache-2.0

/// Pairwise coprime moduli, and the integers mod their product (Chinese remainder theorem).
package struct CRTBasis: Hashable, Sendable {
    package let moduli: [UInt64]
    /// The product M of the moduli.
    package let product: BigInt
    /// M / m_i.
    private let cofactors: [BigInt]
    /// (M / m_i)^-1 mod m_i.
    private let inverses: [UInt64]

    /// Why a list of moduli makes no basis.
    package enum InvalidModuli: Error, Hashable, CustomStringConvertible {
        case empty
        case tooSmall(UInt64)
        case sharedFactor(UInt64, with: UInt64)

        package var description: String {
            switch self {
            case .empty: "there are no moduli; give one or more"
            case .tooSmall(let m): "modulus \(m) is below 2"
            case .sharedFactor(let a, let b):
                "moduli \(a) and \(b) share a factor; moduli must be pairwise coprime"
            }
        }
    }

    /// A basis of moduli that are known to be pairwise coprime and above 1; traps where they aren't.
    package init(moduli: [UInt64]) {
        do { try self.init(validating: moduli) } catch { preconditionFailure("\(error)") }
    }

    /// A basis of moduli that may be wrong.
    package init(validating moduli: [UInt64]) throws(InvalidModuli) {
        if moduli.isEmpty { throw .empty }
        for (i, m) in moduli.enumerated() {
            if m < 2 { throw .tooSmall(m) }
            for other in moduli[..<i] where ModularArithmetic.inverse(other % m, modulo: m) == nil {
                throw .sharedFactor(other, with: m)
            }
        }
        let product = moduli.reduce(BigInt(1)) { $0 * BigInt($1) }
        let cofactors = moduli.map { product / BigInt($0) }
        self.moduli = moduli
        self.product = product
        self.cofactors = cofactors
        inverses = zip(cofactors, moduli).map { cofactor, m in
            ModularArithmetic.inverse(cofactor.residue(modulo: m), modulo: m)!
        }
    }

    /// The integer in 0..<product with these residues, one for each modulus.
    package func reconstruct(residues: [UInt64]) -> BigInt {
        precondition(residues.count == moduli.count, "one residue for each modulus")
        var sum = BigInt()
        for i in moduli.indices {
            let m = moduli[i]
            sum.addProduct(
                cofactors[i], ModularArithmetic.multiply(residues[i] % m, inverses[i], modulo: m))
        }
        return sum.modulo(product)
    }

    /// The integer in (-product/2, product/2] with these residues.
    package func reconstructCentered(residues: [UInt64]) -> BigInt {
        reconstruct(residues: residues).centered(modulo: product)
    }

    /// The residues of any integer, negative ones too, one for each modulus.
    package func residues(of value: BigInt) -> [UInt64] {
        moduli.map { value.residue(modulo: $0) }
    }
}
