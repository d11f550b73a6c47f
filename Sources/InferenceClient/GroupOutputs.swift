// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// The integer outputs of a group's samples, sample after sample.
package struct GroupOutputs: Sendable {
    private enum Storage: Sendable {
        case words([Int64])
        case integers([BigInt])
    }

    package let sampleCount: Int
    package let outputCount: Int
    private let storage: Storage
    /// The bits that noise had left; infinite for a method without noise. A fact about the secret key: not for the
    /// server.
    package let noiseMarginBits: Double

    /// Outputs that all fit machine words: `outputCount` of each sample in turn.
    package init(words: [Int64], outputCount: Int, noiseMarginBits: Double = .infinity) {
        precondition(outputCount > 0 && words.count % outputCount == 0)
        sampleCount = words.count / outputCount
        self.outputCount = outputCount
        storage = .words(words)
        self.noiseMarginBits = noiseMarginBits
    }

    package init(integers: [BigInt], outputCount: Int, noiseMarginBits: Double = .infinity) {
        precondition(outputCount > 0 && integers.count % outputCount == 0)
        sampleCount = integers.count / outputCount
        self.outputCount = outputCount
        storage = .integers(integers)
        self.noiseMarginBits = noiseMarginBits
    }

    /// The outputs of one sample, exact.
    package func logits(of sample: Int) -> [BigInt] {
        let range = sample * outputCount..<(sample + 1) * outputCount
        switch storage {
        case .words(let words): return words[range].map { BigInt($0) }
        case .integers(let integers): return Array(integers[range])
        }
    }

    /// The same where all outputs of the group fit machine words; else nil.
    package func words(of sample: Int) -> ArraySlice<Int64>? {
        guard case .words(let words) = storage else { return nil }
        return words[sample * outputCount..<(sample + 1) * outputCount]
    }

    /// Whether every output lies in its range.
    package func areInside(_ bounds: [ClosedRange<BigInt>]) -> Bool {
        switch storage {
        case .words(let words):
            // Bounds beyond machine words exclude none.
            let ranges = bounds.map { bound in
                Int64(clamping: bound.lowerBound)...Int64(clamping: bound.upperBound)
            }
            return words.indices.allSatisfy { ranges[$0 % outputCount].contains(words[$0]) }
        case .integers(let integers):
            return integers.indices.allSatisfy { bounds[$0 % outputCount].contains(integers[$0]) }
        }
    }
}

extension Int64 {
    /// The nearest machine word.
    fileprivate init(clamping value: BigInt) {
        self = Int64(exactly: value) ?? (value.isNegative ? .min : .max)
    }
}
