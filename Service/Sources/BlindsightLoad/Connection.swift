// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A connection to a port of this machine that asks by HTTP/1.1 and waits for the answer.
final class Connection {
    struct Answer {
        let status: Int
        /// What follows the JSON and the four bytes of a tensor's length; empty where there is no such thing.
        let reply: [UInt8]
        let staysOpen: Bool
    }

    private static let longest = 1 << 28

    private let descriptor: Int32

    init?(port: Int) {
        #if canImport(Glibc) || canImport(Musl)
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var one: Int32 = 1
        setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if !isConnected { return nil }
    }

    deinit { close(descriptor) }

    /// - Returns: nil where no whole answer came.
    func ask(_ message: [UInt8]) -> Answer? {
        guard writeAll(message) else { return nil }
        var bytes: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        var headEnd: Int?
        while headEnd == nil {
            let from = max(0, bytes.count - 3)
            guard readSome(&bytes), bytes.count < 1 << 20 else { return nil }
            headEnd = (from..<max(from, bytes.count - 3)).first {
                bytes[$0..<$0 + 4].elementsEqual(end)
            }
        }
        let lines = String(decoding: bytes[..<headEnd!], as: UTF8.self).lowercased()
            .components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        func value(_ name: String) -> String? {
            lines.first { $0.hasPrefix(name + ":") }?.dropFirst(name.count + 1)
                .trimmingCharacters(in: .whitespaces)
        }
        guard words.count >= 2, let status = Int(words[1]),
            let length = value("content-length").flatMap({ Int($0) }),
            (0...Self.longest).contains(length)
        else { return nil }
        let start = headEnd! + 4
        while bytes.count < start + length { guard readSome(&bytes) else { return nil } }
        let json = value("inference-header-content-length").flatMap { Int($0) } ?? length
        return Answer(
            status: status, reply: Array(bytes[start..<start + length].dropFirst(max(0, json) + 4)),
            staysOpen: value("connection") != "close")
    }

    private func writeAll(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = send(descriptor, buffer.baseAddress! + done, buffer.count - done, 0)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
    }

    private func readSome(_ bytes: inout [UInt8]) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
            while true {
                let count = recv(descriptor, buffer.baseAddress!, buffer.count, 0)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                bytes.append(contentsOf: buffer[..<count])
                return true
            }
        }
    }
}
