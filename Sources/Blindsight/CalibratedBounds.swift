// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Inference
import IntegerNetworks
import Samples

/// Ranges of outputs as samples show them, widened: a guess, not a proof.
struct CalibratedBounds {
    let outputs: [ClosedRange<BigInt>]
    let method: String

    /// - Throws: `NetworkError` for samples that don't fit, `PlanRefusal` for a margin that is no number from 0 to 64.
    init(_ network: IntegerNetwork, samples: SampleSet, marginBits: Double) throws {
        guard marginBits >= 0, marginBits <= 64 else {
            throw PlanRefusal(
                problem: "a margin of \(marginBits) bits", remedies: [.margin(0...64)])
        }
        let reference = IntegerReference(network)
        var largest = Array(repeating: BigInt(0), count: network.outputCount)
        for index in 0..<samples.count {
            let logits = try reference.logits(
                network.input.quantize(samples.sample(at: index)))
            for (output, logit) in logits.enumerated() {
                largest[output] = max(largest[output], logit.magnitude)
            }
        }
        // In sixteenths of a bit, upwards.
        let sixteenths = Int((marginBits * 16).rounded(.up))
        let factor = BigInt(Int64(exp2OfSixteenths(sixteenths % 16))) << (sixteenths / 16)
        outputs = largest.map { seen in
            let bound = ((seen + 1) * factor >> 20) + 1
            return -bound...bound
        }
        method =
            "calibrated on \(samples.count) samples, margin \(Double(sixteenths) / 16) bits"
    }
}

/// 2^20 * 2^(n / 16), rounded up.
private func exp2OfSixteenths(_ n: Int) -> Double {
    var value = Double(1 << 20)
    // 2^(1/16), above.
    for _ in 0..<n { value *= 1.0442737824274139 }
    return value.rounded(.up)
}
