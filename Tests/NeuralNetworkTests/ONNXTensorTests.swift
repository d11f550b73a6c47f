// SPDX-License-Identifier: Apache-2.0

import ONNXModels
import Testing

/// Constants of every element type, raw and typed, through the door that models come by.
@Suite struct ONNXTensorTests {
    private func decode(
        _ type: ONNXElementType, count: Int, _ fill: (inout ONNXTensorProto) -> Void
    ) throws -> ONNXTensor {
        var builder = ONNXBuilder(style: .init())
        builder.graph.input = [ONNXBuilder.info("x", [1, 2])]
        builder.graph.output = [ONNXBuilder.info("x", [1, 2])]
        var tensor = ONNXTensorProto()
        tensor.dataType = type.rawValue
        tensor.dims = [Int64(count)]
        fill(&tensor)
        let name = builder.add(tensor, "t")
        let model = try ONNXModel(ONNXBuilder.model(builder.graph))
        return try #require(model.graph.constants[name])
    }

    @Test(
        arguments: [
            (.uint8, [0x00, 0xFF], [0, 255]), (.int8, [0x80, 0x7F], [-128, 127]),
            (.uint16, [0x34, 0x12, 0xFF, 0xFF], [0x1234, 65535]),
            (.int16, [0x00, 0x80, 0x01, 0x00], [-32768, 1]),
            (.int32, [0, 0, 0, 0x80, 5, 0, 0, 0], [-2_147_483_648, 5]),
            (.uint32, [0xFF, 0xFF, 0xFF, 0xFF], [4_294_967_295]),
            (.int64, [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [-2]),
            (.uint4, [0xF2, 0x03], [2, 15, 3]), (.int4, [0xF2, 0x08], [2, -1, -8]),
        ] as [(ONNXElementType, [UInt8], [Int64])])
    func rawIntegers(type: ONNXElementType, bytes: [UInt8], expected: [Int64]) throws {
        let tensor = try decode(type, count: expected.count) { $0.rawData = .init(bytes) }
        #expect(tensor.integers == expected)
    }

    @Test func typedValues() throws {
        let nibbles = try decode(.int4, count: 3) { $0.int32Data = [0xF2, 0x08] }
        #expect(nibbles.integers == [2, -1, -8])
        #expect(try decode(.int8, count: 1) { $0.int32Data = [-128] }.integers == [-128])
        #expect(try decode(.uint32, count: 1) { $0.uint64Data = [7] }.integers == [7])
        #expect(try decode(.double, count: 1) { $0.doubleData = [0.1] }.reals == [0.1])
        #expect(try decode(.float, count: 1) { $0.floatData = [0.1] }.singleFloat == 0.1)
        let raw = try decode(.float, count: 1) { $0.rawData = .init([0, 0, 0x80, 0xBF]) }
        #expect(raw.singleFloat == -1)
    }

    @Test func refusesValuesBeyondTheType() {
        #expect(throws: ONNXError.self) { try decode(.int8, count: 1) { $0.int32Data = [128] } }
        #expect(throws: ONNXError.self) { try decode(.uint8, count: 1) { $0.int32Data = [-1] } }
        #expect(throws: ONNXError.self) {
            try decode(.uint32, count: 1) { $0.uint64Data = [1 << 32] }
        }
        // Values in the field of another type.
        #expect(throws: ONNXError.self) { try decode(.float, count: 1) { $0.int32Data = [1] } }
    }
}
