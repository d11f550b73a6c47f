// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Files
import Inference
import InferenceClient
import IntegerNetworks
import Threading
import Wire

extension MethodName {
    static let padded = MethodName(rawValue: "padded")
}

/// A fourth method, written here alone: values are hidden by a pad that the server is given too. It hides nothing from
/// anyone; it shows that a method is a value of the abstraction. Three samples a group.
struct Padded: ClientMethod {
    static let name = MethodName.padded

    let inputCount: Int
    let outputCount: Int

    var groupCapacity: Int { 3 }
    func requestLength(samples: Int) -> Int { 8 * samples * inputCount }
    func replyLength(samples: Int) -> Int { 8 * samples * outputCount }

    func certificate(_ outputs: OutputReading) -> Certificate {
        Certificate(
            outputs, modulus: BigInt(1) << 63, noiseMarginBits: [], securityBits: 0,
            keysAreSecure: true)
    }

    func keySet() -> [UInt8] { [] }
    var evaluationKeyBytes: Int { 8 }
    func report(_ plan: ClientPlan) -> [ReportEntry] {
        [ReportEntry("pad_bits", "bits of the pad", .count(64))]
    }
    func encoded() -> [UInt8] { [] }

    init(inputCount: Int, outputCount: Int) {
        self.inputCount = inputCount
        self.outputCount = outputCount
    }

    init(
        encoded: ArraySlice<UInt8>, input: InputSpecification, outputs: OutputReading,
        allowInsecure: Bool
    ) throws {
        guard encoded.isEmpty else { throw WireError.malformed("parameters of a pad") }
        self.init(inputCount: input.count, outputCount: outputs.count)
    }

    func makeSession(_ plan: ClientPlan, on pool: WorkerPool) -> PaddedSession {
        PaddedSession(method: self, pad: UInt64.random(in: 1 << 32...UInt64.max))
    }

    func session(
        _ plan: ClientPlan, secret: ArraySlice<UInt8>, on pool: WorkerPool
    ) throws -> PaddedSession {
        guard secret.count == 8 else { throw WireError.malformed("a pad") }
        return PaddedSession(method: self, pad: Envelope.integer(secret))
    }
}

struct PaddedKeys: KeyMaterial {
    let pad: UInt64

    func encoded() -> [UInt8] { Envelope.littleEndian(pad, bytes: 8) }
}

/// Words, each hidden by the pad.
struct PaddedWords: GroupBody {
    let words: [UInt64]

    init(_ values: [Int64], pad: UInt64) { words = values.map { UInt64(bitPattern: $0) ^ pad } }

    init(_ body: BodyReader) throws {
        let bytes = try body.bytes(body.remaining)
        words = stride(from: 0, to: bytes.count, by: 8).map {
            Envelope.integer(bytes[$0..<$0 + 8])
        }
    }

    func values(pad: UInt64) -> [Int64] { words.map { Int64(bitPattern: $0 ^ pad) } }

    var byteCount: Int { 8 * words.count }

    func write(to sink: any ByteSink) throws {
        try sink.write(words.flatMap { Envelope.littleEndian($0, bytes: 8) })
    }
}

struct PaddedSession: ClientSession {
    let method: Padded
    let pad: UInt64

    func secretBytes() -> [UInt8] { Envelope.littleEndian(pad, bytes: 8) }
    func makeKeys(progress: (Int, Int) throws -> Void) -> PaddedKeys { PaddedKeys(pad: pad) }

    func encrypt(
        _ samples: ArraySlice<[Int]>, progress: @Sendable (Int, Int) throws -> Void
    ) throws -> PaddedWords {
        try progress(1, 1)
        return PaddedWords(samples.joined().map(Int64.init), pad: pad)
    }

    func decrypt(_ reply: PaddedWords, sampleCount: Int) throws -> GroupOutputs {
        guard reply.words.count == sampleCount * method.outputCount else {
            throw InferenceError.unexpectedReply
        }
        return GroupOutputs(words: reply.values(pad: pad), outputCount: method.outputCount)
    }

    func readReply(_ body: BodyReader) throws -> PaddedWords { try PaddedWords(body) }
}

struct PaddedPlan: ServerMethod {
    let client: Padded
    let evaluation = EvaluationCost(operations: OperationTally([("pads", 2)]), memoryBytes: 1)

    init(_ network: IntegerNetwork) {
        client = Padded(inputCount: network.inputCount, outputCount: network.outputCount)
    }

    func seconds(samples: Int, speed: MachineSpeed) -> Double { 1e-6 }
    static func isCandidate(_ task: PlanningTask) -> Bool { false }
    static func plan(_ task: PlanningTask) -> PaddedPlan { PaddedPlan(task.network) }
    func encoded() -> [UInt8] { [] }

    init(
        encoded: ArraySlice<UInt8>, network: IntegerNetwork, outputs: OutputReading,
        allowInsecure: Bool
    ) { self.init(network) }

    func proven(_ network: IntegerNetwork, outputs: OutputReading) -> PaddedPlan { self }

    func prepare(_ network: IntegerNetwork, on pool: WorkerPool) -> PaddedPrepared {
        PaddedPrepared(reference: IntegerReference(network))
    }
}

struct PaddedPrepared: PreparedMethod {
    let reference: IntegerReference

    func keys(_ reader: SectionReader) throws -> PaddedKeys {
        guard reader.remaining == 8 else { throw WireError.malformed("a pad") }
        return try PaddedKeys(pad: Envelope.integer(reader.bytes()[...]))
    }

    func predictor(_ keys: PaddedKeys, on pool: WorkerPool) -> PaddedPredictor {
        PaddedPredictor(reference: reference, pad: keys.pad)
    }
}

struct PaddedPredictor: GroupPredictor {
    let reference: IntegerReference
    let pad: UInt64

    func request(_ body: BodyReader) throws -> PaddedWords { try PaddedWords(body) }

    func predict(
        _ request: PaddedWords, sampleCount: Int, progress: (Int, Int) throws -> Void
    ) throws -> PaddedWords {
        let values = request.values(pad: pad).map(Int.init)
        let count = reference.network.inputCount
        let logits = try (0..<sampleCount).flatMap {
            try reference.logits(Array(values[$0 * count..<($0 + 1) * count]))
        }
        try progress(1, 1)
        return PaddedWords(logits.map { Int64(exactly: $0)! }, pad: pad)
    }

    var operations: OperationTally { OperationTally([("pads", 2)]) }
}
