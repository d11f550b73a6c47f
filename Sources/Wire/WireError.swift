import NeuralNetwork

/// What is wrong with bytes that claim to be one of Blindsight's files. No case carries secret bytes.
public enum WireError: Error, Equatable, CustomStringConvertible {
    case notAnArtifact
    case unsupportedVersion(Int)
    case unknownKind(Int)
    case wrongKind(expected: ArtifactKind, found: ArtifactKind)
    case wrongLength(expected: UInt64, found: UInt64)
    case tooLarge(ArtifactKind, bytes: UInt64, limit: Int)
    /// The checksum over header and payload doesn't match: a changed or damaged file.
    case corrupt
    /// Made for another plan; digests in hexadecimal.
    case wrongPlan(expected: String, found: String)
    /// A server plan that no longer lays out as when it was written; digests in hexadecimal.
    case rebuiltPlanDiffers(expected: String, found: String)
    case malformed(String)
    case wrongCount(String, expected: Int, found: Int)
    case residueTooLarge(String)
    case outOfRange(String)
    case insecureParameters
    /// A reply's group that answers another request's.
    case otherRequest(group: Int)
    /// Groups of an interrupted run are there, which are neither resumed nor replaced unasked.
    case unfinished(path: String)

    public var description: String {
        switch self {
        case .notAnArtifact:
            return "not a Blindsight file: it must begin with \(Envelope.magicText)"
        case .unsupportedVersion(let version):
            return
                "format version \(version); this build reads versions \(Envelope.readableVersions.lowerBound) to \(Envelope.readableVersions.upperBound)"
        case .unknownKind(let kind):
            return "file kind \(kind) is unknown; kinds are 1 to \(ArtifactKind.allCases.count)"
        case .wrongKind(let expected, let found):
            return "\(found.withArticle) file where \(expected.withArticle) file is needed"
        case .wrongLength(let expected, let found):
            return "\(found) bytes; the header announces \(expected)"
        case .tooLarge(let kind, let bytes, let limit):
            return "\(kind.withArticle) of \(bytes) bytes; at most \(limit) are read"
        case .corrupt: return "the checksum does not match: the file was damaged or changed"
        case .wrongPlan(let expected, let found):
            return
                "made for plan \(found.prefix(16)), but the plan in use is \(expected.prefix(16))"
        case .rebuiltPlanDiffers(let expected, let found):
            return "the plan rebuilt from this file, \(found.prefix(16)), is not the one it was "
                + "written for, \(expected.prefix(16)); plan the model again"
        case .malformed(let what): return "malformed: \(what)"
        case .wrongCount(let what, let expected, let found):
            return "\(what): \(found); the plan needs \(expected)"
        case .residueTooLarge(let what): return "\(what): a residue is not below its modulus"
        case .outOfRange(let what): return "out of range: \(what)"
        case .insecureParameters:
            return "the plan's parameters are below 128-bit security; they are refused"
        case .otherRequest(let group): return "group \(group) answers another request"
        case .unfinished(let path):
            return
                "\(path): groups of an interrupted run; resume it, or remove the file to start over"
        }
    }
}

/// The kinds of file.
public enum ArtifactKind: UInt16, Sendable, CaseIterable {
    case serverPlan = 1
    case clientPlan = 2
    case secretKey = 3
    case evaluationKey = 4
    case request = 5
    case reply = 6
    case batchRequest = 7
    case batchReply = 8
    case linearServerPlan = 9
    case linearClientPlan = 10
    case linearSecretKey = 11
    case linearPublicKey = 12
    case linearRequest = 13
    case linearReply = 14

    /// Whether it is a sequence of groups, each in an envelope of its own.
    public var isBatch: Bool { self == .batchRequest || self == .batchReply }

    public var name: String {
        switch self {
        case .serverPlan: return "server plan"
        case .clientPlan: return "client plan"
        case .secretKey: return "secret key"
        case .evaluationKey: return "evaluation key"
        case .request: return "encrypted sample"
        case .reply: return "encrypted reply"
        case .batchRequest: return "encrypted batch"
        case .batchReply: return "encrypted batch reply"
        case .linearServerPlan: return "server plan (Paillier)"
        case .linearClientPlan: return "client plan (Paillier)"
        case .linearSecretKey: return "secret key (Paillier)"
        case .linearPublicKey: return "public key (Paillier)"
        case .linearRequest: return "encrypted samples (Paillier)"
        case .linearReply: return "encrypted reply (Paillier)"
        }
    }

    fileprivate var withArticle: String { (name.first == "e" ? "an " : "a ") + name }

    /// The longest payload that is read. Keys and ciphertexts must besides have just the size that their plan says.
    var maximumPayloadBytes: Int {
        switch self {
        // A model, and the network that it was quantized to.
        case .serverPlan, .linearServerPlan:
            return 2 * ONNXModel.maximumBytes + Self.maximumPlanBytes
        case .clientPlan, .linearClientPlan: return Self.maximumPlanBytes
        case .secretKey: return 1 << 15
        case .linearSecretKey, .linearPublicKey: return 1 << 13
        // protobuf's own limit.
        case .evaluationKey, .request, .linearRequest, .linearReply: return Int(Int32.max)
        case .reply: return 1 << 27
        // Of a group, which memory must hold.
        case .batchRequest, .batchReply: return 1 << 33
        }
    }

    /// Of a plan without its model.
    static let maximumPlanBytes = 4 << 20
}
