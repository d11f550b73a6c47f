// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Paillier

@main
struct PaillierBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "paillier-bench",
        abstract: "Measure Paillier's scheme, on one thread: medians, as JSON.",
        discussion: """
            BLINDSIGHT_KERNELS=avx2 leaves IFMA out: then products are GMP's. `paillier.py` runs this beside python-paillier.
            """)

    @Option(help: "Bits of n: 2048, 3072 or 4096.")
    var bits = 2048

    @Option(help: "Seconds for each operation, about.")
    var seconds = 1.0

    @Option(help: "Measures only operations whose names contain this.")
    var only: String?

    @Option(help: "A secret key to read, as `--write-key` writes it.", completion: .file())
    var key: String?

    @Option(
        help:
            "Writes a fresh secret key there and ends: p, q and the bytes of the key, in hexadecimal."
    )
    var writeKey: String?

    func run() throws {
        guard let size = [2048: PaillierKeySize.bits2048, 3072: .bits3072, 4096: .bits4096][bits]
        else { throw ValidationError("--bits takes 2048, 3072 or 4096") }
        if let writeKey {
            let secret = PaillierSecretKey.generate(size: size)
            try Data(secret.secretBytes()).write(to: URL(fileURLWithPath: writeKey))
            return
        }
        let secret = try key.map {
            try PaillierSecretKey(bytes: Array(Data(contentsOf: URL(fileURLWithPath: $0))))
        }
        let report = try PaillierRows(
            secret: secret ?? .generate(size: size), seconds: seconds, only: only
        ).measure()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }
}
