import BFV
import Foundation
import Inference
import NeuralNetwork

extension Blindsight_V1_ClientPlanMessage {
    init(_ plan: ClientPlan) {
        self.init()
        parameters = .init(plan.parameters)
        input = .init(plan.input)
        inputLayout = plan.inputLayouts.flatMap { $0.features.map { UInt32($0 + 1) } }
        outputLayout = plan.outputLayout?.features.map { UInt32($0 + 1) } ?? []
        layout = plan.layout.wireName
        outputUnits = plan.outputUnits
        outputScale = plan.outputScale
        labels = plan.labels
        decision = plan.decision.wireName
        transform = plan.transform.wireName
        keys = .init(plan.keys)
        replyC0Bits = UInt32(plan.replyC0Bits)
        replyC1Bits = UInt32(plan.replyC1Bits)
        certificate = .init(plan.certificate)
        cost = .init(plan.cost)
    }

    func plan(allowInsecure: Bool) throws -> ClientPlan {
        let parameters = try self.parameters.parameters(allowInsecure: allowInsecure)
        let input = try self.input.specification()
        guard !labels.isEmpty, labels.count <= PlanChecks.maximumOutputs else {
            throw WireError.outOfRange("\(labels.count) labels")
        }
        let outputs = certificate.outputBounds.count
        let decision = try Decision(wireName: self.decision)
        guard (1...PlanChecks.maximumOutputs).contains(outputs),
            decision.labelsCount(outputs: outputs) == labels.count
        else { throw WireError.outOfRange("\(labels.count) labels for \(outputs) outputs") }
        guard outputUnits.count == parameters.plaintextModuli.count,
            zip(outputUnits, parameters.plaintextModuli).allSatisfy({ $0 > 0 && $0 < $1 })
        else { throw WireError.outOfRange("the output units") }
        guard outputScale.isNormal, outputScale > 0 else {
            throw WireError.outOfRange("an output scale of \(outputScale)")
        }
        guard replyC0Bits >= 1, replyC0Bits <= replyC1Bits, replyC1Bits <= 62,
            parameters.carriesReply(c1Bits: Int(replyC1Bits))
        else { throw WireError.outOfRange("replies of \(replyC1Bits) bits a residue") }
        let layout = try DataLayout(wireName: self.layout)
        var layouts: (inputs: [SlotLayout], output: SlotLayout?) = ([], nil)
        if layout == .latency {
            layouts.inputs = try Self.layouts(
                inputLayout, "input layout", slots: parameters.slots.slotCount,
                features: input.count)
            layouts.output = try Self.layouts(
                outputLayout, "output layout", slots: parameters.slots.slotCount,
                features: outputs, most: 1)[0]
        } else if !inputLayout.isEmpty || !outputLayout.isEmpty {
            throw WireError.malformed("slot layouts in a plan of the batch layout")
        }
        let plan = ClientPlan(
            layout: layout, parameters: parameters, input: input, inputLayouts: layouts.inputs,
            outputLayout: layouts.output,
            outputUnits: outputUnits, outputScale: outputScale, labels: labels,
            decision: decision, transform: try OutputTransform(wireName: transform),
            keys: try keys.specification(parameters), replyC0Bits: Int(replyC0Bits),
            replyC1Bits: Int(replyC1Bits),
            certificate: try certificate.certificate(parameters, outputs: outputs),
            cost: try cost.cost())
        try PlanChecks.check(plan)
        return plan
    }

    private static func layouts(
        _ values: [UInt32], _ what: String, slots: Int, features: Int, most: Int = 16
    ) throws -> [SlotLayout] {
        let count = values.count / slots
        guard values.count % slots == 0, (1...most).contains(count) else {
            throw WireError.wrongCount(what, expected: slots, found: values.count)
        }
        guard values.allSatisfy({ Int($0) <= features }) else {
            throw WireError.outOfRange(what)
        }
        return (0..<count).map { index in
            SlotLayout(
                features: values[index * slots..<(index + 1) * slots].map { Int32($0) - 1 })
        }
    }
}

extension Blindsight_V1_ChoicesMessage {
    init(_ choices: PlanChoices) {
        self.init()
        parameters = .init(choices.parameters)
        babyCounts = choices.babyCounts.map(UInt32.init)
        levels = choices.levels.map(UInt32.init)
        keys = .init(choices.keys)
        replyC0Bits = UInt32(choices.replyC0Bits)
        replyC1Bits = UInt32(choices.replyC1Bits)
        layout = choices.layout.wireName
    }

    func choices(allowInsecure: Bool) throws -> PlanChoices {
        let parameters = try self.parameters.parameters(allowInsecure: allowInsecure)
        guard babyCounts.count <= IntegerNetwork.maximumLayers,
            babyCounts.allSatisfy({ $0 > 0 && Int($0) <= parameters.degree })
        else { throw WireError.outOfRange("baby step counts") }
        guard replyC0Bits <= 62, replyC1Bits <= 62 else {
            throw WireError.outOfRange("replies of \(replyC1Bits) bits a residue")
        }
        return PlanChoices(
            parameters: parameters, babyCounts: babyCounts.map(Int.init),
            levels: levels.map(Int.init), keys: try keys.specification(parameters),
            replyC0Bits: Int(replyC0Bits), replyC1Bits: Int(replyC1Bits),
            layout: try DataLayout(wireName: layout))
    }
}

extension DataLayout {
    /// None for the latency layout, as in older files.
    fileprivate var wireName: String { self == .latency ? "" : rawValue }

    fileprivate init(wireName: String) throws {
        guard wireName != Self.latency.rawValue,
            let layout = wireName.isEmpty ? .latency : Self(rawValue: wireName)
        else { throw WireError.outOfRange("a layout of another kind") }
        self = layout
    }
}

extension Blindsight_V1_ServerPlanMessage {
    /// - Parameter network: nil where the model gives it.
    init(_ plan: Plan, model: [UInt8], network: IntegerNetwork?) {
        self.init()
        self.model = Data(model)
        if let network { self.network = .init(network) }
        choices = .init(plan.choices)
        certificate = .init(plan.certificate)
    }
}
