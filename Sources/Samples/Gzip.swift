// SPDX-License-Identifier: Apache-2.0

import CZlib

/// Decompression of gzip data, up to a limit.
enum Gzip {
    static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// - Throws: `SampleError.tooLarge` once the output exceeds the limit, `.malformed` for anything but whole members.
    static func decompress(_ bytes: [UInt8], limit: Int) throws(SampleError) -> [UInt8] {
        var stream = z_stream()
        // 15 bits of window, 16 for the gzip wrapper.
        guard
            inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
                == Z_OK
        else { throw .malformed(format: "gzip", reason: "zlib could not start") }
        defer { inflateEnd(&stream) }

        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var position = 0
        while true {
            let window = bytes[position..<min(bytes.count, position + 1 << 20)]
            let (status, consumed, made) = step(&stream, window, &chunk)
            position += consumed
            output.append(contentsOf: chunk[0..<made])
            guard output.count <= limit else { throw .tooLarge(limit: limit) }
            switch status {
            case Z_STREAM_END:
                if position == bytes.count { return output }
                guard inflateReset(&stream) == Z_OK else {
                    throw .malformed(format: "gzip", reason: "zlib could not go on")
                }
            case Z_OK where consumed > 0 || made > 0: continue
            case Z_OK, Z_BUF_ERROR:
                throw .malformed(format: "gzip", reason: "it ends too early")
            default:
                throw .malformed(format: "gzip", reason: "its data do not decompress")
            }
        }
    }

    private static func step(
        _ stream: inout z_stream, _ input: ArraySlice<UInt8>, _ output: inout [UInt8]
    ) -> (status: Int32, consumed: Int, made: Int) {
        input.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                // zlib reads through next_in only, though its type says otherwise.
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                let status = inflate(&stream, Z_NO_FLUSH)
                return (
                    status, input.count - Int(stream.avail_in), output.count - Int(stream.avail_out)
                )
            }
        }
    }
}
