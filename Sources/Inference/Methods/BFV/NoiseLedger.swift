// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import Lattice

/// What an interpreter of noise asks of the moduli and keys: definite ones, for the proof (`CostLedger`), or ideal ones
/// with key switches free, for the search (`ForecastLedger`).
package protocol NoiseLedger: AnyObject {
    var model: NoiseModel { get }
    var plaintext: PlaintextModulus { get }
    var degree: Int { get }
    /// The level of fresh ciphertexts.
    var maximumLevel: Int { get }
    /// Weights modulo t are at most half of it.
    var largestPlaintext: UInt64 { get }
    /// Whether key switches add nothing but the last rounding.
    var switchesKeysFreely: Bool { get }
    var tally: NoiseTally { get set }
    /// What replies must hide.
    var privacy: FunctionPrivacy { get }

    /// 1 / unit modulo t; or 1, where that is near enough.
    func inverse(_ unit: MessageUnit) -> UInt64

    /// - Parameter vector: how many ciphertexts with this bound are worked on alike; nil: one, on its own.
    func relinearize(_ noise: NoiseBound, level: Int, vector: Int?) throws -> NoiseBound
    /// - Parameter vector: as above, of two polynomials each.
    func switchDown(
        _ noise: NoiseBound, from first: Int, to last: Int, vector: Int?
    ) -> NoiseBound
    /// Switches that share a decomposition as long as their gadgets agree; the most noise that one adds.
    /// - Parameter room: noise that is about doubled by as much.
    func switchKeys(
        _ permutations: [SlotPermutation], level: Int, room: Double
    ) throws -> NoiseNorms
    func divideBySpecial(level: Int, count: Int)
    /// Moduli of P.
    var specialCount: Int { get }
    /// What `Evaluator.rerandomize` and `compress` do before rounding.
    ///
    /// - Parameters:
    ///   - exposure: what the noise tells of weights; nil: all of it may.
    ///   - count: ciphertexts of a reply.
    func reply(
        _ noise: NoiseBound, exposure: NoiseExposure?, level: Int, count: Int
    ) throws -> NoiseBound
    /// See `Interpreter.pass`.
    func pass(switchPoint: Int, _ values: [any NoiseValue])
}

/// What a run has added up so far.
package struct NoiseTally {
    package var counts = OperationCounts()
    /// At most how many random events the bounds of fresh ciphertexts, and of sums of them, rest on.
    var events = 0
    /// Digits of all key switches.
    var keyDigits = 0
    /// Limbs of all stored vectors, where they are most.
    var storedLimbs = 0
    /// Ciphertexts of a reply.
    var outputCount = 1
    /// What was added to each, if anything.
    var flood: Flood?
}

/// A bound on the phase noise (see `NoiseModel`) at a level.
package protocol NoiseValue {
    var noise: NoiseBound { get }
    var level: Int { get }
}

/// An interpreter on noise bounds and counts: nothing is computed. Its counts equal those of the encrypted one; a test
/// holds them together.
package protocol NoiseInterpreter: Interpreter
where Input == Void, Value: NoiseValue, Output == NoiseBound {
    init(circuit: Circuit<Family>, ledger: any NoiseLedger, norms: TransformNorms)

    var ledger: any NoiseLedger { get }
}

extension NoiseInterpreter {
    package func pass(switchPoint: Int, _ values: [Value]) {
        ledger.pass(switchPoint: switchPoint, values)
    }
}
