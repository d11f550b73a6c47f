import Inference
import SwiftProtobuf
import TestSupport
import Testing
import Wire

/// Payloads that lie under an envelope that is right.
@Suite struct PayloadTests {
    private func expect<M: Message>(
        _ kind: ArtifactKind, _ error: WireError? = nil, _ what: String,
        _ change: (inout M) -> Void
    ) throws {
        let fixture = try Fixture.shared.get()
        let bytes = try fixture.resealed(kind) { payload in
            var message = try M(serializedBytes: payload)
            change(&message)
            payload = try message.serializedBytes()
        }
        #expect(bytes != fixture.files[kind], "\(what): nothing was changed")
        #expect("\(what)") {
            try fixture.recode(bytes, as: kind)
        } throws: { found in
            error == nil ? Fixture.isTyped(found) : found as? WireError == error
        }
    }

    @Test func residueNotBelowItsModulus() throws {
        // All ones is never below an odd modulus of as many bits. Last residue of the last limb too.
        try expect(.request, .residueTooLarge("ciphertext 0"), "first residue") {
            (m: inout Blindsight_V1_RequestMessage) in
            for i in 0..<8 { m.ciphertexts[0].residues[i] = 0xFF }
        }
        let last = try Fixture.shared.get().plan.choices.parameters.plaintextModuli.count - 1
        try expect(.request, .residueTooLarge("ciphertext \(last)"), "last residue") {
            (m: inout Blindsight_V1_RequestMessage) in
            let count = m.ciphertexts[last].residues.count
            for i in count - 8..<count { m.ciphertexts[last].residues[i] = 0xFF }
        }
        try expect(.evaluationKey, .residueTooLarge("a switching key"), "key") {
            (m: inout Blindsight_V1_EvaluationKeyMessage) in
            for i in 0..<8 { m.keys[0].residues[i] = 0xFF }
        }
    }

    @Test func request() throws {
        let fixture = try Fixture.shared.get()
        let count = fixture.plan.choices.parameters.plaintextModuli.count
        typealias Request = Blindsight_V1_RequestMessage
        try expect(
            .request, .wrongCount("ciphertexts", expected: count, found: count - 1), "one less"
        ) { (m: inout Request) in m.ciphertexts.removeLast() }
        try expect(
            .request, .wrongCount("ciphertexts", expected: count, found: 100_000), "many empty"
        ) { (m: inout Request) in m.ciphertexts = Array(repeating: .init(), count: 100_000) }
        for size in [0, 31, 33] {
            try expect(
                .request, .wrongCount("seed bytes", expected: 32, found: size), "seed of \(size)"
            ) { (m: inout Request) in m.ciphertexts[0].seed = .init(count: size) }
        }
        for change in [-1, 1] {
            try expect(.request, "\(change) bytes of residues") { (m: inout Request) in
                m.ciphertexts[0].residues = .init(count: m.ciphertexts[0].residues.count + change)
            }
        }
    }

    @Test func reply() throws {
        let count = try Fixture.shared.get().plan.choices.parameters.plaintextModuli.count
        typealias Reply = Blindsight_V1_ReplyMessage
        try expect(
            .reply, .wrongCount("ciphertexts", expected: count, found: count + 1), "one more"
        ) { (m: inout Reply) in m.ciphertexts.append(m.ciphertexts[0]) }
        try expect(.reply, "short c0") { (m: inout Reply) in m.ciphertexts[0].c0.removeLast() }
        try expect(.reply, "long c1") { (m: inout Reply) in m.ciphertexts[0].c1.append(0) }
    }

    @Test func evaluationKeys() throws {
        let count = try Fixture.shared.get().plan.choices.keys.rotations.count + 1
        typealias Keys = Blindsight_V1_EvaluationKeyMessage
        try expect(
            .evaluationKey, .wrongCount("evaluation keys", expected: count, found: count - 1),
            "one less"
        ) { (m: inout Keys) in m.keys.removeLast() }
        try expect(
            .evaluationKey, .wrongCount("evaluation keys", expected: count, found: 0), "none"
        ) { (m: inout Keys) in m.keys = [] }
        try expect(.evaluationKey, "exchanged") { (m: inout Keys) in m.keys.swapAt(0, 1) }
        try expect(.evaluationKey, "other element") { (m: inout Keys) in m.keys[1].element ^= 2 }
        try expect(.evaluationKey, "short") { (m: inout Keys) in m.keys[0].residues.removeLast() }
        try expect(.evaluationKey, "seed") { (m: inout Keys) in m.keys[0].seed.append(0) }
    }

    @Test func secretKey() throws {
        typealias Key = Blindsight_V1_SecretKeyMessage
        try expect(.secretKey, .outOfRange("a coefficient of the secret key"), "not ternary") {
            (m: inout Key) in m.coefficients[3] = 0b11_00_01_10
        }
        try expect(
            .secretKey, .outOfRange("a secret key that key generation never gives"), "all ones"
        ) { (m: inout Key) in
            m.coefficients = .init(repeating: 0b01_01_01_01, count: m.coefficients.count)
        }
        try expect(.secretKey, "short") { (m: inout Key) in m.coefficients.removeLast() }
    }

    /// Errors about a secret key carry nothing of it.
    @Test func errorsTellNoSecret() throws {
        let fixture = try Fixture.shared.get()
        let secret = Array(try Envelope.open(fixture.files[.secretKey]!).payload)
        let bytes = try fixture.resealed(.secretKey) { $0.removeLast() }
        do {
            _ = try fixture.recode(bytes, as: .secretKey)
            Issue.record("accepted")
        } catch {
            #expect(!"\(error)".contains(secret.suffix(8).map(String.init).joined(separator: ", ")))
        }
    }

    @Test func insecureParametersAreRefused() throws {
        let fixture = try Fixture.shared.get()
        #expect(throws: WireError.insecureParameters) {
            try Artifact.decodeClientPlan(fixture.files[.clientPlan]!)
        }
        #expect(throws: WireError.insecureParameters) {
            try Artifact.decodePlan(fixture.files[.serverPlan]!)
        }
        // Nor can a small ring claim security.
        typealias Plan = Blindsight_V1_ClientPlanMessage
        for bits: UInt32 in [1, 127, 128, 192, 256, .max] {
            try expect(.clientPlan, "\(bits) bits") { (m: inout Plan) in
                m.parameters.securityBits = bits
            }
        }
    }

    /// `index` coefficients for each t.
    private static func setGenerators(
        _ plan: inout Blindsight_V1_ClientPlanMessage, _ index: Int,
        _ coefficient: (Int64, Int) -> Int64
    ) {
        plan.parameters.plaintextGenerators = plan.parameters.plaintextModuli.flatMap { t in
            (0..<index).map { coefficient(Int64(t), $0) }
        }
    }

    @Test func clientPlan() throws {
        typealias Plan = Blindsight_V1_ClientPlanMessage
        let digits = String(repeating: "9", count: 1_000_000)
        let changes: [(String, (inout Plan) -> Void)] = [
            ("degree 0", { $0.parameters.degree = 0 }),
            ("degree not a power of two", { $0.parameters.degree = 96 }),
            ("degree 2^31", { $0.parameters.degree = 1 << 31 }),
            ("degree doubled", { $0.parameters.degree *= 2 }),
            ("composite modulus", { $0.parameters.ciphertextModuli[0] = 257 * 641 }),
            ("modulus 0", { $0.parameters.specialModulus = 0 }),
            ("modulus 2^64 - 1", { $0.parameters.specialModulus = .max }),
            ("no moduli", { $0.parameters.ciphertextModuli = [] }),
            ("no t", { $0.parameters.plaintextModuli = [] }),
            ("one generator coefficient", { $0.parameters.plaintextGenerators = [1] }),
            ("65 generator coefficients", { Self.setGenerators(&$0, 65) { _, _ in 1 } }),
            ("generators of index 3", { Self.setGenerators(&$0, 3) { t, i in i == 0 ? t : 0 } }),
            ("zero generators", { Self.setGenerators(&$0, 2) { _, _ in 0 } }),
            ("generators of 1", { Self.setGenerators(&$0, 2) { _, i in i == 0 ? 1 : 0 } }),
            ("generators of -2^63", { Self.setGenerators(&$0, 4) { _, _ in .min } }),
            ("generators of 2^63 - 1", { Self.setGenerators(&$0, 4) { _, _ in .max } }),
            ("generators of 64", { Self.setGenerators(&$0, 64) { t, i in i == 0 ? t : 0 } }),
            // In the ideal, but for other slots than the layouts have.
            (
                "generators of another index",
                { plan in
                    let perPrime =
                        plan.parameters.plaintextGenerators.count
                        / plan.parameters.plaintextModuli.count
                    Self.setGenerators(&plan, perPrime == 2 ? 4 : 2) { t, i in i == 1 ? t : 0 }
                }
            ),
            ("a generator more", { $0.parameters.plaintextGenerators.append(0) }),
            ("t twice", { $0.parameters.plaintextModuli.append($0.parameters.plaintextModuli[0]) }),
            ("shape of 2^60", { $0.input.shape = [1 << 30, 1 << 30] }),
            ("no shape", { $0.input.shape = [] }),
            ("empty box", { $0.input.lowest = 4 }),
            ("box of 2^63", { $0.input.highest = .max }),
            ("box from -2^63", { $0.input.lowest = .min }),
            ("zero point", { $0.input.zeroPoint = .max }),
            ("scale 0", { $0.input.scale = 0 }),
            ("scale NaN", { $0.input.scale = .nan }),
            ("an offset more than features", { $0.input.offsets = [1] }),
            ("feature scale 0", { $0.input.scales = [0, 1, 1, 1, 1, 1] }),
            ("offset NaN", { $0.input.offsets = [.nan, 1, 1, 1, 1, 1] }),
            ("a norm that isn't known", { $0.input.normalization = "L3" }),
            ("a decision that isn't known", { $0.decision = "oracle" }),
            ("the usual decision spelled out", { $0.decision = "largest" }),
            ("a sign of three outputs", { $0.decision = "sign" }),
            ("a transform that isn't known", { $0.transform = "relu" }),
            ("no transform spelled out", { $0.transform = "none" }),
            ("short layout", { $0.inputLayout.removeLast() }),
            ("input that isn't there", { $0.inputLayout[0] = 7 }),
            ("input 2^32 - 1", { $0.inputLayout[0] = .max }),
            ("output that isn't there", { $0.outputLayout[0] = 4 }),
            ("unit 0", { $0.outputUnits[0] = 0 }),
            ("unit t", { $0.outputUnits[0] = $0.parameters.plaintextModuli[0] }),
            ("no units", { $0.outputUnits = [] }),
            ("output scale infinite", { $0.outputScale = .infinity }),
            ("no labels", { $0.labels = [] }),
            ("a label more", { $0.labels.append("d") }),
            ("escape sequence", { $0.labels[0] = "\u{1B}[2J" }),
            ("long label", { $0.labels[0] = String(repeating: "x", count: 1025) }),
            ("reply of 0 bits", { $0.replyC0Bits = 0 }),
            ("reply of 2^32 - 1 bits", { $0.replyC1Bits = .max }),
            ("c0 wider than c1", { $0.replyC0Bits = $0.replyC1Bits + 1 }),
            ("level 0", { $0.keys.relinearization.level = 0 }),
            ("level 65", { $0.keys.relinearization.level = 65 }),
            ("digits of 0 bits", { $0.keys.relinearization.digitBits = 0 }),
            ("digits of 51 bits", { $0.keys.relinearization.digitBits = 51 }),
            ("no rotation", { $0.keys.rotations[0].rotation = 0 }),
            ("rotation N", { $0.keys.rotations[0].rotation = $0.parameters.degree }),
            ("rotation twice", { $0.keys.rotations.append($0.keys.rotations[0]) }),
            ("rotations out of order", { $0.keys.rotations.reverse() }),
            ("no bounds", { $0.certificate.outputBounds = [] }),
            ("bound not a number", { $0.certificate.outputBounds[0].lowest = "1e9" }),
            ("bound with a sign", { $0.certificate.outputBounds[0].highest = "+5" }),
            ("bound above T", { $0.certificate.outputBounds[0].highest += "000000000000" }),
            ("bound of 10^6 digits", { $0.certificate.outputBounds[0].highest = digits }),
            ("margin 0", { $0.certificate.noiseMarginBits[0] = 0 }),
            ("margin NaN", { $0.certificate.noiseMarginBits[0] = .nan }),
            ("margin infinite", { $0.certificate.noiseMarginBits[0] = .infinity }),
            ("no margins", { $0.certificate.noiseMarginBits = [] }),
            ("method with a newline", { $0.certificate.boundMethod += "\n" }),
            ("cost of 2^60 bytes", { $0.cost.requestBytes = 1 << 60 }),
            ("a count less", { $0.cost.operations.removeLast() }),
        ]
        for (what, change) in changes { try expect(.clientPlan, what, change) }
    }

    @Test func serverPlan() throws {
        typealias Plan = Blindsight_V1_ServerPlanMessage
        let changes: [(String, (inout Plan) -> Void)] = [
            ("no model", { $0.model = .init() }),
            ("half a model", { $0.model = $0.model.prefix($0.model.count / 2) }),
            ("no choices", { $0.clearChoices() }),
            ("levels rising", { $0.choices.levels[1] = 64 }),
            ("level 0", { $0.choices.levels[0] = 0 }),
            ("level 2^32 - 1", { $0.choices.levels[0] = .max }),
            ("a level less", { $0.choices.levels.removeLast() }),
            ("baby steps 0", { $0.choices.babyCounts[0] = 0 }),
            ("baby steps 2^32 - 1", { $0.choices.babyCounts[0] = .max }),
            ("a key less", { $0.choices.keys.rotations.removeLast() }),
            ("no relinearization", { $0.choices.keys.clearRelinearization() }),
            ("coarse digits", { $0.choices.keys.relinearization.digitBits = 50 }),
            ("narrow replies", { $0.choices.replyC0Bits = 1 }),
            ("special modulus", { $0.choices.parameters.specialModulus = 7681 }),
            ("no bounds", { $0.certificate.outputBounds = [] }),
            ("another bound", { $0.certificate.outputBounds[0].lowest += "0" }),
            ("another method", { $0.certificate.boundMethod = "faith" }),
        ]
        for (what, change) in changes { try expect(.serverPlan, what, change) }
    }

    private func expect<M: Message>(
        _ kind: ArtifactKind, _ what: String, _ change: (inout M) -> Void
    ) throws {
        try expect(kind, nil, what, change)
    }
}
