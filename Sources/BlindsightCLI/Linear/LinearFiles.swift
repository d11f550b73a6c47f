import Blindsight

/// Files of linear plans.
enum LinearFiles {
    /// Whether a plan's file is of a linear model under Paillier. What is wrong with a file is told by whoever reads it.
    static func holdsPlan(_ path: String) -> Bool {
        guard let kind = try? Artifact.kind(ofFileAt: path) else { return false }
        return kind == .linearServerPlan || kind == .linearClientPlan
    }

    static func serverPlan(_ path: String) throws -> (plan: LinearPlan, model: ONNXModel) {
        try Files.named(path) { try Artifact.decodeLinearPlan($0) }
    }

    static func clientPlan(_ path: String) throws -> LinearClientPlan {
        try Files.named(path) { try Artifact.decodeLinearClientPlan($0) }
    }

    /// The client with the secret key of a file. The bytes are wiped.
    static func client(
        secretKey path: String, plan: LinearClientPlan, threads: Int = 1
    ) throws -> LinearClient {
        var bytes = try ArtifactFile.read(path)
        defer { bytes.wipe() }
        do {
            return try Artifact.decodeLinearClient(
                secretKey: bytes, plan: plan, threads: threads)
        } catch {
            throw CommandError.file(path, error)
        }
    }
}
