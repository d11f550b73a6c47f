// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BigIntegers
import Blindsight
import Files
import InferenceClient
import Samples

/// How many traps a request gets.
enum TrapCount: ExpressibleByArgument {
    case count(Int)
    /// Of all places of the request.
    case perCent(Double)

    init?(argument: String) {
        if argument.hasSuffix("%") {
            guard let share = Double(argument.dropLast()), share > 0, share <= 90 else {
                return nil
            }
            self = .perCent(share)
        } else {
            guard let count = Int(argument), (1...1 << 24).contains(count) else { return nil }
            self = .count(count)
        }
    }

    func traps(besides samples: Int) -> Int {
        switch self {
        case .count(let count): count
        case .perCent(let share): Int((Double(samples) * share / (100 - share)).rounded(.up))
        }
    }
}

/// Where traps are kept: beside the request, readable by its owner only.
enum TrapFiles {
    static func path(of request: String) -> String { request + ".traps" }

    /// nil where the request has none.
    static func read(of request: String, heads: RequestHeads, outputs: Int) throws -> Traps? {
        try CommandFiles.text(beside: path(of: request), limit: Traps.maximumBytes) { text in
            let traps = try Traps(text: text, outputs: outputs)
            try traps.require(heads)
            return traps
        }
    }

    /// Outputs of samples in a table that `decrypt` wrote as CSV: the columns logit_...
    static func outputs(_ path: String, samples: Int, outputs: Int) throws -> [[BigInt]] {
        let bytes = try RegularFile.bytes(of: path, limit: Traps.maximumBytes)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
            cells(of: $0.last == "\r" ? $0.dropLast() : $0)
        }
        let columns = lines.first?.indices.filter { lines[0][$0].hasPrefix("logit_") } ?? []
        guard columns.count == outputs else {
            throw CommandError.notKnownOutputs(
                path, "\(columns.count) columns logit_...; the plan has \(outputs) outputs")
        }
        guard lines.count - 1 == samples else {
            throw CommandError.notKnownOutputs(
                path, "\(lines.count - 1) rows for \(samples) samples")
        }
        return try lines.enumerated().dropFirst().map { number, cells in
            let values = columns.compactMap { column in
                column < cells.count ? BigInt(cells[column]) : nil
            }
            guard values.count == outputs else {
                throw CommandError.notKnownOutputs(
                    path, "line \(number + 1) lacks integers in its columns logit_...")
            }
            return values
        }
    }

    /// Cells of a line as RFC 4180 has it, without line breaks in them.
    private static func cells(of line: Substring) -> [String] {
        var cells = [""]
        var isQuoted = false
        for character in line {
            switch character {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted: cells.append("")
            default: cells[cells.count - 1].append(character)
            }
        }
        return cells
    }
}

/// What traps told, in words for the client.
struct TrapReport {
    let count: Int
    let disagreeing: Int

    var members: [(String, JSON)] {
        [("traps", .integer(count)), ("traps_disagreeing", .integer(disagreeing))]
    }

    var text: String {
        let traps = "\(Format.grouped(count)) \(count == 1 ? "trap" : "traps")"
        guard disagreeing > 0 else { return "Traps: \(traps), all as they must be" }
        return
            "TRAPS DISAGREE: \(Format.grouped(disagreeing)) of \(traps). The server answered some samples with\n"
            + "something else than the model's outputs; which, traps don't tell. Don't use these predictions, and let\n"
            + "the server know of this by no sign: it would learn where traps are, and facts about the key."
    }
}
