// SPDX-License-Identifier: Apache-2.0

import Files
import Wire

/// Reads replies group by group from a file or from memory.
public struct ReplyReader: Sendable {
    package let client: Client
    private let file: GroupFile

    /// Groups of the reply, as many as the request has.
    public var groupCount: Int { file.groupCount }
    package var sampleCount: Int { file.sampleCount }

    /// Checks how groups follow each other, without reading ciphertexts.
    ///
    /// - Throws: an error that says what is wrong with the bytes.
    public init(_ source: any ByteSource, client: Client) throws {
        self.client = client
        file = try GroupFile(source, client.plan.replyForm)
    }

    /// Reads a group and checks its checksum.
    ///
    /// - Parameter index: in 0..<groupCount.
    /// - Throws: an error that says what is wrong with the bytes.
    public func group(_ index: Int) throws -> ReplyGroup {
        try client.readReply(file.body(of: index))
    }

    /// All groups.
    public func reply() throws -> Reply { try Reply(groups: (0..<groupCount).map(group)) }

    /// Checks that these are replies to a request's groups, in its order.
    ///
    /// - Throws: an error where they don't.
    public func requireReplies(to request: RequestHeads) throws {
        // All of them: a reply is whole, and says how many groups it has.
        try request.requireBeginning(file.groups.map(\.head))
    }

    /// Decrypts a group.
    ///
    /// - Parameters:
    ///   - index: in 0..<groupCount.
    ///   - request: the request, where the caller has it; else nothing tells a reply to another request of the same
    ///     key.
    /// - Throws: `InferenceError.otherRequest` for a reply to another request, before any of it is read;
    ///   another for damaged bytes; what `Client.decrypt` throws.
    public func predictions(_ index: Int, of request: RequestHeads?) throws -> Predictions {
        try requireReply(index, to: request)
        return try client.decrypt(group(index), answering: request?.heads[index])
    }

    /// Decrypts a group for a caller whose errors others see.
    /// - Throws: what anyone can see of a reply; what only the secret key tells is in the result.
    package func settled(
        _ index: Int, of request: RequestHeads?
    ) throws -> Result<Predictions, SecretRefusal> {
        try requireReply(index, to: request)
        return try client.settle(group(index), answering: request?.heads[index])
    }

    package func sampleCount(of group: Int) -> Int { file.groups[group].head.sampleCount }

    private func requireReply(_ index: Int, to request: RequestHeads?) throws {
        guard let request else { return }
        guard index < request.heads.count,
            file.groups[index].head.request == request.heads[index].digest
        else { throw InferenceError.otherRequest(group: index) }
    }
}

/// Reads replies that arrive one after another.
public final class ReplyStream {
    private let client: Client
    private let groups: GroupStream

    /// - Parameter client: who decrypts: its plan is the one that replies must be of.
    public init(_ stream: any ByteStream, client: Client) {
        self.client = client
        groups = GroupStream(stream, client.plan.replyForm)
    }

    /// - Returns: nil after the last group.
    public func next() throws -> ReplyGroup? { try groups.next().map(client.readReply) }
}

/// The heads of a request's groups: what a client keeps of a request to know its replies by.
public struct RequestHeads: Sendable {
    package let heads: [GroupHead]

    /// Of a request in memory.
    public init(_ request: Request) { heads = request.groups.map(\.head) }

    /// Reads the heads of a file, no ciphertexts.
    /// - Throws: an error that says what is wrong with the bytes.
    public init(_ source: any ByteSource, plan: ClientPlan) throws {
        heads = try GroupFile(source, plan.requestForm).groups.map(\.head)
    }

    /// - Parameter heads: of a request's groups, in order.
    package init(heads: [GroupHead]) { self.heads = heads }

    package var sampleCount: Int { heads.reduce(0) { $0 + $1.sampleCount } }

    /// By which files beside a request know it.
    var digest: [UInt8] { Envelope.digest(of: heads.flatMap(\.digest)) }

    /// Whether these are the heads of replies to the first groups.
    /// - Throws: `WireError.otherRequest`.
    package func requireBeginning(_ replies: [GroupHead]) throws {
        for (index, reply) in replies.enumerated() {
            guard index < heads.count, reply.groupCount == heads.count,
                reply.sampleCount == heads[index].sampleCount, reply.plan == heads[index].plan,
                reply.request == heads[index].digest
            else { throw WireError.otherRequest(group: index) }
        }
    }
}
