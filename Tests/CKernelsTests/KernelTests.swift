// SPDX-License-Identifier: Apache-2.0

import CKernels
import Testing

/// All kernel tests. Serialized, because they force the path, which is global.
@Suite(.serialized) struct KernelTests {}

/// The kernels' implementations, numbered as bsk_force_path does.
enum Path: Int32, CaseIterable, CustomTestStringConvertible {
    case portable, avx2, avx512, neon

    var testDescription: String { "\(self)" }

    /// Runs `body` on this path; says so and does nothing where the machine lacks it.
    func run(_ body: () throws -> Void) rethrows {
        guard bsk_force_path(rawValue) == 0 else {
            print("CKernelsTests: path \(self) is not on this machine, skipped")
            return
        }
        try body()
    }
}

extension KernelTests {
    @Test func forcedPathIsReported() {
        let names: [Path: String] = [
            .portable: "portable", .avx2: "avx2", .avx512: "avx512ifma",
            .neon: "neon",
        ]
        for path in Path.allCases {
            path.run { #expect(String(cString: bsk_path()) == names[path]) }
        }
        #expect(bsk_force_path(0) == 0)
        #expect(bsk_force_path(4) == -1)
        #expect(bsk_force_path(-1) == -1)
        #expect(String(cString: bsk_path()) == "portable")
    }

    @Test func wipeClears() {
        let buffer = Buffer<UInt64>([1, 2, 3, 4])
        bsk_wipe(buffer.p, 24)
        #expect(buffer.array == [0, 0, 0, 4])
    }
}
