// SPDX-License-Identifier: Apache-2.0

import Files
import InferenceClient
import Wire

/// Reads a request group by group from a file or from memory; only one group at a time is in memory.
public struct RequestReader: Sendable {
    package let server: Server
    /// What a reply names its request's groups by.
    public let heads: RequestHeads
    private let file: GroupFile

    /// Groups of the request, one or more.
    public var groupCount: Int { file.groupCount }
    package var sampleCount: Int { file.sampleCount }

    /// Checks how groups follow each other, without reading ciphertexts.
    ///
    /// - Throws: an error that says what is wrong with the bytes.
    public init(_ source: any ByteSource, server: Server) throws {
        self.server = server
        file = try GroupFile(source, server.plan.client.requestForm)
        heads = RequestHeads(heads: file.groups.map(\.head))
    }

    /// Reads a group and checks its checksum.
    ///
    /// - Parameter index: in 0..<groupCount.
    /// - Throws: an error that says what is wrong with the bytes.
    public func group(_ index: Int) throws -> RequestGroup {
        try server.readRequest(file.body(of: index))
    }

    /// All groups.
    public func request() throws -> Request { try Request(groups: (0..<groupCount).map(group)) }
}

/// Reads requests that arrive one after another.
public final class RequestStream {
    private let server: Server
    private let groups: GroupStream

    /// - Parameter server: whose plan the requests must be of.
    public init(_ stream: any ByteStream, server: Server) {
        self.server = server
        groups = GroupStream(stream, server.plan.client.requestForm)
    }

    /// - Returns: nil after the last group.
    public func next() throws -> RequestGroup? { try groups.next().map(server.readRequest) }
}
