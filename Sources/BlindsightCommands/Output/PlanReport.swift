// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Files
import InferenceClient

/// A plan's method, parameters, certificate and costs, for people and as JSON.
package struct PlanReport {
    package let server: Plan
    /// What was measured on this machine, if it was.
    var speed: MachineSpeed?

    package init(server: Plan, speed: MachineSpeed? = nil) {
        self.server = server
        self.speed = speed
    }

    private var plan: ClientPlan { server.client }
    private var certificate: Certificate { plan.certificate }

    private var security: String {
        certificate.securityBits == 0 ? "INSECURE" : "\(certificate.securityBits) bits"
    }

    private var ownEntries: ReportEntries { ReportEntries(plan.report) }

    private var certificateEntries: ReportEntries {
        var entries = ReportEntries([])
        let samples = plan.samplesPerGroup
        entries.add("method", "method", .text(plan.methodName.rawValue))
        entries.add("samples_per_group", "samples a group", .count(samples))
        entries.add("security_bits", "security", .count(certificate.securityBits), text: security)
        entries.add(
            "certified", nil, .flag(plan.outputs.rangeIsProven && certificate.holds))
        entries.add("bound_method", nil, .text(plan.outputs.boundMethod))
        entries.add(
            "range_bits", "range of outputs",
            .bits((plan.outputs.widestRange + 1).log2Upper))
        entries.add("range_margin_bits", "range margin", .bits(certificate.rangeMarginBits))
        return entries + ownEntries.only(.certificate)
    }

    private var costEntries: ReportEntries {
        let cost = plan.cost
        let seconds = server.seconds(
            samples: plan.samplesPerGroup, speed: speed ?? .reference)
        var entries = ReportEntries([])
        entries.add(
            "estimated_ms", "one core (\(speed == nil ? "reference" : "this") machine)",
            .seconds(seconds))
        entries.add("calibrated", nil, .flag(speed != nil))
        if plan.samplesPerGroup > 1 {
            entries.add(
                "samples_per_second", "samples a second, full groups",
                .count(Int(Double(plan.samplesPerGroup) / max(seconds, 1e-9))))
        }
        entries.add("request_bytes", "request (up)", .bytes(cost.requestBytes))
        entries.add("reply_bytes", "reply (down)", .bytes(cost.replyBytes))
        entries.add(
            "evaluation_key_bytes", "evaluation keys (once)", .bytes(cost.evaluationKeyBytes))
        entries.add(
            "server_memory_bytes", "server memory (estimate)", .bytes(server.evaluation.memoryBytes)
        )
        return entries + ownEntries.only(.cost)
    }

    /// Method, parameters and certificate: at most 44 columns wide, to fit beside a picture.
    var certificateTable: Table { certificateEntries.table(.left) }
    var costTable: Table { costEntries.table(.right) }
    var operationTable: Table { ReportEntries(server.evaluation.operations).table(.right) }

    var certificateTitle: String {
        let method = plan.outputs.boundMethod.printable
        guard plan.outputs.rangeIsProven else {
            return
                "NOT CERTIFIED: an input beyond the samples may give a wrong result (range \(method))"
        }
        return
            "Certificate (\(certificate.holds ? "holds for every input in the box" : "DOES NOT HOLD"); bounds: \(method))"
    }

    package var text: String {
        """
        \(certificateTitle)
        \(certificateTable.text)

        Costs of \(unit)
        \(costTable.text)

        Operations of \(unit)
        \(operationTable.text)
        """
    }

    var unit: String {
        plan.samplesPerGroup > 1
            ? "one group of \(Format.grouped(plan.samplesPerGroup)) samples" : "one prediction"
    }

    /// Members of a JSON object.
    package var members: [(String, JSON)] {
        certificateEntries.members + costEntries.members
            + [("operations", server.evaluation.operations.json)]
    }
}
