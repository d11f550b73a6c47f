// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import Lattice
import Threading
import Wire

/// Something that runs circuits of one family: on ciphertexts, on residues in the open (the oracle), on noise bounds
/// and counts (the proof, and the search's forecast). All of them take the same walk, `Program`.
///
/// An instance works modulo one t_i, or modulo all of them side by side.
package protocol Interpreter {
    associatedtype Family: CircuitFamily
    associatedtype Input
    associatedtype Value
    associatedtype Output
    /// A linear map ready to be applied.
    associatedtype PreparedMap
    /// A step ready to be applied.
    associatedtype PreparedStep

    /// As many values as a circuit takes.
    func values(of input: Input) throws -> [Value]

    /// - Parameters:
    ///   - units: the factor that each source's values bring along.
    ///   - unit: the factor that the result shall bring along.
    ///   - level: of the values that it will be applied to.
    ///   - isLast: whether nothing follows that multiplies or moves its result: what dithers weights does it here.
    func prepare(
        _ map: Family.Map, units: [MessageUnit], unit: MessageUnit, level: Int, isLast: Bool
    ) throws -> PreparedMap
    /// - Parameters:
    ///   - units: the factor that each operand's values bring along.
    ///   - unit: the factor that the step's result brings along.
    ///   - followsLast: whether the last map, with `isLast`, comes before it: then nothing follows that multiplies or
    ///     moves its result, and what dithers constants does it here.
    func prepare(
        _ step: Family.Step, units: [MessageUnit], unit: MessageUnit, level: Int, followsLast: Bool
    ) throws -> PreparedStep

    /// - Parameter values: the sources of the map.
    func apply(_ map: PreparedMap, to values: [Value]) throws -> Value
    /// - Parameter values: those that the step reads; one of most.
    func apply(_ step: PreparedStep, to values: [Value]) throws -> Value
    /// Whether steps of this kind that follow one another are applied at once.
    func joins(_ step: PreparedStep) -> Bool
    /// Applies steps that it joins, none of which reads what another makes.
    /// - Parameter values: of each step, those that it reads.
    func apply(_ steps: [PreparedStep], to values: [[Value]]) throws -> [Value]
    /// x y times -Q_l mod t, at level l.
    func multiply(_ a: Value, _ b: Value) throws -> Value
    func switchDown(_ value: Value, toLevel level: Int) throws -> Value
    /// The outputs, with replies of so many bits a residue.
    func finish(_ value: Value, c0Bits: Int, c1Bits: Int) throws -> Output

    /// Applies a block to a vector: as a whole, or to one place after another.
    /// - Parameter body: called with a part and the share done with it.
    func each(
        of value: Value, _ body: (_ place: Value, _ done: Double) throws -> Value
    ) throws -> Value

    /// Told of each switch point: of an even one the operands of the products behind it, of an odd one the products
    /// before it.
    func pass(switchPoint: Int, _ values: [Value])
}

extension Interpreter {
    package func pass(switchPoint: Int, _ values: [Value]) {}

    package func joins(_ step: PreparedStep) -> Bool { false }

    package func apply(_ steps: [PreparedStep], to values: [[Value]]) throws -> [Value] {
        try zip(steps, values).map { try apply($0, to: $1) }
    }

    package func each(
        of value: Value, _ body: (_ place: Value, _ done: Double) throws -> Value
    ) throws -> Value { try body(value, 1) }
}

extension Interpreter where PreparedStep == Family.Step {
    /// Steps that are applied as they are.
    package func prepare(
        _ step: Family.Step, units: [MessageUnit], unit: MessageUnit, level: Int, followsLast: Bool
    ) -> Family.Step { step }
}

/// An interpreter on ciphertexts, with evaluation keys only. A server can be given another one.
package protocol EncryptedInterpreter: Interpreter, Sendable
where
    Input == Family.Client.Request, Output == CompressedReply, PreparedMap: Sendable,
    PreparedStep: Sendable
{
    /// - Parameters:
    ///   - keys: none while weights are prepared, which needs none.
    ///   - privacy: with a flood for each t_i.
    init(
        context: BFVContext, keys: EvaluationKeys, privacy: FunctionPrivacy,
        counter: OperationCounter, pool: WorkerPool)
}
