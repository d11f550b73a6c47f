// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// From residues modulo each t_i to the one integer in an output's range.
package struct OutputDecoder: Sendable {
    private let bounds: [ClosedRange<BigInt>]
    private let moduli: [UInt64]
    private let crt: CRTBasis
    /// Of each t_i, what undoes the outputs' unit.
    private let inverses: [UInt64]
    /// The lowest value of each output, and the same modulo t, where there is one t and values fit machine words.
    private let lowest: [(value: Int64, residue: UInt64)]?

    /// Samples whose outputs are written side by side.
    private static let tile = 16

    /// - Parameters:
    ///   - bounds: the range of each output.
    ///   - units: modulo each t_i, what outputs are to be divided by.
    package init(bounds: [ClosedRange<BigInt>], moduli: [UInt64], units: [UInt64]) {
        self.bounds = bounds
        self.moduli = moduli
        crt = CRTBasis(moduli: moduli)
        inverses = zip(units, moduli).map { ModularArithmetic.inverse($0, modulo: $1)! }
        let limit = BigInt(1) << 61
        if moduli.count == 1,
            bounds.allSatisfy({ -limit < $0.lowerBound && $0.upperBound < limit })
        {
            lowest = bounds.map {
                let value = Int64(exactly: $0.lowerBound)!
                return (value, ModularArithmetic.reduce(value, modulo: moduli[0]))
            }
        } else {
            lowest = nil
        }
    }

    package init(_ settings: BFVSettings, _ outputs: OutputReading) {
        self.init(
            bounds: outputs.bounds, moduli: settings.parameters.plaintextModuli,
            units: settings.outputUnits)
    }

    package var outputCount: Int { bounds.count }

    /// The outputs of several samples.
    ///
    /// - Parameters:
    ///   - residue: of a t_i, an output and a sample, in [0, t_i).
    ///   - noiseMarginBits: what noise had left.
    package func outputs(
        samples: Int, noiseMarginBits: Double,
        residue: (_ channel: Int, _ output: Int, _ sample: Int) -> UInt64
    ) -> GroupOutputs {
        let count = bounds.count
        if let lowest {
            var words = [Int64](repeating: 0, count: samples * count)
            // Residues lie sample by sample, outputs output by output: a few of both at a time stay in the cache.
            for first in stride(from: 0, to: samples, by: Self.tile) {
                for (output, (low, reduced)) in lowest.enumerated() {
                    for sample in first..<min(first + Self.tile, samples) {
                        let value = ModularArithmetic.multiply(
                            residue(0, output, sample), inverses[0], modulo: moduli[0])
                        let offset = ModularArithmetic.subtract(value, reduced, modulo: moduli[0])
                        words[sample * count + output] = low + Int64(offset)
                    }
                }
            }
            return GroupOutputs(
                words: words, outputCount: count, noiseMarginBits: noiseMarginBits)
        }
        var integers: [BigInt] = []
        integers.reserveCapacity(samples * count)
        for sample in 0..<samples {
            for output in 0..<count {
                let lowest = bounds[output].lowerBound
                let values = moduli.indices.map {
                    ModularArithmetic.multiply(
                        residue($0, output, sample), inverses[$0], modulo: moduli[$0])
                }
                integers.append(
                    lowest + (crt.reconstruct(residues: values) - lowest).modulo(crt.product))
            }
        }
        return GroupOutputs(
            integers: integers, outputCount: count, noiseMarginBits: noiseMarginBits)
    }
}
