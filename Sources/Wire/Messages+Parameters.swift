import BFV
import BigIntegers
import Inference
import NeuralNetwork

/// Conversions of the small messages. Reading validates everything; writing can't fail.
extension Blindsight_V1_ParametersMessage {
    init(_ parameters: BFVParameters) {
        self.init()
        degree = UInt32(parameters.degree)
        ciphertextModuli = parameters.ciphertextModuli
        specialModulus = parameters.specialModulus
        plaintextModuli = parameters.plaintextModuli
        if parameters.slots.index > 1 {
            plaintextGenerators = parameters.plaintexts.flatMap(\.generator)
        }
        securityBits = UInt32(parameters.security.rawValue)
    }

    func parameters(allowInsecure: Bool) throws -> BFVParameters {
        guard let security = SecurityLevel(rawValue: Int(securityBits)) else {
            throw WireError.outOfRange("security of \(securityBits) bits")
        }
        let plaintexts = try self.plaintexts()
        if security == .insecure {
            guard allowInsecure else { throw WireError.insecureParameters }
            return try .insecure(
                degree: Int(degree), ciphertextModuli: ciphertextModuli,
                specialModulus: specialModulus, plaintexts: plaintexts)
        }
        return try BFVParameters(
            degree: Int(degree), ciphertextModuli: ciphertextModuli,
            specialModulus: specialModulus, plaintexts: plaintexts, security: security)
    }

    private func plaintexts() throws -> [PlaintextModulus] {
        guard plaintextModuli.count <= 64, plaintextModuli.allSatisfy({ $0 < 1 << 62 }) else {
            throw WireError.outOfRange("the plaintext moduli")
        }
        guard !plaintextGenerators.isEmpty else {
            return plaintextModuli.map { PlaintextModulus(prime: $0) }
        }
        let index = plaintextGenerators.count / max(plaintextModuli.count, 1)
        guard plaintextModuli.count > 0, (2...PlaintextModulus.largestIndex).contains(index),
            plaintextGenerators.count == index * plaintextModuli.count
        else {
            throw WireError.outOfRange("\(plaintextGenerators.count) plaintext generators")
        }
        return plaintextModuli.enumerated().map { i, prime in
            PlaintextModulus(
                prime: prime,
                generator: Array(plaintextGenerators[i * index..<(i + 1) * index]))
        }
    }
}

extension Blindsight_V1_GadgetMessage {
    init(_ gadget: Gadget) {
        self.init()
        level = UInt32(gadget.level)
        digitBits = UInt32(gadget.digitBits)
    }

    func gadget(_ parameters: BFVParameters) throws -> Gadget {
        guard (1...parameters.maximumLevel).contains(Int(level)), (1...50).contains(digitBits)
        else {
            throw WireError.outOfRange("a key for level \(level) with digits of \(digitBits) bits")
        }
        return Gadget(level: Int(level), digitBits: Int(digitBits))
    }
}

extension Blindsight_V1_KeySpecificationMessage {
    init(_ keys: EvaluationKeySpecification) {
        self.init()
        if let gadget = keys.relinearization { relinearization = .init(gadget) }
        rotations = keys.rotations.sorted { $0.key < $1.key }.map { permutation, gadget in
            var message = Blindsight_V1_RotationMessage()
            message.rotation = UInt32(permutation.rotation)
            message.swapsRows = permutation.swapsRows
            message.gadget = .init(gadget)
            return message
        }
    }

    func specification(_ parameters: BFVParameters) throws -> EvaluationKeySpecification {
        guard rotations.count <= parameters.degree else {
            throw WireError.outOfRange("\(rotations.count) rotation keys")
        }
        var out: [SlotPermutation: Gadget] = [:]
        for message in rotations {
            guard message.rotation < UInt32(parameters.degree / 2) else {
                throw WireError.outOfRange("rotation \(message.rotation)")
            }
            let permutation = SlotPermutation(
                rotation: Int(message.rotation), swapsRows: message.swapsRows)
            guard !permutation.isIdentity(degree: parameters.degree),
                out.updateValue(try message.gadget.gadget(parameters), forKey: permutation) == nil
            else { throw WireError.malformed("a rotation key twice, or for no rotation") }
        }
        return EvaluationKeySpecification(
            relinearization: hasRelinearization ? try relinearization.gadget(parameters) : nil,
            rotations: out)
    }
}

extension Blindsight_V1_InputMessage {
    init(_ input: InputSpecification) {
        self.init()
        shape = input.shape.map(UInt32.init)
        lowest = Int64(input.range.lowerBound)
        highest = Int64(input.range.upperBound)
        scale = input.scale
        zeroPoint = Int64(input.zeroPoint)
        offsets = input.offsets
        scales = input.scales
        normalization = input.normalization?.rawValue ?? ""
    }

    func specification() throws -> InputSpecification {
        guard lowest <= highest else {
            throw WireError.outOfRange("an input range from \(lowest) to \(highest)")
        }
        guard shape.count <= 8 else {
            throw WireError.outOfRange("an input of \(shape.count) dimensions")
        }
        let normalization = Normalization(rawValue: self.normalization)
        guard normalization != nil || self.normalization.isEmpty else {
            throw WireError.outOfRange("the input's normalization")
        }
        return try InputSpecification(
            shape: shape.map(Int.init), range: Int(lowest)...Int(highest), scale: scale,
            zeroPoint: Int(zeroPoint), offsets: offsets, scales: scales,
            normalization: normalization)
    }
}

extension Blindsight_V1_CertificateMessage {
    init(_ certificate: Certificate) {
        self.init()
        outputBounds = certificate.outputBounds.map {
            var range = Blindsight_V1_RangeMessage()
            range.lowest = $0.lowerBound.description
            range.highest = $0.upperBound.description
            return range
        }
        boundMethod = certificate.boundMethod
        noiseMarginBits = certificate.noiseMarginBits
        rangeIsCalibrated = !certificate.rangeIsProven
    }

    func bounds(count: Int) throws -> [ClosedRange<BigInt>] {
        guard outputBounds.count == count else {
            throw WireError.wrongCount(
                "output bounds", expected: count, found: outputBounds.count)
        }
        return try outputBounds.map { range in
            guard range.lowest.utf8.count <= 1000, range.highest.utf8.count <= 1000,
                let lowest = BigInt(range.lowest, radix: 10),
                let highest = BigInt(range.highest, radix: 10), lowest <= highest
            else { throw WireError.malformed("an output bound") }
            return lowest...highest
        }
    }

    func certificate(_ parameters: BFVParameters, outputs: Int) throws -> Certificate {
        let certificate = Certificate(
            outputBounds: try bounds(count: outputs), boundMethod: boundMethod,
            plaintextModulus: parameters.plaintextModulus, noiseMarginBits: noiseMarginBits,
            keyModulus: parameters.keyModulus, degree: parameters.degree,
            security: parameters.security, rangeIsProven: !rangeIsCalibrated)
        guard noiseMarginBits.count == parameters.plaintextModuli.count, certificate.holds else {
            throw WireError.outOfRange("the certificate does not hold")
        }
        return certificate
    }
}

extension Blindsight_V1_CostMessage {
    init(_ cost: CostEstimate) {
        self.init()
        operations = cost.operations.words.map(UInt64.init)
        requestBytes = UInt64(cost.requestBytes)
        replyBytes = UInt64(cost.replyBytes)
        evaluationKeyBytes = UInt64(cost.evaluationKeyBytes)
        serverMemoryBytes = UInt64(cost.serverMemoryBytes)
    }

    func cost() throws -> CostEstimate {
        let small = try operations.map { try Self.integer($0) }
        guard let counts = OperationCounts(words: small) else {
            throw WireError.malformed("\(operations.count) operation counts")
        }
        return CostEstimate(
            operations: counts, requestBytes: try Self.integer(requestBytes),
            replyBytes: try Self.integer(replyBytes),
            evaluationKeyBytes: try Self.integer(evaluationKeyBytes),
            serverMemoryBytes: try Self.integer(serverMemoryBytes))
    }

    private static func integer(_ value: UInt64) throws -> Int {
        guard value < 1 << 53 else { throw WireError.outOfRange("a cost of \(value)") }
        return Int(value)
    }
}
