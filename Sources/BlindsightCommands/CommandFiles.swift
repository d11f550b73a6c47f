// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BigIntegers
import Blindsight
import Files
import IntegerNetworks
import ONNXModels
import Samples
import TensorGraphs
import Threading
import Wire

/// Files of the commands: errors name them.
enum CommandFiles {
    static func serverPlan(_ path: String) throws -> Plan {
        let progress = ProgressBar("plan")
        progress.show("reading \(path)")
        defer { progress.finish() }
        return try read(path, .serverPlan) { try Plan(serialized: $0) }
    }

    static func clientPlan(_ path: String) throws -> ClientPlan {
        try read(path, .clientPlan) { try ClientPlan(serialized: $0) }
    }

    /// The client with the secret key of a file.
    static func client(
        secretKey path: String, _ options: PassphraseOptions, plan: ClientPlan,
        threads: Int? = nil
    ) throws -> Client {
        try withSecretKey(path, options) { bytes, passphrase in
            try Client(
                plan, secretKey: bytes, passphrase: passphrase, refusals: refusals(of: path),
                threads: threads)
        }
    }

    /// Calls `body` with the bytes of a secret key's file and its passphrase, which is asked for where the file has
    /// one. Both are wiped. Errors name the file.
    static func withSecretKey<Result>(
        _ path: String, _ options: PassphraseOptions,
        _ body: ([UInt8], [UInt8]?) throws -> Result
    ) throws -> Result {
        let file = try RegularFile(path)
        return try naming(path) {
            var bytes = try Envelope.bytes(of: file, expecting: .secretKey)
            defer { bytes.wipe() }
            var passphrase: [UInt8]?
            defer { passphrase?.wipe() }
            let isProtected = try SecretKeyFile.isProtected(bytes)
            if let source = options.passphraseFile {
                passphrase = try Passphrase.read(from: source)
            } else if isProtected {
                passphrase = try Passphrase.ask(for: path)
            }
            return try body(bytes, passphrase)
        }
    }

    /// Where refusals under a secret key are counted: beside it.
    static func refusals(of secretKey: String) -> TallyFile { TallyFile(secretKey + ".refusals") }

    /// Reads a file of a kind and decodes it; errors name the file. Of another file only the head is read.
    private static func read<Value>(
        _ path: String, _ kind: ArtifactKind, _ decode: ([UInt8]) throws -> Value
    ) throws -> Value {
        let file = try RegularFile(path)
        return try naming(path) { try decode(Envelope.bytes(of: file, expecting: kind)) }
    }

    /// Decodes the text of a file that may stand beside another; nil where there is none.
    static func text<Value>(
        beside path: String, limit: Int, _ decode: (String) throws -> Value
    ) throws -> Value? {
        guard FileSystem.exists(path) else { return nil }
        let bytes = try RegularFile.bytes(of: path, limit: limit)
        return try naming(path) { try decode(String(decoding: bytes, as: UTF8.self)) }
    }

    /// Does something with a file; errors name it.
    static func naming<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch {
            // These name a file themselves.
            if error is FileError || error is CancellationError { throw error }
            if let error = error as? SampleError { throw CommandError.samples(path, error) }
            throw CommandError.file(path, error)
        }
    }

    /// Samples as a plan's model takes them.
    static func samples(
        _ path: String, for plan: ClientPlan, as reading: SampleReading
    ) throws -> SampleSet {
        var reading = reading
        reading.columns = plan.prefix.map { columns($0.columns) }
        let samples = try naming(path) { try SampleFile.read(path: path, as: reading) }
        try check(samples, for: plan, path: path)
        return samples
    }

    /// The columns of a table that a model takes. They have names where each input is one column.
    static func columns(_ inputs: [InputColumn]) -> [SampleColumn] {
        let areNamed = inputs.count > 1 && inputs.allSatisfy { $0.count == 1 }
        return inputs.flatMap { input in
            let kind: SampleColumn.Kind =
                switch input.kind {
                case .real: .number
                case .integer: .whole
                case .text(let texts): .text(texts)
                }
            return [SampleColumn](
                repeating: SampleColumn(name: areNamed ? input.name : nil, kind: kind),
                count: input.count)
        }
    }

    static func check(_ samples: SampleSet, for plan: ClientPlan, path: String) throws {
        guard samples.count > 0 else { throw CommandError.noSamples(path) }
        guard samples.sampleCount == plan.sampleCount else {
            throw CommandError.wrongSampleSize(
                path, samples.sampleCount, expected: plan.sampleCount)
        }
    }

    /// Refuses an output that would replace what nobody means to replace: one of the inputs, or a secret key.
    static func checkOutput(_ path: String, inputs: [String?]) throws {
        for case let input? in inputs where FileSystem.areSame(path, input) {
            throw CommandError.outputIsInput(path)
        }
        guard FileSystem.size(path) != nil, let file = try? RegularFile(path),
            let bytes = try? file.bytes(min(file.count, Envelope.headerLength), at: 0),
            bytes.count == Envelope.headerLength
        else { return }
        // Of older versions too.
        guard bytes.starts(with: Envelope.magicText.utf8),
            ArtifactKind(rawValue: UInt16(Envelope.integer(bytes[10..<12]))) == .secretKey
        else { return }
        throw CommandError.outputHoldsSecretKey(path)
    }

    /// Bytes of a file that was written; 0 of a device.
    static func size(_ path: String) -> Int { FileSystem.size(path) ?? 0 }

    static func makeFolder(_ path: String, isPrivate: Bool = false) throws {
        do { try FileSystem.makeFolder(path, isPrivate: isPrivate) } catch {
            throw CommandError.noFolder(path, error.path == path ? error.reason : "\(error)")
        }
    }
}

/// What a command refuses, beyond the library's own errors.
enum CommandError: Error, CustomStringConvertible {
    case file(String, any Error)
    /// A file of samples, with the options by which it may be read.
    case samples(String, SampleError)
    case labels(String, SampleError)
    /// A sample of a file.
    case sample(String, NetworkError)
    case noFolder(String, String)
    case secretKeyExists(String)
    case outputIsInput(String)
    case outputHoldsSecretKey(String)
    case noSuchSample(Int, count: Int)
    case noSamples(String)
    case noSuchDigit(Int, folder: String)
    case wrongSampleSize(String, Int, expected: Int)
    case wrongLabelCount(String, Int, expected: Int)
    case unequalResult
    case interruptedRun(partial: String)
    case tooWideForNPY(bits: Int)
    case noModel(String)
    case rowsWithoutLogits(String)
    case notKnownOutputs(String, String)
    case noTerminal
    case noPassphrase(String)
    case passphraseTooLong(String)
    case passphrasesDiffer
    case noService(String)

    /// One line, but for a refusal's.
    var description: String {
        if case .file(let path, let error) = self {
            let text = (error as? Refused)?.description ?? "\(error)".printable(limit: 4000)
            return "\(path.printable): \(text)"
        }
        return text.printable
    }

    private var text: String {
        switch self {
        case .file(let path, _): path
        case .samples(let path, let error):
            "\(path): \(error)"
                + (error.choice.map {
                    $0 == .header ? " (--header yes or --header no)" : " (--array NAME)"
                } ?? "")
        case .labels(let path, let error):
            "\(path): \(error)" + (error.choice == .array ? " (--labels-array NAME)" : "")
        case .sample(let path, let error):
            if case .farOutside = error {
                "\(path): \(error) --outside clamp puts the range's nearest end in its place"
            } else {
                "\(path): \(error)"
            }
        case .noFolder(let path, let reason): "cannot make the folder \(path): \(reason)"
        case .secretKeyExists(let path):
            "\(path) exists, and replies to its ciphertexts need it; --evaluation-only makes evaluation keys for it, "
                + "--force overwrites it"
        case .outputIsInput(let path):
            "\(path) is one of the inputs; give the output another name"
        case .outputHoldsSecretKey(let path):
            "\(path) holds a secret key; give the output another name, or remove the file"
        case .noSuchSample(let index, let count):
            "there is no sample \(index); the file has \(count), the first is 0"
        case .noSamples(let path): "\(path) holds no samples"
        case .noSuchDigit(let digit, let folder): "\(folder) has no sample labelled \(digit)"
        case .wrongSampleSize(let path, let count, let expected):
            "\(path): \(count) values a sample; the plan's input has \(expected)"
        case .wrongLabelCount(let path, let count, let expected):
            "\(path): \(count) labels for \(expected) samples"
        case .interruptedRun(let partial):
            "\(partial) holds groups of an interrupted run: --resume goes on after them; to start over, remove the file"
        case .tooWideForNPY(let bits):
            "logits of up to \(bits) bits don't fit NPY's int64; write CSV, which holds integers of any size"
        case .unequalResult:
            "the encrypted logits are not the integer network's; this is a defect, please report it"
        case .notKnownOutputs(let path, let reason):
            "\(path): \(reason); known outputs are a table that decrypt wrote as CSV, a row for each known sample"
        case .noTerminal:
            "a passphrase is asked for on a terminal, and there is none; --passphrase-file reads one from a file"
        case .noPassphrase(let source):
            "\(source): the first line is empty; it must be the passphrase"
        case .passphraseTooLong(let source):
            "\(source): a passphrase of more than \(Passphrase.limit) bytes"
        case .noService(let program):
            "\(program) isn't beside this program, nor built in Service/, nor in PATH: in a checkout, "
                + "swift build -c release --package-path Service --product \(program)"
        case .passphrasesDiffer: "the two passphrases differ; nothing was written"
        case .rowsWithoutLogits(let path):
            "\(path): some rows were not encrypted, and NPY has no place for that; write CSV or JSON"
        case .noModel(let path): "\(path) holds no ONNX model to compare with; plan the model again"
        }
    }
}

/// Threads of a command.
enum ThreadCount {
    static func validate(_ count: Int?) throws {
        if let count, !(1...1024).contains(count) {
            throw ValidationError("--threads must be 1 to 1024")
        }
    }

    static func words(_ count: Int) -> String { count == 1 ? "1 thread" : "\(count) threads" }
}
