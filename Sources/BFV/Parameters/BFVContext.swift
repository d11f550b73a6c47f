// SPDX-License-Identifier: Apache-2.0

import Lattice
import Ring

/// Parameters with everything precomputed from them: the lattice's context, and a slot encoder for each plaintext
/// modulus. Immutable, shared by all that computes; holds no secret.
public final class BFVContext: Sendable {
    /// What the context was made from.
    public let parameters: BFVParameters
    /// What keys belong to.
    package let lattice: LatticeContext
    package let plaintexts: [PlaintextContext]

    /// Makes the tables of all moduli: tens of milliseconds.
    /// - Throws: an error that says which modulus has no number-theoretic transform of this degree.
    public convenience init(_ parameters: BFVParameters) throws {
        try self.init(parameters, lattice: LatticeContext(parameters.lattice))
    }

    /// Over a lattice context that is there already, such as a key's.
    /// - Precondition: it has the lattice of `parameters`.
    package init(_ parameters: BFVParameters, lattice: LatticeContext) throws {
        precondition(lattice.parameters == parameters.lattice, "the context of another lattice")
        self.parameters = parameters
        self.lattice = lattice
        plaintexts = try parameters.plaintexts.map {
            try PlaintextContext($0, parameters: parameters, lattice: lattice)
        }
    }

    package var degree: Int { lattice.degree }
    package var maximumLevel: Int { lattice.maximumLevel }

    package func basis(level: Int) -> RNSBasis { lattice.basis(level: level) }

    package func extendedBasis(level: Int) -> RNSBasis { lattice.extendedBasis(level: level) }
}

extension SecretKey {
    /// A fresh key for the lattice of a BFV context.
    public convenience init(context: BFVContext) { self.init(context: context.lattice) }
}
