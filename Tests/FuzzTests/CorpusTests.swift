// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import FuzzTargets
import Testing
import Wire

/// What fuzzing found, and what it begins with, once more: typed errors or values that can be used.
@Suite struct CorpusTests {
    private static func files(_ folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().map { "\(folder)/\($0)" }
    }

    /// Files that once trapped, hung or gave an untyped error.
    @Test(arguments: FuzzTarget.allCases) func foundCases(target: FuzzTarget) throws {
        for path in Self.files(Party.folder("Fuzz/Found/\(target.name)")) {
            let bytes = try RegularFile.bytes(of: path, limit: 1 << 20)
            #expect(throws: Never.self, "\(path)") { try target.run(bytes) }
        }
    }

    /// Fuzzing begins with files that are taken, else it would only try what comes first.
    @Test(arguments: FuzzTarget.allCases) func seedsAreTaken(target: FuzzTarget) throws {
        let paths = Self.files(Party.folder("Fuzz/Seeds/\(target.name)"))
        if case .artifact(let kind) = target {
            // Those of Tests/Vectors; the byte that chooses the party is not theirs.
            for (index, method) in Party.methods.enumerated() {
                let path = "\(Party.vectors)/\(method)/\(Party.names[kind]!)"
                var bytes = try RegularFile.bytes(of: path, limit: 1 << 20)
                bytes[12] = UInt8(index)
                #expect(try target.run(bytes), "\(path)")
            }
        } else {
            #expect(!paths.isEmpty)
        }
        for path in paths {
            let bytes = try RegularFile.bytes(of: path, limit: 1 << 20)
            #expect(try target.run(bytes), "\(path)")
        }
    }

    /// What only a checksum or a digest would refuse is tried.
    @Test(arguments: ArtifactKind.allCases) func checksumsAreMadeRight(kind: ArtifactKind) throws {
        for (index, party) in Party.all.enumerated() {
            let path = "\(Party.vectors)/\(Party.methods[index])/\(Party.names[kind]!)"
            let bytes = try RegularFile.bytes(of: path, limit: 1 << 20)
            #expect(Seal.sealed(bytes, as: kind, party: party) == bytes)
            var broken = bytes
            broken[8] ^= 0xFF
            broken[bytes.count - 1] ^= 1
            if !kind.hasGroups { for at in 16..<56 { broken[at] = 0 } }
            #expect(Seal.sealed(broken, as: kind, party: party) == bytes)
        }
    }
}
