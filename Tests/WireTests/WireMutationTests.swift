import Inference
import TestSupport
import Testing
import Wire

/// Random damage under a right checksum: a typed error or a value that can be used, never a trap.
@Suite struct MutationTests {
    @Test(arguments: Fixture.kinds, [false, true])
    func neverTraps(kind: ArtifactKind, isQuantized: Bool) throws {
        let fixture = try isQuantized ? Fixture.quantized.get() : Fixture.shared.get()
        var generator = SplitMix64(seed: 0xB11D + UInt64(kind.rawValue))
        var accepted = 0
        let rounds = kind == .serverPlan ? 4000 : 10_000
        for _ in 0..<rounds {
            let bytes = try fixture.resealed(kind) { payload in
                for _ in 0...Int.random(in: 0..<4, using: &generator) {
                    Self.mutate(&payload, &generator)
                }
            }
            _ = try? Artifact.inspect(bytes)
            do {
                try Self.use(bytes, as: kind, fixture)
                accepted += 1
            } catch {
                #expect(Fixture.isTyped(error), "\(error)")
            }
        }
        // Some mutations leave a valid file, else only the parser was tested.
        let alwaysChecked: Set<ArtifactKind> = [.serverPlan]
        #expect(accepted > 0 || alwaysChecked.contains(kind), "\(kind)")
    }

    static func mutate(_ payload: inout [UInt8], _ generator: inout SplitMix64) {
        guard !payload.isEmpty else { return }
        // Half of the hits near the start, where small fields are.
        let limit = Bool.random(using: &generator) ? min(payload.count, 400) : payload.count
        let at = Int.random(in: 0..<limit, using: &generator)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: payload[at] = .random(in: 0...255, using: &generator)
        case 1: payload[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 2: payload[at] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator)!
        case 3: payload.remove(at: at)
        case 4: payload.insert(.random(in: 0...255, using: &generator), at: at)
        case 5:
            // The longest varint.
            payload.replaceSubrange(at..<at, with: [UInt8](repeating: 0xFF, count: 9) + [1])
        case 6:
            let end = min(payload.count, at + Int.random(in: 1...64, using: &generator))
            payload.insert(contentsOf: payload[at..<end], at: at)
        default:
            payload.removeSubrange(
                at..<min(payload.count, at + Int.random(in: 1...64, using: &generator)))
        }
    }

    /// Decodes, then does with the value what its receiver would.
    private static func use(_ bytes: [UInt8], as kind: ArtifactKind, _ fixture: Fixture) throws {
        let plan = fixture.plan.client
        switch kind {
        case .serverPlan: _ = try Artifact.decodePlan(bytes, allowInsecure: true)
        case .clientPlan:
            let plan = try Artifact.decodeClientPlan(bytes, allowInsecure: true)
            let client = try Client(plan: plan)
            let zero = min(max(0, plan.input.range.lowerBound), plan.input.range.upperBound)
            _ = try client.encrypt(quantized: Array(repeating: zero, count: plan.input.count))
            if plan.keys.rotations.count < 16 { _ = try client.makeEvaluationKeys() }
        case .secretKey:
            _ = try Artifact.decodeClient(secretKey: bytes, plan: plan)
                .encrypt(quantized: fixture.input)
        case .evaluationKey:
            _ = try Artifact.decodeEvaluationKeys(bytes, plan: plan)
        case .request:
            _ = try fixture.server.predict(Artifact.decodeSample(bytes, plan: plan))
        case .reply:
            _ = try fixture.client.decrypt(Artifact.decodeReply(bytes, plan: plan))
        default: preconditionFailure("not a kind of this fixture")
        }
    }
}
