// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import Wire

extension Features {
    package var message: Blindsight_V6_BFVMessage {
        var message = Blindsight_V6_BFVMessage(settings)
        message.outputCount = UInt32(outputCount)
        return message
    }

    package init(
        _ settings: BFVSettings, _ message: Blindsight_V6_BFVMessage, input: InputSpecification,
        outputs: OutputReading
    ) throws {
        guard message.inputLayout.isEmpty, message.outputLayout.isEmpty,
            message.factorPairs == 0, message.samples == 0
        else {
            throw WireError.malformed("slot layouts where features have ciphertexts of their own")
        }
        guard Int(message.outputCount) == outputs.count else {
            throw WireError.wrongCount(
                "outputs", expected: outputs.count, found: Int(message.outputCount))
        }
        self.init(settings: settings, inputCount: input.count, outputCount: outputs.count)
    }
}
