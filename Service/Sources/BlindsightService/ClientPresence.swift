// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTPTypes
import Synchronization

/// Whether the client of a connection is still there: work for one that left is cancelled.
///
/// Who ends its side of a connection counts as one that left, as browsers and client libraries do it then alone.
final class ClientPresence: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private struct State {
        var hasLeft = false
        var works: [Int: @Sendable () -> Void] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { leave() }
        context.fireUserInboundEventTriggered(event)
    }

    private func leave() {
        let works = state.withLock { state in
            defer { state.works = [:] }
            state.hasLeft = true
            return state.works.values
        }
        for cancel in works { cancel() }
    }

    /// Runs `body`, and cancels it when the client leaves.
    func whileHere<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task(operation: body)
        let number: Int? = state.withLock { state in
            guard !state.hasLeft else { return nil }
            state.next += 1
            state.works[state.next] = { task.cancel() }
            return state.next
        }
        if number == nil { task.cancel() }
        defer { if let number { state.withLock { $0.works[number] = nil } } }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
