// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a network description or with the values given to it.
package enum NetworkError: Error, Equatable, CustomStringConvertible {
    /// A size that is not positive, or does not fit with its neighbours.
    case invalidShape(String)
    /// A list of the wrong length.
    case wrongCount(of: String, expected: Int, found: Int)
    /// A tensor larger than `IntegerNetwork.maximumElements`.
    case tooLarge(String)
    /// A value that is not a number, at this index of the sample.
    case notANumber(index: Int)
    /// A value of a sample that is infinite or not a number.
    case notFinite(sample: Int, feature: Int, value: String)
    /// A value of a sample that is farther outside the box than this is wide; `range` is the box in reals.
    case farOutside(sample: Int, feature: Int, value: Float, range: ClosedRange<Float>)
    /// A sample that the model refuses.
    case refusedSample(Int, reason: String)
    /// An integer outside the box that the network is certified for.
    case outsideBox(index: Int, value: Int, range: ClosedRange<Int>)
    /// A scale, range or zero point that cannot be used.
    case invalidQuantization(String)

    package var description: String {
        switch self {
        case .invalidShape(let text): "invalid shape: \(text)"
        case .wrongCount(let what, let expected, let found):
            "\(what): expected \(expected) values, found \(found)"
        case .tooLarge(let what):
            "\(what) has more than \(IntegerNetwork.maximumElements) elements"
        case .notANumber(let index): "value \(index) of the sample is not a number"
        case .notFinite(let sample, let feature, let value):
            "sample \(sample), feature \(feature) is \(value), which is no finite number in 32 bits: fill in missing "
                + "values as the model was trained"
        case .farOutside(let sample, let feature, let value, let range):
            "sample \(sample), feature \(feature) is \(value); the plan is made for \(range.lowerBound) to "
                + "\(range.upperBound), and it lies outside by more than that range is wide: is it in the units that the "
                + "model takes?"
        case .refusedSample(let sample, let reason): "sample \(sample) has \(reason)"
        case .outsideBox(let index, let value, let range):
            "input \(index) is \(value), outside \(range.lowerBound)...\(range.upperBound)"
        case .invalidQuantization(let text): "invalid quantization: \(text)"
        }
    }
}
