// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Files
import InferenceClient

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where `bench --calibrate` keeps what it measured: `blindsight/costs.json` in the user's cache folder (XDG_CACHE_HOME
/// where it is set, else ~/.cache).
enum MachineSpeedFile {
    private static var path: String? {
        let environment = ProcessInfo.processInfo.environment
        if let cache = environment["XDG_CACHE_HOME"], !cache.isEmpty {
            return cache + "/blindsight/costs.json"
        }
        return environment["HOME"].map { $0 + "/.cache/blindsight/costs.json" }
    }

    /// - Returns: the path.
    static func write(_ speed: MachineSpeed) throws -> String {
        guard let path else {
            throw FileError(path: "costs.json", reason: "neither XDG_CACHE_HOME nor HOME is set")
        }
        try CommandFiles.makeFolder(String(path[..<path.lastIndex(of: "/")!]))
        try StagedFile.write([UInt8](JSONEncoder().encode(speed)), to: path)
        return path
    }

    /// nil where there is none, or none that makes sense.
    static func read() -> MachineSpeed? {
        guard let path, let bytes = try? RegularFile.bytes(of: path, limit: 1 << 16),
            let speed = try? JSONDecoder().decode(MachineSpeed.self, from: Data(bytes))
        else { return nil }
        return speed.figures.allSatisfy { $0.nanoseconds > 0 && $0.nanoseconds < 1e6 } ? speed : nil
    }
}

extension MachineSpeed {
    /// What is measured, by the names that JSON has.
    var figures: [(name: String, nanoseconds: Double)] {
        [
            ("forward_butterfly_ns", forwardButterfly),
            ("inverse_butterfly_ns", inverseButterfly), ("key_residue_ns", keyResidue),
            ("plaintext_residue_ns", plaintextResidue), ("overhead", overhead),
        ]
    }
}
