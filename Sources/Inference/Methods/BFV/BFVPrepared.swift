// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import Lattice
import Threading
import Wire

/// A plan's circuit with its weights encoded for one kind of interpreter.
package struct BFVPrepared<I: EncryptedInterpreter>: PreparedMethod {
    let context: BFVContext
    let client: I.Family.Client
    let choices: PlanChoices
    let program: Program<I>

    init(_ plan: BFVPlan<I.Family>, on pool: WorkerPool) throws {
        context = try BFVContext(plan.choices.parameters)
        client = plan.client
        choices = plan.choices
        program = try Program(
            plan.circuit, levels: choices.levels,
            maximumLevel: choices.parameters.maximumLevel,
            isOne: plan.circuit.unitIsOne(choices.parameters),
            on: I(
                context: context, keys: EvaluationKeys(relinearization: nil, galois: [:]),
                privacy: choices.privacy, counter: OperationCounter(), pool: pool))
    }

    package func keys(_ reader: SectionReader) throws -> BFVKeys {
        try BFVKeys(reader, choices.keys, context.lattice)
    }

    package func predictor(_ keys: BFVKeys, on pool: WorkerPool) throws -> BFVPredictor<I> {
        guard keys.set == choices.keys else { throw InferenceError.wrongParameters }
        return BFVPredictor(self, keys, on: pool)
    }
}

/// Predicts under one client's keys.
package struct BFVPredictor<I: EncryptedInterpreter>: GroupPredictor {
    private let prepared: BFVPrepared<I>
    private let interpreter: I
    private let counter = OperationCounter()

    init(_ prepared: BFVPrepared<I>, _ keys: BFVKeys, on pool: WorkerPool) {
        self.prepared = prepared
        interpreter = I(
            context: prepared.context, keys: keys.keys, privacy: prepared.choices.privacy,
            counter: counter, pool: pool)
    }

    package func request(_ body: BodyReader) throws -> I.Input {
        try I.Input(body, prepared.client, prepared.context)
    }

    package func predict(
        _ request: I.Input, sampleCount: Int, progress: (Int, Int) throws -> Void
    ) throws -> CompressedReply {
        try request.check(prepared.client)
        return try prepared.program.run(
            request, on: interpreter, c0Bits: prepared.choices.replyC0Bits,
            c1Bits: prepared.choices.replyC1Bits, progress: progress)
    }

    package var operations: OperationTally { OperationTally(counter.value.dictionary) }
}
