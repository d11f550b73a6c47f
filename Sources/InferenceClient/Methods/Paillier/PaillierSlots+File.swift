// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
import Paillier
import Wire

extension PaillierSlots {
    package var message: Blindsight_V5_PaillierMessage {
        var message = Blindsight_V5_PaillierMessage()
        message.keyBits = UInt32(keySize.bits)
        message.slotBits = UInt32(slotBits)
        message.products = UInt64(products)
        message.squarings = UInt64(squarings)
        return message
    }

    package init(
        _ message: Blindsight_V5_PaillierMessage, input: InputSpecification,
        outputs: OutputReading, allowInsecure: Bool
    ) throws {
        let size = try PaillierKeySize(wireBits: message.keyBits, allowInsecure: allowInsecure)
        let slotBits = message.slotBits
        guard (2...UInt32(size.bits - 2)).contains(slotBits) else {
            throw WireError.outOfRange("slots of \(slotBits) bits")
        }
        guard message.products < 1 << 48, message.squarings <= message.products else {
            throw WireError.outOfRange("\(message.products) products")
        }
        // Every output and every input has room in a slot.
        let half = BigInt(1) << Int(slotBits - 1)
        guard outputs.rangeIsProven,
            outputs.bounds.allSatisfy({ -half <= $0.lowerBound && $0.upperBound < half }),
            -half <= BigInt(input.range.lowerBound), BigInt(input.range.upperBound) < half
        else { throw WireError.outOfRange("an output or input that no slot holds") }
        self.init(
            keySize: size, slotBits: Int(slotBits), inputCount: input.count,
            outputCount: outputs.count, products: Int(message.products),
            squarings: Int(message.squarings))
    }
}

extension PaillierKeySize {
    /// Of a plan's file: a size with a name, or an insecure one where that is allowed.
    fileprivate init(wireBits bits: UInt32, allowInsecure: Bool) throws {
        switch bits {
        case 2048: self = .bits2048
        case 3072: self = .bits3072
        case 4096: self = .bits4096
        default:
            guard allowInsecure, (256...4096).contains(bits), bits % 128 == 0 else {
                throw WireError.outOfRange("a key of \(bits) bits")
            }
            self = .insecure(bits: Int(bits))
        }
    }
}
