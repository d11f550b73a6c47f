// SPDX-License-Identifier: Apache-2.0

import Files
import Inference
import TensorGraphs

/// Why a model has no plan: what stands in the way, and the nearest changes that would help.
public struct PlanRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// The layer or node that is the first too much, where one is.
    package let place: String?
    /// What stands in the way, a sentence for people.
    package let problem: String
    /// The nearest first.
    package let remedies: [Remedy]

    package init(place: String? = nil, problem: String, remedies: [Remedy]) {
        self.place = place
        self.problem = problem
        self.remedies = remedies
    }

    public var description: String {
        let place = place.map { " at '\($0.printable(limit: 60))'" } ?? ""
        let steps = remedies.map { "\n  - \($0.description.printable)" }.joined()
        return "this model can't be served\(place): \(problem.printable)"
            + (steps.isEmpty ? "" : "\nWhat would work:\(steps)")
    }

    /// A change that would help. Most name an option of planning.
    package enum Remedy: Sendable, Equatable, CustomStringConvertible {
        /// Samples by which a float model is quantized.
        case calibrationSamples
        /// Fewer bits of weights and inputs; the range of outputs that was the smallest has so many bits.
        case fewerBits(ClosedRange<Int>, smallestRange: Double)
        /// Polynomials of degree 2 in place of activations.
        case lowestDegree
        /// At most so many activations one after another.
        case fewerActivations(Int)
        /// Smaller layers than this one.
        case smallerLayer(String, count: Int)
        /// A range from the samples, not a proof: an input beyond them may give a wrong result.
        case calibratedRange(marginBits: Double)
        /// A proven range, which needs no samples.
        case certifiedRange
        /// A margin of the calibrated range in this range.
        case margin(ClosedRange<Double>)
        /// A student of the model.
        case distillation
        /// What the outputs are: scores of classes, or quantities.
        case statedOutputs
        /// Trees of which clients may know so much.
        case knownTrees(TensorGraph.TreeDisclosure)
        /// Nodes that the client may do before encryption, if it may know what they were fitted to, by their names.
        case nodesAtTheClient([String])
        /// The plan as it is, whatever its errors.
        case anyError
        /// Layers that the client computes itself, if it may know their weights.
        case layersAtTheClient

        package var description: String {
            switch self {
            case .calibrationSamples: "a few hundred samples to quantize it by"
            case .fewerBits(let bits, let smallest):
                "fewer bits, \(bits.lowerBound) to \(bits.upperBound); the smallest range that was found has \((smallest * 10).rounded() / 10) bits"
            case .lowestDegree:
                "polynomials of degree 2 only: each product doubles the bits of the outputs"
            case .fewerActivations(let count):
                "at most \(count) activations one after another: wider layers in place of deeper ones, or linear layers between (they compose into one)"
            case .smallerLayer(let name, let count):
                "smaller layers: '\(name)' has \(count) values"
            case .calibratedRange(let margin):
                "a range from the samples and a margin of \(margin) bits, if outputs beyond those seen may go wrong"
            case .certifiedRange: "a proven range, which needs no samples"
            case .margin(let range):
                "a margin of \(range.lowerBound) to \(range.upperBound) bits; 2 or more leave room for what was not seen"
            case .distillation:
                "a shallow student trained on this model's outputs (distillation), with x*x for activations"
            case .statedOutputs:
                "it stated what they are: scores, or quantities (then each has a unit of its own)"
            case .knownTrees(.grid):
                "its trees' thresholds moved onto a grid made from the samples, which tells the client nothing of them; answers may change a little"
            case .knownTrees(.thresholds):
                "its trees' thresholds told to the client, which compares: the trees' shape and what their leaves are worth stay encrypted"
            case .knownTrees(.structure):
                "its trees told to the client but for what their leaves are worth, which stays encrypted: the fastest"
            case .nodesAtTheClient(let names):
                "\(names.count == 1 ? "this node" : "these nodes") left to the client, if it may know \(names.count == 1 ? "its" : "their") weights, where there are such: \(names.map { "'\($0)'" }.joined(separator: ", "))"
            case .anyError: "the plan as it is, if answers like these will do"
            case .layersAtTheClient:
                "the first layers on the client's side, if their weights may be known to it"
            }
        }
    }
}
