// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation

/// Bytes by standard input and output, their length before them. On a thread that may block.
enum Frames {
    private static let queue = DispatchQueue(label: "blindsight.frames", attributes: .concurrent)
    /// No keys or requests are longer.
    private static let longest: UInt64 = 1 << 36

    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    /// - Returns: nil at the end.
    static func read() async throws -> [UInt8]? {
        try await onThread {
            guard let head = try read(8, mayEnd: true) else { return nil }
            let length = head.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard length <= longest else {
                throw Broken(description: "standard input is not that of 'blindsight ask'")
            }
            return try read(Int(length), mayEnd: false)
        }
    }

    static func write(_ bytes: [UInt8]) async throws {
        try await onThread {
            let length = UInt64(bytes.count)
            try writeAll((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) })
            try writeAll(bytes)
        }
    }

    private static func onThread<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }

    private static func read(_ count: Int, mayEnd: Bool) throws -> [UInt8]? {
        var done = 0
        let bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while done < count {
                let found = Foundation.read(0, buffer.baseAddress! + done, count - done)
                if found < 0, errno == EINTR { continue }
                guard found > 0 else {
                    if found == 0, done == 0, mayEnd { break }
                    throw Broken(description: "standard input ends too early")
                }
                done += found
            }
            initialized = done
        }
        return done < count ? nil : bytes
    }

    private static func writeAll(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = Foundation.write(1, buffer.baseAddress! + done, buffer.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw Broken(description: "standard output was closed") }
                done += count
            }
        }
    }
}
