// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Files

/// report.md of a plan's folder, with the plots that it shows.
package struct ModelReport {
    let planned: PlannedModel
    let title: String

    package init(planned: PlannedModel, title: String) {
        self.planned = planned
        self.title = title
    }

    /// File names and contents.
    package var plots: [(name: String, svg: String)] {
        (planned.quantization?.activations ?? []).enumerated().compactMap { index, activation in
            activation.plot.map { ("activation-\(index + 1).svg", $0) }
        }
    }

    package var markdown: String {
        let plan = PlanReport(server: planned.plan)
        var parts = ["# \(Self.escaped(title))"]
        if let report = planned.quantization {
            let text = QuantizationText(
                report: report, notes: planned.notes, judgement: planned.judgement)
            parts.append(
                "Measured on \(report.samples) calibration samples; an error is the root of the mean square difference from the float model, by the deviation of its outputs."
            )
            parts.append("## Accuracy\n\n" + text.fidelityTable.markdown)
            parts.append("## Layers\n\n" + text.layerTable.markdown)
            if !report.activations.isEmpty {
                parts.append("## Activations\n\n" + text.activationTable.markdown)
                parts += plots.map { "![\($0.name)](\($0.name))" }
            }
            for (title, lines) in text.sections where !lines.isEmpty {
                parts.append(
                    "## \(title)\n\n"
                        + lines.map(Self.item).joined(separator: "\n"))
            }
            parts.append(
                "## Bits\n\nNetworks that were tried and that no other was better than:\n\n"
                    + text.frontierTable.markdown)
        }
        parts.append("## \(plan.certificateTitle)\n\n" + plan.certificateTable.markdownList)
        parts.append("## Costs of \(plan.unit)\n\n" + plan.costTable.markdownList)
        parts.append("## Operations of \(plan.unit)\n\n" + plan.operationTable.markdownList)
        return parts.joined(separator: "\n\n") + "\n"
    }

    /// Names come from the model's file: nothing of them is markup.
    package static func escaped(_ text: String) -> String {
        text.printable(limit: 500).unicodeScalars.map {
            "\\`*_[]<|~&".unicodeScalars.contains($0) ? "\\\($0)" : "\($0)"
        }.joined()
    }

    /// The same as an item of a list, which would be a head or a list where it begins like one.
    package static func item(_ text: String) -> String {
        let begins = text.unicodeScalars.first.map { "#>+-=".unicodeScalars.contains($0) }
        return "- " + (begins == true ? "\\" : "") + escaped(text)
    }
}
