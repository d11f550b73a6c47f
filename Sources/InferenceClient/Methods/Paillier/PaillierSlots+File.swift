// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
import Paillier
import Wire

extension PaillierSlots {
    package var message: Blindsight_V6_PaillierMessage {
        var message = Blindsight_V6_PaillierMessage()
        message.keyBits = UInt32(keySize.bits)
        message.slotBits = UInt32(slotBits)
        message.functionPrivacyBits = UInt32(functionPrivacyBits)
        return message
    }

    package init(
        _ message: Blindsight_V6_PaillierMessage, input: InputSpecification,
        outputs: OutputReading, allowInsecure: Bool
    ) throws {
        guard
            let size = try? PaillierKeySize(
                bits: Int(message.keyBits), allowsInsecure: allowInsecure)
        else { throw WireError.outOfRange("a key of \(message.keyBits) bits") }
        let slotBits = message.slotBits
        guard (2...UInt32(size.bits - 2)).contains(slotBits) else {
            throw WireError.outOfRange("slots of \(slotBits) bits")
        }
        // Every output and every input has room in a slot.
        let half = BigInt(1) << Int(slotBits - 1)
        guard outputs.rangeIsProven,
            outputs.bounds.allSatisfy({ -half <= $0.lowerBound && $0.upperBound < half }),
            -half <= BigInt(input.range.lowerBound), BigInt(input.range.upperBound) < half
        else { throw WireError.outOfRange("an output or input that no slot holds") }
        try self.init(
            keySize: size, slotBits: Int(slotBits), inputCount: input.count,
            outputCount: outputs.count,
            functionPrivacyBits: FunctionPrivacyChoice.check(message.functionPrivacyBits))
    }
}
