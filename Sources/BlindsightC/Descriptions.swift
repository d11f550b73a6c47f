// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Blindsight
import BlindsightCommands
import InferenceClient
import IntegerNetworks
import TensorGraphs
import Wire

private func json(_ sizes: [Int]) -> JSON { .array(sizes.map { .integer($0) }) }
private func json(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }

extension [InputColumn] {
    fileprivate var json: JSON {
        .array(
            map { column in
                var members: [(String, JSON)] = [
                    ("name", .string(column.name)), ("count", .integer(column.count)),
                ]
                switch column.kind {
                case .real: members.append(("kind", .string("real")))
                case .integer: members.append(("kind", .string("integer")))
                case .text(let texts):
                    members.append(("kind", .string("text")))
                    members.append(("texts", BlindsightC.json(texts)))
                }
                return .object(members)
            })
    }
}

/// What a model takes and gives, before anything is planned.
struct ModelDescription {
    private let model: ImportedModel

    init(_ model: ImportedModel) { self.model = model }

    var json: JSON {
        var members: [(String, JSON)] = [("shape", BlindsightC.json(model.sampleShape))]
        if let columns = model.columns { members.append(("columns", columns.json)) }
        if let labels = model.labelNames { members.append(("labels", BlindsightC.json(labels))) }
        members.append(("states_integers", .boolean(model.statesIntegers)))
        return .object(members)
    }
}

/// What a client knows of a plan.
struct ClientPlanDescription {
    private let plan: ClientPlan

    init(_ plan: ClientPlan) { self.plan = plan }

    var json: JSON {
        let outputs = plan.outputs
        var members: [(String, JSON)] = [
            ("method", .string(plan.methodName.rawValue)),
            ("digest", .string(Envelope.hexadecimal(plan.digest))),
            ("key_set", .string(Envelope.hexadecimal(plan.keySetDigest))),
            ("samples_per_group", .integer(plan.samplesPerGroup)),
            ("sample_width", .integer(plan.sampleCount)),
            ("shape", BlindsightC.json(plan.prefix == nil ? plan.input.shape : [plan.sampleCount])),
            ("security_bits", .integer(plan.certificate.securityBits)),
            ("certified", .boolean(outputs.rangeIsProven && plan.certificate.holds)),
            ("request_bytes", .integer(plan.cost.requestBytes)),
            ("reply_bytes", .integer(plan.cost.replyBytes)),
            ("evaluation_key_bytes", .integer(plan.cost.evaluationKeyBytes)),
            ("logit_width", .integer(outputs.count)),
            ("logits_fit_words", .boolean(outputs.bounds.allSatisfy(\.fitsWord))),
            ("transform", .string(outputs.transform.rawValue)),
            ("says_label", .boolean(outputs.saysLabel)),
        ]
        if let columns = plan.prefix?.columns { members.append(("columns", columns.json)) }
        // A label that is a number has no names.
        if outputs.saysLabel, outputs.program?.label == nil || outputs.program?.labelNames != nil {
            members.append(("labels", BlindsightC.json(outputs.labels)))
        }
        if let program = outputs.program {
            members.append(("outputs", .array(program.outputs.map(Self.json))))
        }
        return .object(members)
    }

    private static func json(_ output: OutputProgram.Output) -> JSON {
        var members: [(String, JSON)] = [
            ("name", .string(output.name)), ("shape", BlindsightC.json(output.shape)),
        ]
        switch output.meaning {
        case .real: members.append(("kind", .string("real")))
        case .integer: members.append(("kind", .string("integer")))
        case .label(let names):
            members.append(("kind", .string("label")))
            members.append(("labels", BlindsightC.json(names)))
        }
        return .object(members)
    }
}

extension ClosedRange<BigInt> {
    fileprivate var fitsWord: Bool {
        Int64(exactly: lowerBound) != nil && Int64(exactly: upperBound) != nil
    }
}

/// What is proven of a plan, what it costs, and how its network came about.
struct PlanDescription {
    private let plan: Plan
    private let planned: PlannedModel?

    init(_ plan: Plan, _ planned: PlannedModel?) {
        self.plan = plan
        self.planned = planned
    }

    var json: JSON {
        let report = PlanReport(server: plan)
        var members = report.members
        var text = report.text
        if let planned {
            let model = ModelReport(planned: planned, title: "Plan")
            if let quantization = planned.quantization {
                let quantized = QuantizationText(
                    report: quantization, notes: planned.notes, judgement: planned.judgement)
                members.append(("quantization", quantized.json))
                text = quantized.text + "\n\n" + text
            }
            members.append(("markdown", .string(model.markdown)))
            let plots = model.plots.map {
                JSON.object([("name", .string($0.name)), ("svg", .string($0.svg))])
            }
            members.append(("plots", .array(plots)))
        }
        members.append(("text", .string(text)))
        return .object(members)
    }
}
