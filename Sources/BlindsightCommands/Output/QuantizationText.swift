// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Files
import Quantization

/// What quantization did, for a terminal and as JSON.
package struct QuantizationText {
    let report: QuantizationReport
    let notes: [String]
    let judgement: PlanJudgement?

    package init(report: QuantizationReport, notes: [String], judgement: PlanJudgement?) {
        self.report = report
        self.notes = notes
        self.judgement = judgement
    }

    package var text: String {
        var parts = warnings.map { "Warning: \($0.printable(limit: 500))" }
        parts += [
            "Quantization (measured on \(Format.grouped(report.samples)) calibration samples)\n"
                + fidelityTable.text,
            "Layers (errors: of the outputs' deviation, against the float model)\n"
                + layerTable.text,
        ]
        if !report.activations.isEmpty { parts.append("Activations\n" + activationTable.text) }
        for (title, lines) in sections.dropFirst() where !lines.isEmpty {
            parts.append(
                "\(title)\n"
                    + lines.map { "  - \($0.printable(limit: 500))" }.joined(separator: "\n"))
        }
        return parts.joined(separator: "\n\n")
    }

    /// Of a plan that is not good.
    private var warnings: [String] { judgement?.findings ?? [] }

    var sections: [(String, [String])] {
        [
            ("Warnings", warnings),
            ("Folded", report.folded), ("Replaced", report.replaced),
            ("Left to the client, or dropped", report.dropped), ("Given up", notes),
        ]
    }

    private var stages: [(String, Fidelity)] {
        [
            ("float model", report.float), ("with polynomials", report.polynomial),
            ("in integers", report.integer),
        ]
    }

    private static func measure(_ fidelity: Fidelity, decides: Bool) -> String {
        let share = decides ? [Format.percent(fidelity.agreement)] : []
        let determination = fidelity.quantityError.map { Format.decimals(1 - $0 * $0, 4) }
        return (share + [determination].compactMap(\.self)).joined(separator: ", ")
    }

    var fidelityTable: Table {
        var table = Table(.left, .right, .right, .right)
        table.add(
            "", "accuracy",
            !report.decides
                ? "R^2"
                : report.float.quantityError == nil ? "same decision" : "same decision, R^2",
            "error (of the deviation)")
        for (name, fidelity) in stages {
            table.add(
                name, fidelity.accuracy.map(Format.percent) ?? "-",
                Self.measure(fidelity, decides: report.decides),
                Format.percent(fidelity.relativeError))
        }
        return table
    }

    var layerTable: Table {
        var table = Table(.left, .left, .right, .right, .right, .right)
        table.add("layer", "kind", "bits", "weights", "polynomials", "integers")
        for layer in report.layers {
            table.add(
                layer.name.printable(limit: 60), layer.kind, layer.bits.map(String.init) ?? "-",
                Format.grouped(layer.entries), Format.percent(layer.polynomialError),
                Format.percent(layer.integerError))
        }
        return table
    }

    var activationTable: Table {
        var table = Table(.left, .left, .right, .right, .right, .right)
        table.add("activation", "function", "degree", "depth", "products", "error")
        for activation in report.activations {
            table.add(
                activation.name.printable(limit: 60), activation.function, "\(activation.degree)",
                "\(activation.depth)", "\(activation.products)",
                Format.percent(activation.fitError))
        }
        return table
    }

    var frontierTable: Table {
        var table = Table(.right, .left, .right, .right, .right)
        table.add("input bits", "weight bits", "range bits", "same decision", "error")
        for point in report.frontier {
            table.add(
                "\(point.inputBits)", point.bits.map(String.init).joined(separator: " "),
                Format.decimals(point.rangeBits, 1), Format.percent(point.fidelity.agreement),
                Format.percent(point.fidelity.relativeError))
        }
        return table
    }

    package var json: JSON {
        .object([
            ("samples", .integer(report.samples)),
            ("judgement", .object(judgementMembers)),
            ("stages", .array(stages.map { Self.json($0.0, $0.1) })),
            ("input_bits", .integer(report.inputBits)),
            ("input_lowest", .integer(report.inputRange.lowerBound)),
            ("input_highest", .integer(report.inputRange.upperBound)),
            ("weight_bits", .array(report.layers.compactMap { $0.bits.map(JSON.integer) })),
            ("range_bits_by_intervals", .number(report.rangeBits)),
            ("range_bits_seen", .number(report.observedBits)),
            (
                "activations",
                .array(
                    report.activations.map {
                        .object([
                            ("name", .string($0.name)), ("function", .string($0.function)),
                            ("degree", .integer($0.degree)), ("error", .number($0.fitError)),
                        ])
                    })
            ),
            ("given_up", .array(notes.map { .string($0) })),
        ])
    }

    private var judgementMembers: [(String, JSON)] {
        guard let judgement else { return [] }
        return [
            ("verdict", .string(judgement.verdict.rawValue)),
            ("measure", .string(judgement.measure.words)),
            ("value", .number(judgement.measure.value)),
            ("warnings", .array(warnings.map { .string($0) })),
        ]
    }

    private static func json(_ name: String, _ fidelity: Fidelity) -> JSON {
        .object(
            [("name", .string(name))]
                + (fidelity.accuracy.map { [("accuracy", .number($0))] } ?? [])
                + [
                    ("same_decision", .number(fidelity.agreement)),
                    ("error", .number(fidelity.relativeError)),
                ]
                + (fidelity.quantityError.map { [("r2", .number(1 - $0 * $0))] } ?? []))
    }
}
