import BFV
import BigIntegers

/// A plan's circuit run on `ClearSlots`: what the encrypted run must give, without any ciphertext.
public struct ClearPrediction {
    private let plan: Plan
    private let channels: [(slots: ClearSlots, program: Program<ClearSlots>)]

    public init(plan: Plan) throws {
        self.plan = plan
        let choices = plan.choices
        channels = try choices.parameters.plaintextModuli.indices.map {
            let slots = ClearSlots(parameters: choices.parameters, plaintextIndex: $0)
            let program = try Program(
                plan.circuit, levels: choices.levels,
                maximumLevel: choices.parameters.maximumLevel, on: slots)
            return (slots, program)
        }
    }

    /// The logits of a quantized input in the plan's box, by way of slots.
    public func logits(of input: [Int]) throws -> [BigInt] {
        let inputs = plan.client.inputLayouts.map { $0.place(input.map(Int64.init)) }
        return plan.client.join(
            try channels.map { slots, program in
                try program.run(inputs.map(slots.value), on: slots).slots
            })
    }
}
