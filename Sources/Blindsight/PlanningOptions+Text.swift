// SPDX-License-Identifier: Apache-2.0

import Inference
import InferenceClient
import TensorGraphs

/// What is wrong with an option in text.
package struct OptionError: Error, Equatable, CustomStringConvertible {
    package let option: String
    package let problem: String

    package var description: String { "\(option): \(problem)" }
}

extension PlanningOptions {
    /// Options as other languages give them: lines "key=value".
    ///
    /// | key | value |
    /// |---|---|
    /// | method, samples | auto, slots, features, paillier or another; scored at once |
    /// | bits, degrees | such as 3..8 |
    /// | function_privacy | 0, 40, 64 or 80 |
    /// | range, margin_bits, range_bits | certified or calibrated; bits |
    /// | key_bits | of Paillier keys: 2048, 3072 or 4096 |
    /// | outputs | scores or quantities |
    /// | trees, bins | grid, thresholds or structure; 2 to 4096 |
    /// | move | a node that is left to the client; several times |
    /// | activations | auto, polynomial or table |
    /// | accept_errors | true or false |
    package init(text: String) throws(OptionError) {
        self.init()
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else {
                throw OptionError(option: String(line), problem: "not of the form key=value")
            }
            let (key, value) = (
                String(line[..<equals]), String(line[line.index(after: equals)...])
            )
            guard Self.keys.contains(key) else {
                throw OptionError(
                    option: key,
                    problem: "no such option; there are \(Self.keys.joined(separator: ", "))")
            }
            if key == "move" {
                clientNodes.append(value)
            } else if values.updateValue(value, forKey: key) != nil {
                throw OptionError(option: key, problem: "given twice")
            }
        }
        try take(OptionTexts(values))
    }

    private static let keys = [
        "method", "samples", "bits", "degrees", "function_privacy", "range", "margin_bits",
        "range_bits", "key_bits", "outputs", "trees", "bins", "move", "activations",
        "accept_errors",
    ]

    private mutating func take(_ texts: OptionTexts) throws(OptionError) {
        if let range = try texts.range("bits") { quantization.bits = range }
        if let range = try texts.range("degrees") { quantization.degrees = range }
        quantization.rangeBudget = try texts.number("range_bits")
        let name = texts["method"].flatMap { $0 == "auto" ? nil : MethodName(rawValue: $0) }
        if let name, (try? ServerMethods.named(name)) == nil {
            throw OptionError(option: "method", problem: "no method is called '\(name)'")
        }
        // A group of the method "features" is made for many.
        let usual = name?.rawValue == "features" ? 8192 : 1
        method = MethodChoice(
            name, samples: try texts.integer("samples", in: 1...1 << 30) ?? usual)
        let margin = try texts.number("margin_bits")
        if try texts.choice("range", ["certified", "calibrated"]) == "calibrated" {
            range = .calibrated(marginBits: margin ?? 4)
        } else if margin != nil {
            throw OptionError(option: "margin_bits", problem: "it belongs to range=calibrated")
        }
        functionPrivacyBits = try texts.choice(
            "function_privacy", FunctionPrivacyChoice.bits.map(String.init)
        ).flatMap { Int($0) }
        switch try texts.choice("key_bits", ["2048", "3072", "4096"]) {
        case "2048": planner = Planner(keySize: .bits2048)
        case "4096": planner = Planner(keySize: .bits4096)
        default: break
        }
        outputKind = try texts.choice("outputs", ["scores", "quantities"])
            .flatMap { TensorGraph.OutputKind(rawValue: $0) }
        trees = try texts.choice("trees", TensorGraph.TreeDisclosure.allCases.map(\.rawValue))
            .flatMap { TensorGraph.TreeDisclosure(rawValue: $0) }
        if let bins = try texts.integer("bins", in: 2...4096) {
            guard trees == .grid else {
                throw OptionError(option: "bins", problem: "it belongs to trees=grid")
            }
            treeBins = bins
        }
        activations =
            try texts.choice("activations", ActivationChoice.allCases.map(\.rawValue))
            .flatMap { ActivationChoice(rawValue: $0) } ?? .auto
        acceptsAnyError = try texts.choice("accept_errors", ["true", "false"]) == "true"
    }
}

extension PlanRefusal.Remedy {
    /// The option of `PlanningOptions.init(text:)` by which it is done; nil where none does.
    package var option: String? {
        switch self {
        case .fewerBits(let bits, _): "bits=\(bits.lowerBound)..\(bits.upperBound)"
        case .lowestDegree: "degrees=2..2"
        case .calibratedRange: "range=calibrated"
        case .certifiedRange: "range=certified"
        case .statedOutputs: "outputs=quantities"
        case .knownTrees(let trees): "trees=\(trees.rawValue)"
        case .nodesAtTheClient(let names): names.map { "move=\($0)" }.joined(separator: "\n")
        case .anyError: "accept_errors=true"
        case .margin: "margin_bits=4"
        case .calibrationSamples, .fewerActivations, .smallerLayer, .distillation,
            .layersAtTheClient:
            nil
        }
    }
}

/// Values of options, by their keys.
private struct OptionTexts {
    private let values: [String: String]

    init(_ values: [String: String]) { self.values = values }

    subscript(key: String) -> String? { values[key] }

    func number(_ key: String) throws(OptionError) -> Double? {
        guard let text = values[key] else { return nil }
        guard let number = Double(text), number.isFinite else {
            throw OptionError(option: key, problem: "'\(text)' is no number")
        }
        return number
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(OptionError) -> Int? {
        guard let text = values[key] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw OptionError(
                option: key,
                problem: "'\(text)'; it must be \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func range(_ key: String) throws(OptionError) -> ClosedRange<Int>? {
        guard let text = values[key] else { return nil }
        let ends = text.split(separator: ".").map { Int($0) }
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2,
            first <= last
        else {
            throw OptionError(option: key, problem: "'\(text)' is no range such as 3..8")
        }
        return first...last
    }

    func choice(_ key: String, _ choices: [String]) throws(OptionError) -> String? {
        guard let text = values[key] else { return nil }
        guard choices.contains(text) else {
            throw OptionError(
                option: key,
                problem: "'\(text)'; it must be one of \(choices.joined(separator: ", "))")
        }
        return text
    }
}
