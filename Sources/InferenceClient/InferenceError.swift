// SPDX-License-Identifier: Apache-2.0

/// What doesn't fit a plan.
public enum InferenceError: Error, Equatable, CustomStringConvertible {
    /// A key that was made for other parameters.
    case wrongParameters
    /// A key, request or reply of another method than the plan's.
    case wrongMethod(expected: String, found: String)
    /// Another number of samples, values or groups than the plan has.
    case wrongCount(String, expected: Int, found: Int)
    /// A reply that is not of the plan's form.
    case unexpectedReply
    /// A reply to another request.
    case otherRequest(group: Int)
    /// A fact about the secret key: never tell it to a server.
    case excessiveNoise
    /// The same.
    case outsideRange
    /// So many replies were refused for what only the secret key tells that a server may know too much of it.
    case tooManyRefusals
    /// A request that is not of the plan's form, and why.
    case unexpectedRequest(String)
    /// An evaluation key that the plan needs is absent, and which.
    case missingKey(String)

    public var description: String {
        switch self {
        case .wrongParameters: "the key was made for other parameters than the plan's"
        case .wrongMethod(let expected, let found):
            "made for the method '\(found)'; the plan has '\(expected)'"
        case .wrongCount(let what, let expected, let found):
            "\(found) \(what); the plan has \(expected)"
        case .unexpectedReply: "the reply is not of the form that the plan states"
        case .otherRequest(let group): "group \(group) of the reply answers another request"
        case .excessiveNoise:
            "the reply holds more noise than the plan allows: made with other keys, from another "
                + "client's request, or changed on the way; never tell the server of this"
        case .outsideRange:
            "a decrypted output is outside the range that the plan proves: the reply was made with another key or "
                + "model, or changed on the way; never tell the server of this"
        case .tooManyRefusals:
            "16 replies under this secret key held too much noise or outputs out of range; whoever made them may be "
                + "learning the key bit by bit: make new keys, and ask the server's owner what happened"
        case .unexpectedRequest(let why): "the request is not of the plan's form: \(why)"
        case .missingKey(let which): "the evaluation keys lack \(which) of the plan"
        }
    }
}
