// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How outputs become a decision.
package enum Decision: String, Sendable, Hashable, CaseIterable {
    /// The label of the largest output.
    case largest
    /// The label of the smallest output.
    case smallest
    /// One output; the second of two labels where it is above zero.
    case sign
    /// Outputs are the decisions of pairs of classes (i, j), i < j, in the order (0, 1), (0, 2), ... (1, 2), ...: above
    /// zero is a vote for i, else for j; the label of most votes, the first of equals.
    case vote
    /// None: the outputs are predicted quantities.
    case regression

    /// The number of labels that outputs of this number have; nil where there can't be as many outputs.
    package func labelsCount(outputs: Int) -> Int? {
        switch self {
        case .largest, .smallest, .regression: return outputs
        case .sign: return outputs == 1 ? 2 : nil
        case .vote:
            let classes = Int((Double(8 * outputs + 1).squareRoot() + 1) / 2)
            return classes >= 2 && classes * (classes - 1) / 2 == outputs ? classes : nil
        }
    }

    /// The index of the label for these outputs; 0 for a regression.
    // Quantization calls it for every candidate and sample: inlinable, so that it is specialized there.
    @inlinable
    package func index<Value: Comparable & ExpressibleByIntegerLiteral>(of outputs: [Value]) -> Int
    {
        switch self {
        case .largest: return argmax(outputs) ?? 0
        case .smallest:
            // The first of equals.
            return outputs.indices.dropFirst().reduce(0) { outputs[$1] < outputs[$0] ? $1 : $0 }
        case .sign: return outputs[0] > 0 ? 1 : 0
        case .regression: return 0
        case .vote:
            let classes = labelsCount(outputs: outputs.count) ?? 1
            var votes = [Int](repeating: 0, count: classes)
            var pair = 0
            for i in 0..<classes {
                for j in i + 1..<max(classes, i + 1) {
                    votes[outputs[pair] > 0 ? i : j] += 1
                    pair += 1
                }
            }
            return argmax(votes) ?? 0
        }
    }
}

/// What the client applies to the outputs after decryption.
package enum OutputTransform: String, Sendable, Hashable, CaseIterable {
    case none
    case sigmoid
    case softmax
    case logSoftmax

    /// Probabilities, or whatever the model shows, of real outputs.
    package func apply(_ outputs: [Double]) -> [Double] {
        switch self {
        case .none: return outputs
        case .sigmoid: return outputs.map { 1 / (1 + exp(-$0)) }
        case .softmax, .logSoftmax:
            let largest = outputs.max() ?? 0
            let powers = outputs.map { exp($0 - largest) }
            let sum = powers.reduce(0, +)
            guard self == .logSoftmax else { return powers.map { $0 / sum } }
            return outputs.map { $0 - largest - log(sum) }
        }
    }
}
