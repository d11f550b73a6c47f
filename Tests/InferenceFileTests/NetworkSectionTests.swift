// SPDX-License-Identifier: Apache-2.0

import FuzzTargets
import Inference
import InferenceClient
import IntegerNetworks
import SwiftProtobuf
import TestSupport
import Testing
import Wire

/// The network in a server's plan: what its section may not say.
@Suite struct NetworkSectionTests {
    private static func read(_ section: [UInt8]) throws {
        _ = try Blindsight_V6_NetworkMessage(section: section[...]).network()
    }

    /// Small messages take more memory than bytes: they are counted before they are parsed.
    @Test func millionsOfEmptyMessages() throws {
        let count = 5_000_000
        let empty = [UInt8]((0..<2 * count).map { $0 % 2 == 0 ? 0x12 : 0 })
        #expect(throws: WireError.outOfRange("\(count) operations")) { try Self.read(empty) }
        // A parser would stumble over the last one first.
        #expect(throws: WireError.outOfRange("\(count + 1) operations")) {
            try Self.read(empty + [0x12, 1, 0xFF])
        }
        // In a whole file too.
        let fixture = try Fixture.of(.slots)
        let bytes = try fixture.resealed(.serverPlan) { $0[SectionRule.Number.network] = empty }
        #expect(throws: WireError.outOfRange("\(count) operations")) {
            try Plan(serialized: bytes, allowInsecure: true)
        }
        // Nor are labels, or inputs, without end.
        for tag: UInt8 in [0x22, 0x0A] {
            let many = [UInt8]((0..<2 * count).map { $0 % 2 == 0 ? tag : 0 })
            #expect(
                throws: WireError.sectionTooLarge(
                    "network, without operations", bytes: UInt64(2 * count), limit: 4 << 20)
            ) { try Self.read(many) }
        }
    }

    /// What is no sequence of fields.
    @Test func noMessage() {
        for bytes: [UInt8] in [
            [0x12], [0x12, 5, 1], [0x12, 0xFF], [0x80], [UInt8](repeating: 0xFF, count: 11),
            [0x12] + [UInt8](repeating: 0xFF, count: 9) + [1], [0x0B], [0x0C], [0x0E], [0x0F],
            [0x09, 1], [0x0D, 1],
        ] {
            #expect(throws: WireError.malformed("a section is no protobuf message")) {
                try Self.read(bytes)
            }
        }
        #expect(throws: NetworkError.self) { try Self.read([]) }
    }

    @Test func operations() throws {
        typealias Network = Blindsight_V6_NetworkMessage
        var options = RandomGraph.Options()
        options.isImage = true
        options.operations = 8...8
        // One of each kind.
        let networks = try (0..<20).map { try RandomGraph.make(seed: $0, options: options) }
        func change(
            _ kind: Blindsight_V6_OperationMessage.Kind, _ what: String,
            _ change: (inout Blindsight_V6_OperationMessage) -> Void
        ) throws {
            let found = networks.lazy.map { Network($0) }.first {
                $0.operations.contains { $0.kind == kind }
            }
            var message = try #require(found)
            let at = try #require(message.operations.firstIndex { $0.kind == kind })
            try Self.read(message.serializedBytes())
            change(&message.operations[at])
            #expect("\(kind), \(what)") { try Self.read(message.serializedBytes()) } throws: {
                Party.isTyped($0)
            }
        }
        for kind in [
            Blindsight_V6_OperationMessage.Kind.convolution, .affine, .square, .product,
        ] {
            try change(kind, "no kind") { $0.kind = .unspecified }
            try change(kind, "an unknown kind") { $0.kind = .UNRECOGNIZED(77) }
            try change(kind, "no sizes") { $0.sizes = [] }
            // An affine map's may be any shape.
            if kind != .affine { try change(kind, "a size more") { $0.sizes.append(1) } }
            try change(kind, "a negative size") { $0.sizes[0] = -1 }
            try change(kind, "the largest size") { $0.sizes[0] = .max }
            try change(kind, "no sources") { $0.sources = [] }
            try change(kind, "a source that isn't made") { $0.sources[0] = 9 }
            try change(kind, "the last source") { $0.sources[0] = .max }
        }
        for kind in [Blindsight_V6_OperationMessage.Kind.square, .product] {
            try change(kind, "weights") { $0.weights = [1] }
            try change(kind, "a bias") { $0.bias = [1] }
        }
        for kind in [Blindsight_V6_OperationMessage.Kind.convolution, .square] {
            try change(kind, "columns") { $0.columns = 1 }
            try change(kind, "row counts") { $0.rowCounts = [0] }
            try change(kind, "column indices") { $0.columnIndices = [0] }
        }
        try change(.convolution, "a weight less") { $0.weights.removeLast() }
        try change(.convolution, "a stride of 0") { $0.sizes[5] = 0 }
        try change(.convolution, "the largest kernel") { $0.sizes[3] = .max }
        try change(.convolution, "the least padding") { $0.sizes[7] = .min }
        try change(.affine, "an entry less") { $0.weights.removeLast() }
        try change(.affine, "a weight of 0") { $0.weights[0] = 0 }
        try change(.affine, "a column that isn't there") { $0.columnIndices[0] = $0.columns }
        try change(.affine, "2^32 - 1 columns") { $0.columns = .max }
        try change(.affine, "a longer row") { $0.rowCounts[0] += 1 }
        try change(.affine, "the longest row") { $0.rowCounts[0] = .max }
        try change(.affine, "a row more") { $0.rowCounts.append(0) }
        // Rows without end are refused before any is made.
        var rows = Blindsight_V6_OperationMessage()
        rows.kind = .affine
        rows.rowCounts = [UInt32](repeating: 0, count: 1 << 24 + 1)
        var network = Network(networks[0])
        network.operations = [rows]
        let section: [UInt8] = try network.serializedBytes()
        #expect(throws: WireError.malformed("an affine map's entries")) { try Self.read(section) }
    }

    /// The plan's inputs and outputs are its network's.
    @Test func otherNetwork() throws {
        let fixture = try Fixture.of(.slots)
        let other = try Fixture.of(.features, seed: 8)
        let error = PlanError.invalid("its inputs and outputs are not those of its network")
        for change: (inout Blindsight_V6_NetworkMessage) -> Void in [
            { $0.labels[0] = "z" }, { $0.outputScale *= 2 }, { $0.input.scale *= 2 },
            { $0.input.highest += 1 }, { $0.transform = "softmax" },
        ] {
            let bytes = try fixture.resealed(network: change)
            #expect(throws: error) { try Plan(serialized: bytes, allowInsecure: true) }
        }
        // Another network of the same form is the writer's to choose: what is claimed of it is proven all the same.
        let foreign = try fixture.resealed(.serverPlan) {
            $0[SectionRule.Number.network] =
                try Fixture.sections(other.bytes(.serverPlan))[SectionRule.Number.network]
        }
        let plan = try Plan(serialized: foreign, allowInsecure: true)
        #expect(plan.network == other.plan.network && plan.network != fixture.plan.network)
        do {
            let proven = try plan.proven()
            let client = try Client(proven.client)
            let request = try client.encrypt(quantized: fixture.samples)
            let reply = try Server(proven, keys: client.evaluationKeys()).predict(request)
            let expected = try fixture.samples.map {
                try IntegerReference(other.plan.network).logits($0)
            }
            #expect(try client.decrypt(reply, of: request).map(\.logits) == expected)
        } catch InferenceError.outsideRange {
            // Ranges are claimed of the first network: never another answer.
        } catch { #expect(error is PlanError || error is WireError, "\(error)") }
    }
}
