import Blindsight

/// Files of the commands: artifacts in, artifacts out.
enum Files {
    static func serverPlan(_ path: String) throws -> (plan: Plan, model: ONNXModel) {
        let progress = ProgressBar("plan")
        progress.show("reading and proving \(path)")
        defer { progress.finish() }
        return try named(path) { try Artifact.decodePlan($0) }
    }

    static func clientPlan(_ path: String) throws -> ClientPlan {
        try named(path) { try Artifact.decodeClientPlan($0) }
    }

    /// The client with the secret key of a file. The bytes are wiped.
    static func client(secretKey path: String, plan: ClientPlan) throws -> Client {
        var bytes = try ArtifactFile.read(path)
        defer { bytes.wipe() }
        do {
            return try Artifact.decodeClient(secretKey: bytes, plan: plan)
        } catch {
            throw CommandError.file(path, error)
        }
    }

    /// Reads a file and decodes it; errors name the file.
    static func named<Value>(_ path: String, _ decode: ([UInt8]) throws -> Value) throws -> Value {
        let bytes = try ArtifactFile.read(path)
        do { return try decode(bytes) } catch { throw CommandError.file(path, error) }
    }

    /// Does something with a file; errors name it.
    static func naming<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch {
            // These name it themselves.
            if error is FileError { throw error }
            if case .unfinished? = error as? WireError { throw error }
            throw CommandError.file(path, error)
        }
    }

    static func size(_ path: String) -> Int { FileSystem.size(path) ?? 0 }

    /// Samples that fit a network's input.
    static func samples(_ path: String, for input: InputSpecification) throws -> SampleSet {
        let samples: SampleSet
        do {
            samples = try SampleFile.read(path: path)
        } catch let error as SampleError {
            throw CommandError.file(path, error)
        }
        try check(samples, for: input, path: path)
        return samples
    }

    static func check(_ samples: SampleSet, for input: InputSpecification, path: String) throws {
        guard samples.count > 0 else { throw CommandError.noSamples(path) }
        guard samples.sampleCount == input.count else {
            throw CommandError.wrongSampleSize(
                path, samples.sampleCount, expected: input.count)
        }
    }

    static func isFile(_ path: String) -> Bool {
        FileSystem.exists(path) && !FileSystem.isFolder(path)
    }

    static func makeDirectory(_ path: String) throws {
        do { try FileSystem.makeFolder(path) } catch { throw CommandError.noDirectory(path) }
    }
}

/// What a command refuses, beyond the library's own errors.
enum CommandError: Error, CustomStringConvertible {
    case file(String, any Error)
    case noDirectory(String)
    case secretKeyExists(String)
    case noSuchSample(Int, count: Int)
    case noSamples(String)
    case noSuchDigit(Int, directory: String)
    case wrongSampleSize(String, Int, expected: Int)
    case wrongLabelCount(String, Int, expected: Int)
    case unequalResult
    case requestTooLarge(bytes: Int, samples: Int)
    case batchOnly(option: String)
    case interruptedRun(partial: String)
    case tooWideForNPY(bits: Int)

    var description: String {
        switch self {
        case .file(let path, let error): "\(path): \(error)"
        case .noDirectory(let path): "cannot make the folder \(path)"
        case .secretKeyExists(let path):
            "\(path) exists, and replies to its ciphertexts need it; --force overwrites it"
        case .noSuchSample(let index, let count):
            "there is no sample \(index); the file has \(count), the first is 0"
        case .noSamples(let path): "\(path) holds no samples"
        case .noSuchDigit(let digit, let directory): "\(directory) has no sample labelled \(digit)"
        case .wrongSampleSize(let path, let count, let expected):
            "\(path): \(count) values a sample; the plan's input has \(expected)"
        case .wrongLabelCount(let path, let count, let expected):
            "\(path): \(count) labels for \(expected) samples"
        case .batchOnly(let option): "\(option) belongs to plans of the batch layout"
        case .interruptedRun(let partial):
            "\(partial) holds groups of an interrupted run: --resume goes on after them; to start over, remove the file"
        case .tooWideForNPY(let bits):
            "logits of up to \(bits) bits don't fit NPY's int64; write CSV, which holds integers of any size"
        case .requestTooLarge(let bytes, let samples):
            "a request of \(Format.bytes(bytes)); take at most \(Format.grouped(samples)) samples with --from and --limit"
        case .unequalResult:
            "the encrypted logits are not the integer network's; this is a defect, please report it"
        }
    }
}
