import SwiftProtobuf

/// An ONNX model whose graph has been read and checked; the only door for a model.
///
/// Standard operators of operator sets 11 to 25. Load it, then lower it with `integerNetwork()` or evaluate it in
/// floating point with `FloatReference`.
public struct ONNXModel: Sendable {
    /// Largest file that is read, in bytes.
    public static let maximumBytes = 1 << 26
    static let operatorSets: ClosedRange<Int64> = 11...25

    package let graph: ONNXGraph
    /// Name and version of the program that wrote the model, as it says.
    public let producer: String
    /// Labels from the metadata property "labels" (comma-separated), if there is one.
    public let labels: [String]?

    /// Sizes of one sample, without the batch.
    public var sampleShape: [Int] { graph.sampleShape }

    /// Reads a serialized ModelProto.
    ///
    /// - Throws: `ONNXError`; no bytes make it trap or allocate out of proportion to their number.
    public static func load(_ bytes: [UInt8]) throws(ONNXError) -> ONNXModel {
        guard bytes.count <= maximumBytes else {
            throw .tooLarge(bytes: bytes.count, limit: maximumBytes)
        }
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 16
        options.discardUnknownFields = true
        let proto: ONNXModelProto
        do {
            proto = try ONNXModelProto(serializedBytes: bytes, options: options)
        } catch {
            throw .notAModel("\(error)")
        }
        return try ONNXModel(proto)
    }

    /// Reads a file.
    ///
    /// - Throws: `FileError` or `ONNXError`.
    public static func load(path: String) throws -> ONNXModel {
        try load(FileBytes.read(path: path, limit: maximumBytes))
    }

    package init(_ proto: ONNXModelProto) throws(ONNXError) {
        guard proto.hasGraph else { throw .notAModel("there is no graph in it") }
        guard proto.irVersion >= 3 else {
            throw .unsupportedVersion("ONNX IR version \(proto.irVersion); 3 and later are read")
        }
        let sets = proto.opsetImport.filter { $0.domain.isEmpty || $0.domain == "ai.onnx" }
        guard sets.count == 1, Self.operatorSets.contains(sets[0].version) else {
            let found = sets.map { "\($0.version)" }.joined(separator: ", ")
            throw .unsupportedVersion(
                "ONNX operator set \(found.isEmpty ? "missing" : found); \(Self.operatorSets.lowerBound) to \(Self.operatorSets.upperBound) are read"
            )
        }
        graph = try ONNXGraph(proto.graph)
        producer = [proto.producerName, proto.producerVersion]
            .filter { !$0.isEmpty }.joined(separator: " ")
        labels = proto.metadataProps.first { $0.key == "labels" }.map { property in
            property.value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// The network over integers that the model's QuantizeLinear and DequantizeLinear pairs describe.
    ///
    /// - Throws: `ONNXError` naming the first node that cannot be taken and what would be accepted.
    public func integerNetwork() throws(ONNXError) -> IntegerNetwork {
        var lowering = Lowering(graph)
        return try lowering.network(labels: labels)
    }
}
