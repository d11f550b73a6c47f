// SPDX-License-Identifier: Apache-2.0

import BFV
import Lattice
import Wire

extension Blindsight_V6_LatticeMessage {
    init(_ lattice: LatticeParameters) {
        self.init()
        degree = UInt32(lattice.degree)
        ciphertextModuli = lattice.ciphertextModuli
        specialModulus = lattice.specialModuli[0]
        moreSpecialModuli = Array(lattice.specialModuli.dropFirst())
        securityBits = UInt32(lattice.security.rawValue)
    }

    func parameters(allowInsecure: Bool) throws -> LatticeParameters {
        guard let security = SecurityLevel(rawValue: Int(securityBits)) else {
            throw WireError.outOfRange("security of \(securityBits) bits")
        }
        if security == .insecure {
            guard allowInsecure else { throw WireError.insecureParameters }
            return try .insecure(
                degree: Int(degree), ciphertextModuli: ciphertextModuli,
                specialModuli: [specialModulus] + moreSpecialModuli)
        }
        return try LatticeParameters(
            degree: Int(degree), ciphertextModuli: ciphertextModuli,
            specialModuli: [specialModulus] + moreSpecialModuli, security: security)
    }
}

extension Blindsight_V6_PlaintextsMessage {
    init(_ parameters: BFVParameters) {
        self.init()
        moduli = parameters.plaintextModuli
        if parameters.slots.index > 1 { generators = parameters.plaintexts.flatMap(\.generator) }
    }

    func plaintexts() throws -> [PlaintextModulus] {
        guard moduli.count <= 64, moduli.allSatisfy({ $0 < 1 << 62 }) else {
            throw WireError.outOfRange("the plaintext moduli")
        }
        guard !generators.isEmpty else { return moduli.map { PlaintextModulus(prime: $0) } }
        let index = generators.count / max(moduli.count, 1)
        guard moduli.count > 0, (2...PlaintextModulus.largestIndex).contains(index),
            generators.count == index * moduli.count
        else { throw WireError.outOfRange("\(generators.count) plaintext generators") }
        return moduli.enumerated().map { i, prime in
            PlaintextModulus(
                prime: prime, generator: Array(generators[i * index..<(i + 1) * index]))
        }
    }
}

extension Blindsight_V6_GadgetMessage {
    init(_ gadget: Gadget) {
        self.init()
        level = UInt32(gadget.level)
        digitBits = UInt32(gadget.digitBits)
    }

    func gadget(_ lattice: LatticeParameters) throws -> Gadget {
        guard (1...lattice.maximumLevel).contains(Int(level)),
            (1...UInt32(Gadget.mostDigitBits)).contains(digitBits)
        else {
            throw WireError.outOfRange("a key for level \(level) with digits of \(digitBits) bits")
        }
        return Gadget(level: Int(level), digitBits: Int(digitBits))
    }
}

extension Blindsight_V6_KeySetMessage {
    init(_ set: BFVKeySet) {
        self.init()
        lattice = .init(set.lattice)
        if let gadget = set.relinearization { relinearization = .init(gadget) }
        galois = set.galois.sorted { $0.key < $1.key }.map { element, gadget in
            var message = Blindsight_V6_GaloisKeyMessage()
            message.element = UInt32(element)
            message.gadget = .init(gadget)
            return message
        }
        rerandomizationLevel = UInt32(set.rerandomizationLevel)
    }

    func keySet(allowInsecure: Bool) throws -> BFVKeySet {
        let lattice = try self.lattice.parameters(allowInsecure: allowInsecure)
        guard galois.count <= lattice.degree else {
            throw WireError.outOfRange("\(galois.count) Galois keys")
        }
        guard (1...lattice.maximumLevel).contains(Int(rerandomizationLevel)) else {
            throw WireError.outOfRange("a public key for level \(rerandomizationLevel)")
        }
        var out: [Int: Gadget] = [:]
        var last = 1
        for message in galois {
            let element = Int(message.element)
            guard element % 2 == 1, element > last, element < 2 * lattice.degree else {
                throw WireError.outOfRange("Galois element \(element)")
            }
            last = element
            out[element] = try message.gadget.gadget(lattice)
        }
        let set = BFVKeySet(
            lattice: lattice,
            relinearization: hasRelinearization ? try relinearization.gadget(lattice) : nil,
            galois: out, rerandomizationLevel: Int(rerandomizationLevel))
        try set.check()
        return set
    }
}

extension BFVKeySet {
    package func encoded() throws -> [UInt8] {
        try check()
        return try Blindsight_V6_KeySetMessage(self).serializedBytes()
    }

    /// What a key set's digest is of: the keys, and the form in which they are written.
    func identity() throws -> [UInt8] { try Array("montgomery".utf8) + [0] + encoded() }
}

extension Blindsight_V6_BFVMessage {
    package init(_ settings: BFVSettings) {
        self.init()
        keys = .init(settings.keys)
        plaintexts = .init(settings.parameters)
        outputUnits = settings.outputUnits
        replyC0Bits = UInt32(settings.replyC0Bits)
        replyC1Bits = UInt32(settings.replyC1Bits)
        noiseMarginBits = settings.noiseMarginBits
        functionPrivacyBits = UInt32(settings.functionPrivacyBits)
    }

    package func settings(
        _ outputs: OutputReading, allowInsecure: Bool
    ) throws -> BFVSettings {
        let keys = try self.keys.keySet(allowInsecure: allowInsecure)
        let parameters = try BFVParameters(
            lattice: keys.lattice, plaintexts: plaintexts.plaintexts())
        guard outputUnits.count == parameters.plaintextModuli.count,
            zip(outputUnits, parameters.plaintextModuli).allSatisfy({ $0 > 0 && $0 < $1 })
        else { throw WireError.outOfRange("the output units") }
        guard replyC0Bits >= 1, replyC0Bits <= replyC1Bits, replyC1Bits <= 62,
            parameters.carriesReply(c1Bits: Int(replyC1Bits))
        else { throw WireError.outOfRange("replies of \(replyC1Bits) bits a residue") }
        // Honest margins are below the bits of a reply's residue.
        guard noiseMarginBits.count == parameters.plaintextModuli.count,
            noiseMarginBits.allSatisfy({ $0 > 0 && $0 < 64 })
        else { throw WireError.outOfRange("the noise margins") }
        let settings = try BFVSettings(
            parameters: parameters, keys: keys, outputUnits: outputUnits,
            replyC0Bits: Int(replyC0Bits), replyC1Bits: Int(replyC1Bits),
            noiseMarginBits: noiseMarginBits,
            functionPrivacyBits: FunctionPrivacyChoice.check(functionPrivacyBits))
        guard settings.certificate(outputs).holds else {
            throw WireError.outOfRange("the certificate does not hold")
        }
        return settings
    }
}
