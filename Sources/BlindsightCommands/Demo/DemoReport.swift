// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Blindsight
import Files

/// What the demonstration shows, in 80 columns.
struct DemoReport {
    let prediction: Prediction
    let expected: [BigInt]
    let labels: [String]
    let truth: Int

    static var title: [String] {
        [
            "",
            "  " + Terminal.styled("Blindsight", .bold)
                + ": a server reads a handwritten digit that it never sees",
        ]
    }

    /// The sample beside the plan.
    static func plan(_ plan: Plan, picture: [String]) -> [String] {
        let report = PlanReport(server: plan)
        let facts = ["certified for every input"] + report.certificateTable.lines(indent: "")
        let blank = String(repeating: " ", count: 28)
        var lines = heading("The digit (the client's alone)", and: "The plan")
        let offset = max(0, (picture.count - facts.count) / 2)
        for row in 0..<max(picture.count, facts.count + offset) {
            let left = row < picture.count ? picture[row] : blank
            let right = facts.indices.contains(row - offset) ? facts[row - offset] : ""
            lines.append("  \(left)    \(right)")
        }
        return lines
    }

    /// A slice from the middle: the beginning is the file's header.
    static func ciphertext(_ bytes: [UInt8]) -> [String] {
        let width = 24
        var lines = heading("What the server sees: \(Format.bytes(bytes.count)) like this", and: "")
        for row in 0..<4 {
            let start = bytes.count / 2 + row * width
            guard start + width <= bytes.count else { break }
            let digits = bytes[start..<start + width].map {
                ($0 < 16 ? "0" : "") + String($0, radix: 16)
            }
            lines.append("  " + Terminal.styled(digits.joined(separator: " "), .dim))
        }
        return lines
    }

    var logits: [String] {
        var table = Table(.left, .right, .right, .left, .right, .left)
        table.add("", "encrypted", "plaintext", "", "logit", "")
        for (index, label) in labels.enumerated() {
            table.add(
                label.printable(limit: 20), Format.grouped(prediction.logits[index]),
                Format.grouped(expected[index]),
                prediction.logits[index] == expected[index] ? "=" : "DIFFERS",
                Format.decimals(prediction.values[index], 3),
                index == prediction.index ? "<- largest" : "")
        }
        let lines = table.lines().enumerated().map { row, line in
            switch row {
            case 0: Terminal.styled(line, .dim)
            case prediction.index + 1: Terminal.styled(line, .bold)
            default: line
            }
        }
        return Self.heading("The logits, integer for integer", and: "") + lines
    }

    static func steps(_ steps: [DemoRun.Step]) -> [String] {
        var table = Table(.left, .right, .right)
        for step in steps {
            table.add(
                step.name, Format.duration(step.duration), step.bytes.map(Format.bytes) ?? "")
        }
        return heading("The steps", and: "") + table.lines()
    }

    var conclusion: [String] {
        let isRight = prediction.index == truth
        let equal = zip(prediction.logits, expected).count { $0 == $1 }
        return [
            "",
            "  Prediction: "
                + Terminal.styled(prediction.label, .bold)
                + Terminal.styled(
                    isRight ? " (right)" : " (drawn as \(truth))", isRight ? .green : .red)
                + "   \(equal) of \(expected.count) logits equal the plaintext network's",
            "",
        ]
    }

    func json(_ steps: [DemoRun.Step]) -> JSON {
        .object([
            ("digit", .integer(truth)), ("label", .string(prediction.label)),
            ("logits_encrypted", .array(prediction.logits.map { .integer($0) })),
            ("logits_plaintext", .array(expected.map { .integer($0) })),
            ("mismatched_logits", .integer(zip(prediction.logits, expected).count { $0 != $1 })),
            (
                "steps",
                .array(
                    steps.map { step in
                        .object(
                            [
                                ("name", .string(step.name)),
                                ("ms", .number(step.duration.milliseconds)),
                            ] + (step.bytes.map { [("bytes", .integer($0))] } ?? []))
                    })
            ),
        ])
    }

    private static func heading(_ left: String, and right: String) -> [String] {
        let blank = String(repeating: " ", count: max(2, 32 - left.count))
        let text = right.isEmpty ? left : left + blank + right
        return ["", "  " + Terminal.styled(text, .cyan)]
    }
}
