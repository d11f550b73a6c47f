// SPDX-License-Identifier: Apache-2.0

import ONNXModels
import SwiftProtobuf
import TensorGraphs
import TestSupport
import Testing

/// Broken files give a typed error: never a trap, never an allocation of a size that they merely claim.
@Suite struct ONNXHostileTests {
    private func sound() -> ONNXModelProto {
        var options = RandomNetwork.Options()
        options.low = 0...0
        options.startsWithConvolution = true
        options.linearLayers = 2...2
        return ONNXBuilder.model(of: RandomNetwork.make(seed: 1, options: options))
    }

    private func refuses(
        _ model: ONNXModelProto, _ text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let bytes: [UInt8] = try model.serializedBytes()
        #expect(sourceLocation: sourceLocation) {
            _ = try ONNXModel.load(bytes)
        } throws: { error in
            error is ONNXError && "\(error)".contains(text)
        }
    }

    private func load(_ bytes: [UInt8]) {
        do {
            let model = try ONNXModel.load(bytes)
            _ = try? FloatReference(model)
            _ = try model.integerNetwork()
        } catch {
            // Only the typed error may come out: the compiler checks it (typed throws).
            let _: ONNXError = error
        }
    }

    @Test func truncated() throws {
        let bytes: [UInt8] = try sound().serializedBytes()
        for count in 0..<bytes.count { load(Array(bytes[..<count])) }
        #expect(throws: ONNXError.self) { try ONNXModel.load([]) }
        #expect(throws: ONNXError.self) { try ONNXModel.load(Array(bytes.dropLast())) }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func flippedBytes(seed: UInt64) throws {
        let bytes: [UInt8] = try sound().serializedBytes()
        var generator = SplitMix64(seed: seed)
        for _ in 0..<1500 {
            var broken = bytes
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                broken[Int.random(in: 0..<bytes.count, using: &generator)] =
                    UInt8.random(in: 0...255, using: &generator)
            }
            load(broken)
        }
    }

    /// Errors go to terminals and logs: a name can't clear the one nor begin a line of the other.
    @Test func namesThatSteer() throws {
        var model = sound()
        let last = model.graph.node.count - 1
        model.graph.node[last].name = "\u{1B}[2J"
        model.graph.node[last].opType = "No\nError: \u{202E}"
        let bytes: [UInt8] = try model.serializedBytes()
        #expect {
            _ = try ONNXModel.load(bytes).integerNetwork()
        } throws: { error in
            "\(error)".contains(#"node '\u{1B}[2J' (No\u{A}Error: \u{202E})"#)
        }
    }

    @Test func tooLong() {
        let bytes = [UInt8](repeating: 0, count: ONNXModel.maximumBytes + 1)
        #expect(throws: ONNXError.tooLarge(bytes: bytes.count, limit: ONNXModel.maximumBytes)) {
            try ONNXModel.load(bytes)
        }
    }

    @Test func lengthsThatLie() throws {
        // Field 7 (the graph) with a claimed length of 2^60.
        let claim: [UInt8] = [0x3A, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]
        #expect(throws: ONNXError.self) { try ONNXModel.load(claim) }
    }

    @Test(arguments: [[1 << 60], [1 << 32, 1 << 32], [-1], [0], [1 << 20, 1 << 20, 1 << 24]])
    func hugeSizes(dims: [Int64]) throws {
        var model = sound()
        model.graph.initializer[0].dims = dims
        try refuses(model, model.graph.initializer[0].name)
        var shaped = sound()
        for (index, size) in dims.enumerated() where index < 3 {
            shaped.graph.input[0].type.tensorType.shape.dim[index + 1].dimValue = size
        }
        try refuses(shaped, "input 'image'")
    }

    @Test func dataThatDoesNotFit() throws {
        for index in sound().graph.initializer.indices {
            var model = sound()
            model.graph.initializer[index].rawData.append(0)
            try refuses(model, "bytes")
            model = sound()
            model.graph.initializer[index].rawData = .init()
            try refuses(model, "values")
            model = sound()
            model.graph.initializer[index].int64Data = [1]
            try refuses(model, "both")
            model = sound()
            model.graph.initializer[index].dataType = 99
            try refuses(model, "element type")
            model = sound()
            model.graph.initializer[index].dataLocation = 1
            try refuses(model, "another file")
        }
    }

    @Test func namesThatDangle() throws {
        var model = sound()
        let last = model.graph.node.count - 1
        model.graph.node[last].input[0] = "nowhere"
        try refuses(model, "'nowhere'")
        model = sound()
        model.graph.node[0].input[0] = model.graph.node[last].output[0]
        try refuses(model, "nothing before it makes")
        model = sound()
        model.graph.node[0].input[0] = model.graph.node[0].output[0]
        try refuses(model, "nothing before it makes")
        model = sound()
        model.graph.node[1].output = model.graph.node[0].output
        try refuses(model, "made twice")
        model = sound()
        model.graph.output[0].name = "nowhere"
        try refuses(model, "'nowhere'")
        model = sound()
        model.graph.initializer.removeLast()
        try refuses(model, "nothing before it makes")
        model = sound()
        model.graph.initializer.append(model.graph.initializer[0])
        try refuses(model, "two initializers")
    }

    @Test func versions() throws {
        var model = sound()
        model.opsetImport = []
        try refuses(model, "names no ONNX operator set")
        model = sound()
        model.opsetImport[0].version = 6
        try refuses(model, "operator set 6")
        model.opsetImport[0].version = 99
        try refuses(model, "operator set 99")
        model = sound()
        model.irVersion = 0
        try refuses(model, "IR version 0")
        model = sound()
        model.clearGraph()
        try refuses(model, "no graph")
    }

    @Test func typesOfElements() throws {
        var model = sound()
        model.graph.input[0].type.tensorType.elemType = 14
        try refuses(model, "element type complex")
        model = sound()
        model.graph.input[0].type.tensorType.shape.dim[0].dimValue = 0
        try refuses(model, "a batch of 0")
        model = sound()
        model.graph.input.append(model.graph.input[0])
        try refuses(model, "two inputs named")
        model = sound()
        model.graph.input.append(ONNXBuilder.info("other", [4, 2]))
        try refuses(model, "a batch of 4 beside other inputs")
        model = sound()
        model.graph.input[0].type.tensorType.elemType = 8
        let bytes: [UInt8] = try model.serializedBytes()
        let texts = try ONNXModel.load(bytes)
        #expect(throws: ONNXError.self) { try texts.tensorGraph() }
    }

    @Test func labels() throws {
        var model = sound()
        model.metadataProps[0].value = "a,b,c,d,e,f,g"
        let bytes: [UInt8] = try model.serializedBytes()
        #expect(throws: ONNXError.self) { try ONNXModel.load(bytes).integerNetwork() }
        model.metadataProps[0].value = "\u{1B}[2J"
        #expect(throws: ONNXError.self) { try ONNXModel(model).integerNetwork() }
    }
}
