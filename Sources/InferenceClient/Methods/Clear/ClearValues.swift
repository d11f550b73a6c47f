// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Files
import IntegerNetworks
import Threading
import Wire

extension MethodName {
    /// No encryption at all: samples travel as they are. For simulations and tests.
    package static let insecureClear = MethodName(rawValue: "insecure-clear")
}

/// The method that encrypts nothing: the same way through plan, client and server, at the speed of clear text.
package struct ClearValues: ClientMethod {
    package static let name = MethodName.insecureClear

    package let inputCount: Int
    package let outputCount: Int

    package init(inputCount: Int, outputCount: Int) {
        self.inputCount = inputCount
        self.outputCount = outputCount
    }

    package var groupCapacity: Int { 1024 }
    package func requestLength(samples: Int) -> Int { samples * inputCount * 4 }
    package func replyLength(samples: Int) -> Int {
        samples * outputCount * ClearReply.outputBytes
    }

    package func certificate(_ outputs: OutputReading) -> Certificate {
        Certificate(
            outputs, modulus: BigInt(1) << (3 * ClearReply.outputBytes), noiseMarginBits: [],
            securityBits: 0, keysAreSecure: false)
    }

    package func keySet() -> [UInt8] { [] }
    package var evaluationKeyBytes: Int { 0 }
    package func report(_ plan: ClientPlan) -> [ReportEntry] { [] }
    package func encoded() -> [UInt8] { [] }

    package init(
        encoded: ArraySlice<UInt8>, input: InputSpecification, outputs: OutputReading,
        allowInsecure: Bool
    ) throws {
        guard allowInsecure else { throw WireError.insecureParameters }
        guard encoded.isEmpty else { throw WireError.malformed("parameters of the clear method") }
        inputCount = input.count
        outputCount = outputs.count
    }

    package func makeSession(_ plan: ClientPlan, on pool: WorkerPool) -> ClearSession {
        ClearSession(method: self)
    }

    package func session(
        _ plan: ClientPlan, secret: ArraySlice<UInt8>, on pool: WorkerPool
    ) throws -> ClearSession {
        guard secret.isEmpty else { throw WireError.malformed("a secret where there is none") }
        return ClearSession(method: self)
    }
}

package struct ClearSession: ClientSession {
    let method: ClearValues

    package func secretBytes() -> [UInt8] { [] }
    package func makeKeys(progress: (Int, Int) throws -> Void) -> ClearKeys { ClearKeys() }

    package func encrypt(
        _ samples: ArraySlice<[Int]>, progress: @Sendable (Int, Int) throws -> Void
    ) throws -> ClearRequest {
        try progress(samples.count, samples.count)
        return ClearRequest(samples: Array(samples))
    }

    package func decrypt(
        _ reply: ClearReply, sampleCount: Int
    ) throws -> GroupOutputs {
        guard reply.integers.count == sampleCount * method.outputCount else {
            throw InferenceError.unexpectedReply
        }
        return GroupOutputs(integers: reply.integers, outputCount: method.outputCount)
    }

    package func readReply(_ body: BodyReader) throws -> ClearReply { try ClearReply(body) }
}

package struct ClearKeys: KeyMaterial {
    package init() {}

    package func encoded() -> [UInt8] { [] }
}

/// Samples in the clear, 4 bytes a value.
package struct ClearRequest: GroupBody {
    package let samples: [[Int]]

    package var byteCount: Int { samples.reduce(0) { $0 + 4 * $1.count } }

    package func write(to sink: any ByteSink) throws {
        let bytes = samples.joined().flatMap {
            Envelope.littleEndian(UInt64(bitPattern: Int64($0)), bytes: 4)
        }
        try bytes.withUnsafeBytes { try sink.write($0) }
    }

    init(samples: [[Int]]) { self.samples = samples }

    package init(_ body: BodyReader, inputCount: Int) throws {
        let bytes = try body.bytes(body.remaining)
        let values = stride(from: 0, to: bytes.count, by: 4).map {
            Int(Int32(truncatingIfNeeded: Envelope.integer(bytes[$0..<$0 + 4])))
        }
        samples = stride(from: 0, to: values.count, by: inputCount).map {
            Array(values[$0..<$0 + inputCount])
        }
    }
}

/// Outputs in the clear: magnitude and sign of each.
package struct ClearReply: GroupBody {
    static let outputBytes = 128

    package let integers: [BigInt]

    package init(integers: [BigInt]) { self.integers = integers }

    package var byteCount: Int { integers.count * Self.outputBytes }

    package func write(to sink: any ByteSink) throws {
        for value in integers {
            let text = Array(value.description.utf8)
            guard text.count <= Self.outputBytes else {
                throw WireError.outOfRange("an output of \(text.count) digits")
            }
            try (text + [UInt8](repeating: 0x20, count: Self.outputBytes - text.count))
                .withUnsafeBytes { try sink.write($0) }
        }
    }

    init(_ body: BodyReader) throws {
        integers = try (0..<body.remaining / Self.outputBytes).map { _ in
            let text = String(decoding: try body.bytes(Self.outputBytes), as: UTF8.self)
            guard let value = BigInt(String(text.prefix { $0 != " " }), radix: 10) else {
                throw WireError.malformed("an output")
            }
            return value
        }
    }
}
