import Lattice

// What a program with `import BFV` alone can name of the module below.

/// The ring, the moduli and their security: what keys depend on.
public typealias LatticeParameters = Lattice.LatticeParameters
/// Lattice parameters with their tables.
public typealias LatticeContext = Lattice.LatticeContext
/// 128, 192 or 256 bits, or no claim.
public typealias SecurityLevel = Lattice.SecurityLevel
/// The largest moduli of each level.
public typealias SecurityTable = Lattice.SecurityTable
/// Why parameters were refused.
public typealias ParameterError = Lattice.ParameterError
/// A ternary secret.
public typealias SecretKey = Lattice.SecretKey
/// For those who encrypt without the secret key.
public typealias PublicKey = Lattice.PublicKey
/// Makes public and evaluation keys.
public typealias KeyGenerator = Lattice.KeyGenerator
/// How key switching takes polynomials apart.
public typealias Gadget = Lattice.Gadget
/// What an evaluator computes with.
public typealias EvaluationKeys = Lattice.EvaluationKeys
/// Why an evaluation can't be done.
public typealias EvaluationError = Lattice.EvaluationError
/// What an evaluation did.
public typealias OperationCounts = Lattice.OperationCounts
/// Counts shared by threads.
public typealias OperationCounter = Lattice.OperationCounter
