// SPDX-License-Identifier: Apache-2.0

import CZlib

/// Decompression of gzip data, up to a limit.
enum Gzip {
    static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// - Throws: `SampleError.tooLarge` once the output exceeds the limit, `.malformed` for anything but whole members.
    static func decompress(_ bytes: [UInt8], limit: Int) throws(SampleError) -> [UInt8] {
        let inflater = try Inflater(windowBits: 15 + 16, format: "gzip", limit: limit)
        var position = 0
        // Members one after the other.
        repeat {
            position = try inflater.member(bytes[...], from: position)
        } while position < bytes.count
        return inflater.output
    }
}

/// Decompression of a zip archive's deflated members.
enum Deflate {
    /// - Throws: `SampleError.malformed` where the output exceeds the limit, or anything follows it.
    static func unpack(_ bytes: ArraySlice<UInt8>, limit: Int) throws(SampleError) -> [UInt8] {
        let inflater = try Inflater(windowBits: -15, format: "NPZ", limit: limit)
        guard try inflater.member(bytes, from: bytes.startIndex) == bytes.endIndex else {
            throw .malformed(format: "NPZ", reason: "more follows a member")
        }
        return inflater.output
    }
}

/// zlib's inflate. Its state points back at the stream, which so must not move.
private final class Inflater {
    private(set) var output: [UInt8] = []
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private var chunk = [UInt8](repeating: 0, count: 1 << 16)
    private let format: String
    private let limit: Int
    private var hasMember = false

    /// - Parameter windowBits: 15; 16 more for gzip's wrapper, negative for none.
    init(windowBits: Int32, format: String, limit: Int) throws(SampleError) {
        self.format = format
        self.limit = limit
        stream.initialize(to: z_stream())
        guard
            inflateInit2_(
                stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw .malformed(format: format, reason: "zlib could not start") }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Decompresses what begins at a position.
    /// - Returns: where it ends.
    func member(
        _ bytes: ArraySlice<UInt8>, from start: Int
    ) throws(SampleError) -> Int {
        if hasMember, inflateReset(stream) != Z_OK {
            throw .malformed(format: format, reason: "zlib could not go on")
        }
        hasMember = true
        var position = start
        while true {
            let window = bytes[position..<min(bytes.endIndex, position + 1 << 20)]
            let (status, consumed, made) = step(window)
            position += consumed
            output.append(contentsOf: chunk[0..<made])
            guard output.count <= limit else { throw .tooLarge(limit: limit) }
            switch status {
            case Z_STREAM_END: return position
            case Z_OK where consumed > 0 || made > 0: continue
            case Z_OK, Z_BUF_ERROR:
                throw .malformed(format: format, reason: "it ends too early")
            default:
                throw .malformed(format: format, reason: "its data do not decompress")
            }
        }
    }

    private func step(
        _ input: ArraySlice<UInt8>
    ) -> (status: Int32, consumed: Int, made: Int) {
        input.withUnsafeBufferPointer { input in
            chunk.withUnsafeMutableBufferPointer { output in
                // zlib reads through next_in only, though its type says otherwise.
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                let status = inflate(stream, Z_NO_FLUSH)
                return (
                    status, input.count - Int(stream.pointee.avail_in),
                    output.count - Int(stream.pointee.avail_out)
                )
            }
        }
    }
}
