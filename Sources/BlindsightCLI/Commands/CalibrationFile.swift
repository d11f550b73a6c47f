import Blindsight
import Foundation

/// Where `bench --calibrate` keeps what it measured: `blindsight/costs.json` in the user's cache folder (XDG_CACHE_HOME where it is
/// set).
enum CalibrationFile {
    private static var url: URL {
        let environment = ProcessInfo.processInfo.environment
        let cache =
            environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0) }
            ?? FileManager.default.urls(for: .cachesDirectory, in: .userDomainMask).first
            ?? URL(fileURLWithPath: NSHomeDirectory()).appendingPathComponent(".cache")
        return cache.appendingPathComponent("blindsight/costs.json")
    }

    /// - Returns: the path.
    static func write(_ costs: OperationCosts) throws -> String {
        try Files.makeDirectory(url.deletingLastPathComponent().path)
        try ArtifactFile.write([UInt8](JSONEncoder().encode(costs)), to: url.path)
        return url.path
    }

    /// nil where there is none, or none that makes sense.
    static func read() -> OperationCosts? {
        guard let bytes = try? ArtifactFile.read(url.path, limit: 1 << 16),
            let costs = try? JSONDecoder().decode(OperationCosts.self, from: Data(bytes))
        else { return nil }
        let all = [
            costs.forwardButterfly, costs.inverseButterfly, costs.keyResidue,
            costs.plaintextResidue, costs.overhead,
        ]
        return all.allSatisfy { $0 > 0 && $0 < 1e6 } ? costs : nil
    }
}
