// SPDX-License-Identifier: Apache-2.0

import Inference
import InferenceClient
import Quantization
import TensorGraphs

/// What may be decided about a model while it is planned.
public struct PlanningOptions: Sendable {
    /// Where the bounds of the outputs come from.
    public enum Range: Sendable, Equatable {
        /// A proof for every input in the box.
        case certified
        /// The largest outputs on the calibration samples, and so many bits more. Plan and predictions say that they
        /// are not certified.
        case calibrated(marginBits: Double)
    }

    /// How samples lie in ciphertexts, and for how many at once; by default the cheapest for one.
    public var method = MethodChoice.auto
    /// How the outputs' range is known; by default it is proven.
    public var range = Range.certified
    /// How a float model becomes integers.
    public var quantization = QuantizationOptions()
    /// How well replies hide the model from who decrypts them, in bits: of two models with the same outputs, the replies
    /// of one can be told from those of the other with an advantage of 2^-bits each, under the assumptions that the
    /// threat model lists. 0, 40, 64 or 80; by default 40 where that costs at most half as much time again or 2 ms,
    /// else 0.
    public var functionPrivacyBits: Int?
    /// Whether a plan is made even where its integers answer otherwise than the float model for many calibration
    /// samples.
    public var acceptsAnyError = false
    /// Names of nodes of the model that are left to the client, weights and all.
    package var clientNodes: [String] = []
    /// What several elements of an output are, where the model doesn't tell.
    package var outputKind: TensorGraph.OutputKind?
    /// What clients may know of the model's trees; nil: nothing, so that they can't be served.
    package var trees: TensorGraph.TreeDisclosure?
    /// Of a grid for trees, one more than each feature's limits.
    package var treeBins = 64
    /// What becomes of activations.
    package var activations = ActivationChoice.auto
    package var planner = Planner()
    /// A plan whose clients are to keep their keys: the new one is found within its key set.
    package var within: ClientPlan?

    /// What activations become.
    package enum ActivationChoice: String, Sendable, CaseIterable {
        /// Tables where the model quantizes what it accumulates and a plan with tables is found, else polynomials.
        case auto
        /// Polynomials, near the model's.
        case polynomial
        /// Tables: exactly the model's where it quantizes what it accumulates in so few bits, else of few bits anew.
        case table
    }

    /// A proven range, any method for one sample, 3 to 8 bits.
    public init() {}
}
