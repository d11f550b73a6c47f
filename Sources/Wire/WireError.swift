// SPDX-License-Identifier: Apache-2.0

/// What is wrong with bytes that claim to be one of Blindsight's files. No case carries secret bytes.
package enum WireError: Error, Equatable, CustomStringConvertible {
    case notAnArtifact
    case unsupportedVersion(Int)
    case unknownKind(Int)
    case wrongKind(expected: ArtifactKind, found: ArtifactKind)
    case wrongLength(expected: UInt64, found: UInt64)
    case tooLarge(ArtifactKind, bytes: UInt64, limit: Int)
    case sectionTooLarge(String, bytes: UInt64, limit: Int)
    case unknownSection(Int, of: ArtifactKind)
    /// A section that this version names, but doesn't read yet.
    case reservedSection(String, of: ArtifactKind)
    /// The checksum over header and payload doesn't match: a changed or damaged file.
    case corrupt
    /// Made for another plan; digests in hexadecimal.
    case wrongPlan(expected: String, found: String)
    /// Keys for other parameters or another key list; digests in hexadecimal.
    case wrongKeySet(expected: String, found: String)
    /// A server plan that no longer lays out as when it was written; digests in hexadecimal.
    case rebuiltPlanDiffers(expected: String, found: String)
    /// A method that this program doesn't have.
    case unknownMethod(String)
    /// A file of another method than the plan's.
    case wrongMethod(expected: String, found: String)
    case malformed(String)
    case wrongCount(String, expected: Int, found: Int)
    case residueTooLarge(String)
    case outOfRange(String)
    case insecureParameters
    /// A secret under a passphrase, and none was given.
    case passphraseNeeded
    /// A passphrase for a secret that has none.
    case notProtected
    /// Or something else was changed that stands before the secret.
    case wrongPassphrase
    case emptyPassphrase
    /// The system has less than deriving a key takes.
    case noMemory(bytes: Int)
    /// A reply's group that answers another request's.
    case otherRequest(group: Int)
    /// Groups of an interrupted run are there, which are neither resumed nor replaced unasked.
    case unfinished(path: String)

    package var description: String {
        switch self {
        case .notAnArtifact:
            "not a Blindsight file: it must begin with \(Envelope.magicText)"
        case .unsupportedVersion(let version) where version < Int(Envelope.version):
            "format version \(version), of an earlier release; this one reads version \(Envelope.version): plan the model "
                + "again and make new keys, and decrypt old replies with the release that made them"
        case .unsupportedVersion(let version):
            "format version \(version), of a later release; this one reads version \(Envelope.version)"
        case .unknownKind(let kind):
            "file kind \(kind) is unknown; kinds are 1 to \(ArtifactKind.allCases.count)"
        case .wrongKind(let expected, let found):
            "\(found.withArticle) file where \(expected.withArticle) file is needed"
        case .wrongLength(let expected, let found):
            "\(found) bytes; the header announces \(expected)"
        case .tooLarge(let kind, let bytes, let limit):
            "\(kind.withArticle) of \(bytes) bytes; at most \(limit) are read"
        case .sectionTooLarge(let name, let bytes, let limit):
            "the section \(name) has \(bytes) bytes; at most \(limit) are read"
        case .unknownSection(let number, let kind):
            "section \(number) of \(kind.withArticle) is unknown to this release"
        case .reservedSection(let name, let kind):
            "\(kind.withArticle) with a \(name), which this release doesn't read"
        case .corrupt: "the checksum does not match: the file was damaged or changed"
        case .wrongPlan(let expected, let found):
            "made for plan \(found.prefix(16)), but the plan in use is \(expected.prefix(16))"
        case .wrongKeySet(let expected, let found):
            "keys of the set \(found.prefix(16)), but the plan in use needs the set \(expected.prefix(16))"
        case .rebuiltPlanDiffers(let expected, let found):
            "the plan rebuilt from this file, \(found.prefix(16)), is not the one it was "
                + "written for, \(expected.prefix(16)); plan the model again"
        case .unknownMethod(let name): "the method '\(name)' is unknown to this program"
        case .wrongMethod(let expected, let found):
            "made for the method '\(found)', but the plan in use has '\(expected)'"
        case .malformed(let what): "malformed: \(what)"
        case .wrongCount(let what, let expected, let found):
            "\(what): \(found); the plan needs \(expected)"
        case .residueTooLarge(let what): "\(what): a residue is not below its modulus"
        case .outOfRange(let what): "out of range: \(what)"
        case .insecureParameters:
            "the plan's parameters are below 128-bit security; they are refused"
        case .passphraseNeeded: "the secret key is protected by a passphrase, and none was given"
        case .notProtected:
            "the secret key is not protected, but a passphrase was given: use the file that has one, or give none"
        case .wrongPassphrase:
            "the passphrase is not the one that protects the secret key, or the file was changed"
        case .emptyPassphrase: "an empty passphrase protects nothing; give one of at least one byte"
        case .noMemory(let bytes):
            "a passphrase's key takes \(bytes >> 20) MiB of memory, which the system doesn't give"
        case .otherRequest(let group): "group \(group) answers another request"
        case .unfinished(let path):
            "\(path): groups of an interrupted run; resume it, or remove the file to start over"
        }
    }
}
