// SPDX-License-Identifier: Apache-2.0

import Inference
import InferenceClient
import TestSupport
import Testing
import Wire

/// Damage of real files: nothing of it reaches a method, nor is a file taken for another.
@Suite struct DamageTests {
    /// All lengths of a short file; of a long one the first and last, those around ends of groups, and some between.
    private static func positions(_ bytes: [UInt8], _ kind: ArtifactKind) -> [Int] {
        var ends = [0]
        if kind.hasGroups {
            for group in Fixture.groups(bytes) { ends.append(ends[ends.count - 1] + group.count) }
        } else {
            ends.append(bytes.count)
        }
        let step = max(97, bytes.count / 200)
        return bytes.indices.filter { position in
            position % step == 0 || ends.contains { -40..<200 ~= position - $0 }
        }
    }

    @Test(arguments: Method.allCases, ArtifactKind.allCases)
    func truncated(method: Method, kind: ArtifactKind) throws {
        let fixture = try Fixture.of(method)
        let bytes = fixture.bytes(kind)
        for length in Self.positions(bytes, kind) {
            #expect(throws: WireError.self, "length \(length)") {
                try fixture.use(Array(bytes[..<length]), as: kind)
            }
        }
    }

    @Test(arguments: Method.allCases, ArtifactKind.allCases)
    func flippedByte(method: Method, kind: ArtifactKind) throws {
        let fixture = try Fixture.of(method)
        let bytes = fixture.bytes(kind)
        var generator = SplitMix64(seed: UInt64(kind.rawValue))
        for position in Self.positions(bytes, kind) {
            var damaged = bytes
            damaged[position] ^= UInt8.random(in: 1...255, using: &generator)
            #expect("position \(position)") {
                try fixture.use(damaged, as: kind)
            } throws: { error in
                // Of a body or of sections only the checksum is told, not what the damage looks like.
                if Self.isInside(position, of: bytes, kind) {
                    return error as? WireError == .corrupt
                }
                if case .otherRequest? = error as? InferenceError { return kind == .reply }
                return error is WireError
            }
        }
    }

    /// Whether a byte is behind a header, or behind a group's head.
    private static func isInside(_ position: Int, of bytes: [UInt8], _ kind: ArtifactKind) -> Bool {
        guard kind.hasGroups else { return position >= Envelope.headerLength }
        var offset = position
        for group in Fixture.groups(bytes) where offset >= 0 {
            if offset < group.count { return offset >= GroupHead.length }
            offset -= group.count
        }
        return false
    }

    @Test(arguments: Method.allCases, ArtifactKind.allCases)
    func otherKinds(method: Method, kind: ArtifactKind) throws {
        let fixture = try Fixture.of(method)
        for other in ArtifactKind.allCases where other != kind {
            #expect(throws: WireError.wrongKind(expected: kind, found: other)) {
                try fixture.use(fixture.bytes(other), as: kind)
            }
        }
    }

    @Test(arguments: Method.allCases, [ArtifactKind.request, .reply])
    func otherPlans(method: Method, kind: ArtifactKind) throws {
        let fixture = try Fixture.of(method)
        let other = try Fixture.of(method, seed: 8)
        let error = WireError.wrongPlan(
            expected: Envelope.hexadecimal(fixture.plan.client.digest),
            found: Envelope.hexadecimal(other.plan.client.digest))
        #expect(throws: error) { try fixture.use(other.bytes(kind), as: kind) }
        let groups = Fixture.groups(fixture.bytes(kind))
        guard groups.count > 1 else { return }
        let foreign = Fixture.groups(other.bytes(kind))[1]
        #expect(throws: error) { try fixture.use(groups[0] + foreign + groups[2], as: kind) }
    }

    /// Keys of another set are refused by its digest, keys of another method by its name.
    @Test(arguments: [ArtifactKind.secretKey, .evaluationKeys]) func otherKeys(kind: ArtifactKind)
        throws
    {
        let larger = try Planner.insecure(degrees: [256], keySize: .insecure(bits: 640))
        for method in Method.encrypted {
            let fixture = try Fixture.of(method)
            let choice: MethodChoice = MethodChoice(fixture.plan.client.methodName, samples: 2)
            let plan = try larger.plan(
                method == .paillier ? Networks.linear(seed: 7) : Networks.square(seed: 7),
                method: choice)
            let other = try Fixture(method, plan, seed: 7)
            let error = WireError.wrongKeySet(
                expected: Envelope.hexadecimal(fixture.plan.client.keySetDigest),
                found: Envelope.hexadecimal(plan.client.keySetDigest))
            #expect(throws: error) { try fixture.use(other.bytes(kind), as: kind) }

            let foreign = try Fixture.of(method == .paillier ? .slots : .paillier)
            let (expected, found) = (
                fixture.plan.client.methodName.rawValue, foreign.plan.client.methodName.rawValue
            )
            #expect("\(method)") {
                try fixture.use(foreign.bytes(kind), as: kind)
            } throws: { error in
                error as? WireError == .wrongMethod(expected: expected, found: found)
                    || error as? InferenceError == .wrongMethod(expected: expected, found: found)
            }
        }
    }

    /// Parameters without security are refused where a program reads them, of whatever method.
    @Test(arguments: Method.allCases) func insecureParameters(method: Method) throws {
        let fixture = try Fixture.of(method)
        let error: WireError =
            method == .paillier ? .outOfRange("a key of 512 bits") : .insecureParameters
        #expect(throws: error) { try ClientPlan(serialized: fixture.bytes(.clientPlan)) }
        #expect(throws: error) { try Plan(serialized: fixture.bytes(.serverPlan)) }
    }

    @Test func unknownMethods() throws {
        let fixture = try Fixture.of(.clear)
        func renamed(_ kind: ArtifactKind, _ name: String, length: UInt8? = nil) throws -> [UInt8] {
            try fixture.resealed(kind) { sections in
                sections[1] = [length ?? UInt8(name.utf8.count)] + Array(name.utf8)
            }
        }
        for kind in [ArtifactKind.clientPlan, .serverPlan] {
            func expect(_ error: WireError, _ bytes: [UInt8]) {
                #expect(throws: error) { try fixture.use(bytes, as: kind) }
            }
            try expect(.unknownMethod("tea-leaves"), renamed(kind, "tea-leaves"))
            for name in [
                "Slots", "slots ", "sl\u{F6}ts", "a/b", "", String(repeating: "a", count: 65),
            ] {
                try expect(.malformed("the name of a method"), renamed(kind, name))
            }
            try expect(
                .malformed("the method's section is cut off"), renamed(kind, "slots", length: 6))
            try expect(
                .malformed("the method's section is cut off"), renamed(kind, "", length: 200))
        }
        let keys = try fixture.resealed(.evaluationKeys) { $0[1] = Array("Clear".utf8) }
        #expect(throws: WireError.malformed("the name of a method")) {
            try fixture.use(keys, as: .evaluationKeys)
        }
    }
}
