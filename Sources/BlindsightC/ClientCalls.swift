// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Blindsight
import Files
import InferenceClient
import IntegerNetworks
import Synchronization
import Wire

/// A client, and what it knows of its requests.
final class ClientHandle: Sendable {
    private struct State {
        var client: Client
        var requests: [RequestHeads] = []
        /// Of all requests.
        var groups = 0
        /// The file of the secret key beside which refusals are counted; nil: here.
        var path: String?
        var refusals = 0
    }

    /// Groups of requests whose replies are known without the request: 40 MB.
    private static let mostGroups = 1 << 18

    private let state: Mutex<State>

    /// - Parameter path: the file beside which it counts refusals; nil: none.
    init(_ client: Client, path: String? = nil) {
        state = Mutex(State(client: client, path: path))
    }

    var client: Client { state.withLock { $0.client } }

    /// The same client that counts refusals beside a file from now on. Those of before are counted there, too: a key is
    /// worn out by as many wherever it lies.
    func move(to path: String, client: Client) throws {
        let (old, counted) = state.withLock { ($0.path, $0.refusals) }
        let tally = refusals(path)
        if old != path {
            let count = try old.map { try refusals($0).count() } ?? counted
            try tally.remove()
            for _ in 0..<count { try tally.increment() }
        }
        state.withLock { ($0.client, $0.path) = (client, path) }
    }

    /// Counts what `Client` counts in its memory.
    func note(_ error: any Error) {
        switch error {
        case InferenceError.excessiveNoise, InferenceError.outsideRange: break
        case is InferenceError, is WireError, is CancellationError, is FileError, is CallError:
            return
        // What a method's own decryption found.
        default: break
        }
        state.withLock { $0.refusals += 1 }
    }

    /// Keeps the heads of a request; the oldest are forgotten, the newest never.
    func remember(_ heads: RequestHeads) {
        state.withLock { state in
            state.requests.append(heads)
            state.groups += heads.heads.count
            while state.groups > Self.mostGroups, state.requests.count > 1 {
                state.groups -= state.requests.removeFirst().heads.count
            }
        }
    }

    /// The request that a reply answers.
    /// - Throws: `InferenceError.otherRequest` where it is none that is known.
    func request(of reply: ReplyReader) throws -> RequestHeads {
        let requests = state.withLock { $0.requests }
        for request in requests.reversed() where request.heads.count == reply.groupCount {
            do {
                try reply.requireReplies(to: request)
                return request
            } catch is WireError {}
        }
        throw InferenceError.otherRequest(group: 0)
    }
}

/// A caller's passphrase, copied; wiped by `withPassphrase`.
private func withPassphrase<Value>(
    _ start: UnsafePointer<UInt8>?, _ length: Int, _ body: ([UInt8]?) throws -> Value
) throws -> Value {
    guard let start else { return try body(nil) }
    var passphrase = Array(UnsafeBufferPointer(start: start, count: max(length, 0)))
    defer { passphrase.wipe() }
    return try body(passphrase)
}

/// Where refusals under a secret key are counted.
private func refusals(_ path: String) -> TallyFile { TallyFile(path + ".refusals") }

private func text(_ path: UnsafePointer<CChar>?) throws(CallError) -> String {
    guard let path else { throw CallError("path", "NULL where a path is needed") }
    return String(cString: path)
}

@_cdecl("bs_client_create")
public func clientCreate(
    _ plan: OpaquePointer?, _ threads: Int32, _ client: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, client) {
        ClientHandle(
            try Client(
                plan.object(ClientPlanHandle.self).plan, threads: threadCount(threads)))
    }
}

@_cdecl("bs_client_open")
public func clientOpen(
    _ plan: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ passphrase: UnsafePointer<UInt8>?,
    _ passphraseLength: Int, _ threads: Int32,
    _ client: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, client) {
        let plan = try plan.object(ClientPlanHandle.self).plan
        let path = try text(path)
        var bytes = try Envelope.bytes(of: RegularFile(path), expecting: .secretKey)
        defer { bytes.wipe() }
        return try withPassphrase(passphrase, passphraseLength) {
            ClientHandle(
                try Client(
                    plan, secretKey: bytes, passphrase: $0, refusals: refusals(path),
                    threads: threadCount(threads)), path: path)
        }
    }
}

@_cdecl("bs_client_save")
public func clientSave(
    _ client: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ passphrase: UnsafePointer<UInt8>?,
    _ passphraseLength: Int, _ overwrite: Int32, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error) {
        let handle = try client.object(ClientHandle.self)
        let path = try text(path)
        try withPassphrase(passphrase, passphraseLength) { passphrase in
            var bytes = try handle.client.serializedSecretKey(passphrase: passphrase)
            defer { bytes.wipe() }
            try StagedFile.write(bytes, to: path, isSecret: true, overwrite: overwrite != 0)
        }
        // From now on the same count as of whoever opens the file.
        var secret = try handle.client.serializedSecretKey()
        defer { secret.wipe() }
        try handle.move(
            to: path,
            client: Client(
                handle.client.plan, secretKey: secret, refusals: refusals(path),
                threads: handle.client.threads))
    }
}

@_cdecl("bs_client_evaluation_keys")
public func clientEvaluationKeys(
    _ client: OpaquePointer?,
    _ progress: (
        @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, Int64, Int64) -> Int32
    )?, _ context: UnsafeMutableRawPointer?, _ keys: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, keys) {
        let client = try client.object(ClientHandle.self).client
        let watch = Watch(progress, context)
        return try watch.run {
            Bytes(try client.evaluationKeys { try watch.tell($0, $1) }.serialized())
        }
    }
}

@_cdecl("bs_client_encrypt")
public func clientEncrypt(
    _ client: OpaquePointer?, _ samples: UnsafeRawPointer?, _ type: Int32, _ count: Int64,
    _ width: Int64, _ clamp: Int32,
    _ progress: (
        @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, Int64, Int64) -> Int32
    )?, _ context: UnsafeMutableRawPointer?, _ request: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, request) {
        let handle = try client.object(ClientHandle.self)
        let client = handle.client
        let matrix = try Matrix(samples, type, count: count, width: width)
        let watch = Watch(progress, context)
        return try watch.run {
            let request = Bytes()
            let writer = try RequestWriter(client, sampleCount: matrix.count, to: request)
            let outside: OutsideValues = clamp != 0 ? .clamp : .refuse
            let all = matrix.count
            // All are looked at before any is encrypted.
            let integers = try client.quantize(matrix.samples, outside: outside)
            while !writer.nextSamples.isEmpty {
                let places = writer.nextSamples
                try writer.append(Array(integers[places])) { done, _ in
                    try watch.tell(places.lowerBound + done, all)
                }
            }
            handle.remember(writer.heads)
            return request
        }
    }
}

@_cdecl("bs_client_decrypt")
public func clientDecrypt(
    _ client: OpaquePointer?, _ reply: UnsafePointer<UInt8>?, _ length: Int,
    _ request: UnsafePointer<UInt8>?, _ requestLength: Int,
    _ progress: (
        @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, Int64, Int64) -> Int32
    )?, _ context: UnsafeMutableRawPointer?,
    _ predictions: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, predictions) {
        let handle = try client.object(ClientHandle.self)
        let client = handle.client
        let reader = try ReplyReader(CallersBytes(reply, length, "the reply"), client: client)
        let heads: RequestHeads
        if request != nil {
            heads = try RequestHeads(
                CallersBytes(request, requestLength, "the request"), plan: client.plan)
            try reader.requireReplies(to: heads)
        } else {
            heads = try handle.request(of: reader)
        }
        let watch = Watch(progress, context)
        return try watch.run {
            var groups: [Predictions] = []
            for index in 0..<reader.groupCount {
                do { groups.append(try reader.predictions(index, of: heads)) } catch {
                    handle.note(error)
                    throw error
                }
                try watch.tell(index + 1, reader.groupCount)
            }
            return PredictionsHandle(Predictions(joining: groups), of: client.plan)
        }
    }
}
