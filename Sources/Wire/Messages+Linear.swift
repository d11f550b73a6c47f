import BigIntegers
import Foundation
import Inference
import IntegerNetworks
import Paillier

extension PaillierKeySize {
    /// Of a plan's file: a size with a name, or an insecure one where that is allowed.
    init(wireBits bits: UInt32, allowInsecure: Bool) throws {
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

extension Blindsight_V1_LinearClientPlanMessage {
    init(_ plan: LinearClientPlan) {
        self.init()
        keyBits = UInt32(plan.keySize.bits)
        input = .init(plan.input)
        slotBits = UInt32(plan.slotBits)
        outputBounds = plan.reading.bounds.map {
            var range = Blindsight_V1_RangeMessage()
            range.lowest = $0.lowerBound.description
            range.highest = $0.upperBound.description
            return range
        }
        boundMethod = plan.reading.boundMethod
        outputScale = plan.reading.scale
        labels = plan.reading.labels
        decision = plan.reading.decision.wireName
        transform = plan.reading.transform.wireName
        products = UInt64(plan.cost.products)
        squarings = UInt64(plan.cost.squarings)
    }

    func plan(allowInsecure: Bool) throws -> LinearClientPlan {
        let size = try PaillierKeySize(wireBits: keyBits, allowInsecure: allowInsecure)
        let input = try self.input.specification()
        let outputs = outputBounds.count
        let decision = try Decision(wireName: self.decision)
        guard outputs > 0, decision.labelsCount(outputs: outputs) == labels.count else {
            throw WireError.outOfRange("\(labels.count) labels for \(outputs) outputs")
        }
        try PlanChecks.check(text: boundMethod, "the bound method")
        for label in labels { try PlanChecks.check(text: label, "a label") }
        guard outputScale.isNormal, outputScale > 0 else {
            throw WireError.outOfRange("an output scale of \(outputScale)")
        }
        guard (2...UInt32(size.bits - 2)).contains(slotBits) else {
            throw WireError.outOfRange("slots of \(slotBits) bits")
        }
        guard products < 1 << 48, squarings <= products else {
            throw WireError.outOfRange("\(products) products")
        }
        // Every output and every input has room in a slot.
        let half = BigInt(1) << Int(slotBits - 1)
        let bounds = try Blindsight_V1_RangeMessage.ranges(outputBounds)
        guard bounds.allSatisfy({ -half <= $0.lowerBound && $0.upperBound < half }),
            -half <= BigInt(input.range.lowerBound), BigInt(input.range.upperBound) < half
        else { throw WireError.outOfRange("an output or input that no slot holds") }
        let ciphertext = size.bits / 4
        return LinearClientPlan(
            keySize: size, input: input,
            reading: OutputReading(
                bounds: bounds, boundMethod: boundMethod, rangeIsProven: true, scale: outputScale,
                labels: labels, decision: decision,
                transform: try OutputTransform(wireName: transform)),
            slotBits: Int(slotBits),
            cost: LinearCost(
                requestBytes: input.count * ciphertext, replyBytes: outputs * ciphertext,
                publicKeyBytes: 8 + 3 * size.bits / 8, products: Int(products),
                squarings: Int(squarings)))
    }
}

extension Blindsight_V1_RangeMessage {
    static func ranges(_ messages: [Self]) throws -> [ClosedRange<BigInt>] {
        try messages.map { range in
            guard range.lowest.utf8.count <= 1000, range.highest.utf8.count <= 1000,
                let lowest = BigInt(range.lowest, radix: 10),
                let highest = BigInt(range.highest, radix: 10), lowest <= highest
            else { throw WireError.malformed("an output bound") }
            return lowest...highest
        }
    }
}

extension Blindsight_V1_LinearVectorMessage {
    init(sampleCount: Int, _ ciphertexts: EncryptedVector) {
        self.init()
        self.sampleCount = UInt32(sampleCount)
        self.ciphertexts = Data(ciphertexts.bytes)
    }

    /// - Parameter perGroup: ciphertexts of each group of samples.
    func vector(
        _ plan: LinearClientPlan, perGroup: Int, key: PaillierPublicKey
    ) throws -> EncryptedVector {
        guard sampleCount > 0 else { throw WireError.outOfRange("no samples") }
        let count = plan.groups(of: Int(sampleCount)) * perGroup
        guard ciphertexts.count == count * key.ciphertextBytes else {
            throw WireError.wrongCount(
                "ciphertext bytes", expected: count * key.ciphertextBytes,
                found: ciphertexts.count)
        }
        return try EncryptedVector(bytes: [UInt8](ciphertexts), publicKey: key)
    }
}
