// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A copy of the package with the mutants in it. It stays between runs with what was built of it, and only files whose
/// content is another are written anew, so that a change of one mutant builds in moments.
struct PatchedCopy {
    let package: URL
    let copy: URL

    private let files = FileManager.default

    func refresh(with mutants: [Mutant]) throws {
        let patches = Dictionary(grouping: mutants.enumerated()) { "Sources/" + $1.file }
        let wanted = try Set(paths(below: package))
        for path in try paths(below: copy) where !wanted.contains(path) {
            try files.removeItem(at: copy.appendingPathComponent(path))
        }
        for path in patches.keys where !wanted.contains(path) {
            throw MutantError.failed("finding '\(path)', which a mutant names,")
        }
        for path in wanted {
            let original = package.appendingPathComponent(path)
            var content = try Data(contentsOf: original)
            if let patches = patches[path] {
                var source = String(decoding: content, as: UTF8.self)
                for (index, mutant) in patches {
                    source = try mutant.patched(source, number: index + 1)
                }
                content = Data((source + Mutant.choice).utf8)
            }
            let target = copy.appendingPathComponent(path)
            guard (try? Data(contentsOf: target)) != content else { continue }
            try files.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try content.write(to: target, options: .atomic)
        }
    }

    /// All regular files but what was built, what was installed, and what git keeps.
    private func paths(below folder: URL) throws -> [String] {
        let keys: [URLResourceKey] = [.isRegularFileKey, .isDirectoryKey]
        var found: [String] = []
        var open = [""]
        while let path = open.popLast() {
            let here = folder.appendingPathComponent(path)
            guard files.fileExists(atPath: here.path) else { continue }
            for url in try files.contentsOfDirectory(at: here, includingPropertiesForKeys: keys) {
                let name = url.lastPathComponent
                let values = try url.resourceValues(forKeys: Set(keys))
                let below = path.isEmpty ? name : path + "/" + name
                if values.isRegularFile == true { found.append(below) }
                guard values.isDirectory == true, name != ".git", !name.hasPrefix(".build"),
                    !name.hasPrefix(".venv")
                else { continue }
                open.append(below)
            }
        }
        return found
    }
}
