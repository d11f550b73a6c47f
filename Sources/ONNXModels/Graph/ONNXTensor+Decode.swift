// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ONNXTensor {
    /// Checks type, sizes and data against each other before anything of their size is allocated.
    package init(_ proto: ONNXTensorProto, name: String) throws(ONNXError) {
        func fail(_ reason: String) -> ONNXError { .invalidTensor(name: name, reason: reason) }
        guard proto.dataLocation == 0 else {
            let place = proto.externalData.first { $0.key == "location" }?.value ?? ""
            throw fail(
                "its data are in another file, '\(place)'; load the model by its path, with that file beside it, or save it with its data inside"
            )
        }
        guard let type = ONNXElementType(rawValue: proto.dataType) else {
            throw fail(
                "element type \(ONNXElementType.name(proto.dataType)); reals of 16, 32 and 64 bits, bool, string and integers of 4 to 64 bits are read"
            )
        }
        guard proto.dims.count <= 16 else { throw fail("\(proto.dims.count) dimensions") }
        var count = 1
        var dims: [Int] = []
        for dim in proto.dims {
            guard dim >= 0 else { throw fail("size \(dim)") }
            // An empty tensor's other sizes are held to the limit, too.
            let (next, overflow) = count.multipliedReportingOverflow(by: max(1, Int(dim)))
            guard !overflow, dim <= Int64(IntegerNetwork.maximumElements),
                next <= IntegerNetwork.maximumElements
            else { throw fail("sizes \(proto.dims) exceed \(IntegerNetwork.maximumElements)") }
            count = next
            dims.append(Int(dim))
        }
        self.init(
            name: name, dims: dims, type: type,
            values: try Self.values(
                proto, type: type, count: dims.contains(0) ? 0 : count, fail: fail))
    }

    private static func values(
        _ proto: ONNXTensorProto, type: ONNXElementType, count: Int, fail: (String) -> ONNXError
    ) throws(ONNXError) -> Values {
        let typed = [
            proto.floatData.count, proto.int32Data.count, proto.int64Data.count,
            proto.doubleData.count, proto.uint64Data.count, proto.stringData.count,
        ]
        guard proto.rawData.isEmpty || typed.allSatisfy({ $0 == 0 }) else {
            throw fail("both raw and typed data")
        }
        guard proto.rawData.isEmpty else {
            guard type != .string else { throw fail("strings as raw data") }
            let expected = (count * type.bits + 7) / 8
            guard proto.rawData.count == expected else {
                throw fail("sizes ask for \(expected) bytes and \(proto.rawData.count) are there")
            }
            return raw([UInt8](proto.rawData), type: type, count: count)
        }
        func expect(_ found: Int, _ expected: Int) throws(ONNXError) {
            guard found == expected, typed.reduce(0, +) == found else {
                throw fail("sizes ask for \(expected) values and \(found) of the type are there")
            }
        }
        switch type {
        case .float:
            try expect(proto.floatData.count, count)
            return .reals(proto.floatData.map(Double.init))
        case .double:
            try expect(proto.doubleData.count, count)
            return .reals(proto.doubleData)
        case .int64:
            try expect(proto.int64Data.count, count)
            return .integers(proto.int64Data)
        case .uint32, .uint64:
            try expect(proto.uint64Data.count, count)
            return .integers(try narrowed(proto.uint64Data, type: type, fail: fail))
        case .string:
            try expect(proto.stringData.count, count)
            var strings: [String] = []
            for data in proto.stringData {
                guard let text = String(validating: data, as: UTF8.self) else {
                    throw fail("a string that is not UTF-8")
                }
                strings.append(text)
            }
            return .strings(strings)
        case .float16, .bfloat16:
            try expect(proto.int32Data.count, count)
            return .reals(
                proto.int32Data.map { type.real(bits: UInt16(truncatingIfNeeded: $0)) })
        case .uint4, .int4:
            // Two codes a byte, and the bytes one in each int32.
            try expect(proto.int32Data.count, (count + 1) / 2)
            let bytes = proto.int32Data.map { UInt8(truncatingIfNeeded: $0) }
            return raw(bytes, type: type, count: count)
        case .uint8, .int8, .uint16, .int16, .int32, .bool:
            try expect(proto.int32Data.count, count)
            if let range = type.quantizedRange {
                for value in proto.int32Data where !range.contains(Int(value)) {
                    throw fail("the value \(value) does not fit \(type)")
                }
            }
            return .integers(proto.int32Data.map { type == .bool && $0 != 0 ? 1 : Int64($0) })
        }
    }

    private static func narrowed(
        _ values: [UInt64], type: ONNXElementType, fail: (String) -> ONNXError
    ) throws(ONNXError) -> [Int64] {
        let limit = type == .uint32 ? UInt64(UInt32.max) : UInt64(Int64.max)
        for value in values where value > limit {
            throw fail("the value \(value) exceeds \(limit)")
        }
        return values.map { Int64($0) }
    }

    /// Little-endian elements; `bytes` has been checked to hold them.
    private static func raw(_ bytes: [UInt8], type: ONNXElementType, count: Int) -> Values {
        func word(_ index: Int, _ size: Int) -> UInt64 {
            var word: UInt64 = 0
            for byte in 0..<size { word |= UInt64(bytes[index * size + byte]) << UInt64(8 * byte) }
            return word
        }
        func integers(_ size: Int, _ convert: (UInt64) -> Int64) -> Values {
            .integers((0..<count).map { convert(word($0, size)) })
        }
        switch type {
        case .float:
            return .reals(
                (0..<count).map {
                    Double(Float(bitPattern: UInt32(truncatingIfNeeded: word($0, 4))))
                })
        case .double:
            return .reals((0..<count).map { Double(bitPattern: word($0, 8)) })
        case .float16, .bfloat16:
            return .reals(
                (0..<count).map { type.real(bits: UInt16(truncatingIfNeeded: word($0, 2))) })
        case .string: return .strings([])
        case .bool: return integers(1) { $0 == 0 ? 0 : 1 }
        case .uint8, .uint16, .uint32:
            return integers(type.bits / 8) { Int64($0) }
        case .int8: return integers(1) { Int64(Int8(truncatingIfNeeded: $0)) }
        case .int16: return integers(2) { Int64(Int16(truncatingIfNeeded: $0)) }
        case .int32: return integers(4) { Int64(Int32(truncatingIfNeeded: $0)) }
        // Sizes of 2^63 and more wrap to negative ones, which every use refuses.
        case .int64, .uint64: return integers(8) { Int64(bitPattern: $0) }
        case .uint4, .int4:
            return .integers(
                (0..<count).map { index in
                    let nibble = Int64(bytes[index / 2] >> UInt8(4 * (index % 2)) & 15)
                    return type == .int4 && nibble > 7 ? nibble - 16 : nibble
                })
        }
    }
}
