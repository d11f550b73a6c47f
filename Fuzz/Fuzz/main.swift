// SPDX-License-Identifier: Apache-2.0

// fuzz TARGET [libFuzzer's options, corpora]: tries bytes that libFuzzer makes. Linked without libFuzzer, it replays
// the files that it is given.

import Driver
import Files
import FuzzTargets

nonisolated(unsafe) private var target = FuzzTarget.onnx

private func fail(_ text: String) -> Never {
    print(text)
    fatalError(text)
}

private func body(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    do { try target.run(bytes) } catch { fail("\(target.name): an untyped error: \(error)") }
    return 0
}

let names = FuzzTarget.allCases.map(\.name).joined(separator: ", ")
guard CommandLine.arguments.count > 1, let found = FuzzTarget(name: CommandLine.arguments[1]) else {
    fail("usage: fuzz TARGET [options, folders and files]; targets are \(names)")
}
target = found
var arguments = CommandLine.arguments
arguments.remove(at: 1)
var pointers: [UnsafeMutablePointer<CChar>?] =
    arguments.map { argument in
        let bytes = Array(argument.utf8CString)
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        copy.initialize(from: bytes, count: bytes.count)
        return copy
    } + [nil]
let status = pointers.withUnsafeMutableBufferPointer {
    fuzz_run(Int32(arguments.count), $0.baseAddress!, body)
}
if status < 0 {
    for path in arguments.dropFirst() {
        let bytes = try RegularFile.bytes(of: path, limit: 1 << 26)
        print("\(path): \(try target.run(bytes) ? "taken" : "refused")")
    }
}
