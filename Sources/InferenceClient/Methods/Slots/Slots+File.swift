// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import Wire

extension Slots {
    /// Ciphertexts that a sample may take.
    private static let maximumLayouts = 16
    /// Ciphertexts that outputs may take, modulo each t_i.
    package static let maximumOutputLayouts = 64
    private static let maximumFactorPairs = 64

    package var message: Blindsight_V6_BFVMessage {
        var message = Blindsight_V6_BFVMessage(settings)
        message.inputLayout = inputLayouts.flatMap { $0.features.map { UInt32($0 + 1) } }
        message.factorPairs = UInt32(factorPairs)
        message.samples = samples > 1 ? UInt32(samples) : 0
        message.outputLayout = outputLayouts.flatMap { $0.features.map { UInt32($0 + 1) } }
        return message
    }

    package init(
        _ settings: BFVSettings, _ message: Blindsight_V6_BFVMessage, input: InputSpecification,
        outputs: OutputReading
    ) throws {
        guard message.outputCount == 0 else {
            throw WireError.malformed("an output count beside slot layouts")
        }
        guard message.factorPairs <= Self.maximumFactorPairs else {
            throw WireError.outOfRange("\(message.factorPairs) pairs of factors")
        }
        let slots = settings.parameters.slots.slotCount
        let samples = max(1, Int(message.samples))
        guard message.samples != 1, samples <= slots, samples & (samples - 1) == 0,
            samples == 1 || message.factorPairs == 0,
            samples * max(input.count, outputs.count) < Int(Int32.max)
        else { throw WireError.outOfRange("\(message.samples) samples side by side") }
        let outputCount = samples * outputs.count
        let outputLayouts = try Self.layouts(
            message.outputLayout, "output layout", slots: slots, features: outputCount,
            most: message.factorPairs > 0 ? 1 : Self.maximumOutputLayouts)
        try Self.requireApart(outputLayouts, outputs: outputCount)
        self.init(
            settings: settings, samples: samples,
            inputLayouts: try Self.layouts(
                message.inputLayout, "input layout", slots: slots,
                features: samples * input.count,
                most: Self.maximumLayouts),
            outputLayouts: outputLayouts, factorPairs: Int(message.factorPairs))
    }

    /// - Throws: where shares of one output are in several layouts.
    private static func requireApart(_ layouts: [SlotLayout], outputs: Int) throws {
        var home = [Int](repeating: -1, count: outputs)
        for (index, layout) in layouts.enumerated() {
            for output in layout.features where output != SlotLayout.empty {
                guard home[Int(output)] < 0 || home[Int(output)] == index else {
                    throw WireError.malformed("an output in several output layouts")
                }
                home[Int(output)] = index
            }
        }
    }

    private static func layouts(
        _ values: [UInt32], _ what: String, slots: Int, features: Int, most: Int
    ) throws -> [SlotLayout] {
        let count = values.count / slots
        guard values.count % slots == 0, (1...most).contains(count) else {
            throw WireError.wrongCount(what, expected: slots, found: values.count)
        }
        guard values.allSatisfy({ Int($0) <= features }) else {
            throw WireError.outOfRange(what)
        }
        return (0..<count).map { index in
            SlotLayout(
                features: values[index * slots..<(index + 1) * slots].map { Int32($0) - 1 })
        }
    }
}
