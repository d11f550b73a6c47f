// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Inference
import InferenceClient

final class ModelHandle: Sendable {
    let model: PreparedModel

    init(_ model: PreparedModel) { self.model = model }
}

final class ServerHandle: Sendable {
    let server: Server

    init(_ server: Server) { self.server = server }
}

/// Of a call; 0: as many as there are cores.
func threadCount(_ count: Int32) throws(CallError) -> Int? {
    guard (0...1024).contains(count) else {
        throw CallError("threads", "\(count); 1 to 1024, or 0 for as many as there are cores")
    }
    return count == 0 ? nil : Int(count)
}

@_cdecl("bs_model_prepare")
public func modelPrepare(
    _ plan: OpaquePointer?, _ threads: Int32, _ model: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, model) {
        ModelHandle(
            try PreparedModel(
                plan.object(PlanHandle.self).plan, threads: threadCount(threads)))
    }
}

@_cdecl("bs_server_create")
public func serverCreate(
    _ model: OpaquePointer?, _ keys: UnsafePointer<UInt8>?, _ length: Int, _ threads: Int32,
    _ server: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, server) {
        let model = try model.object(ModelHandle.self).model
        // They are read while the server is made, and compared with their checksum then.
        let keys = try EvaluationKeySet(reading: CallersBytes(keys, length, "the keys"))
        return ServerHandle(try model.server(for: keys, threads: threadCount(threads)))
    }
}

@_cdecl("bs_server_predict")
public func serverPredict(
    _ server: OpaquePointer?, _ request: UnsafePointer<UInt8>?, _ length: Int,
    _ progress: (
        @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, Int64, Int64) -> Int32
    )?, _ context: UnsafeMutableRawPointer?, _ reply: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, reply) {
        let server = try server.object(ServerHandle.self).server
        let reader = try RequestReader(
            CallersBytes(request, length, "the request"), server: server)
        let watch = Watch(progress, context)
        return try watch.run {
            let reply = Bytes()
            var done = 0
            // One group in memory at a time, beside the caller's bytes.
            for index in 0..<reader.groupCount {
                let group = try reader.group(index)
                try server.predict(group) {
                    try watch.tell(done + $0 * group.sampleCount / $1, reader.sampleCount)
                }.write(to: reply)
                done += group.sampleCount
            }
            return reply
        }
    }
}
