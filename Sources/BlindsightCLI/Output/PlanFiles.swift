import Blindsight
import Foundation

/// The files that planning writes into a folder.
struct PlanFiles {
    let folder: String
    var server: String { "\(folder)/server.plan" }
    var client: String { "\(folder)/client.plan" }
    var report: String { "\(folder)/report.md" }

    /// - Returns: bytes of the two plans.
    func write(
        _ planned: PlannedModel, model: [UInt8], title: String
    ) throws -> (server: Int, client: Int) {
        let server = try Artifact.encode(
            planned.plan, model: model, isQuantized: planned.isQuantized)
        let client = try Artifact.encode(planned.plan.client)
        try Files.makeDirectory(folder)
        // Plans first: a report is of no use without them.
        try ArtifactFile.write(server, to: self.server)
        try ArtifactFile.write(client, to: self.client)
        let report = ModelReport(planned: planned, title: title)
        for (name, svg) in report.plots {
            try ArtifactFile.write(Array(svg.utf8), to: "\(folder)/\(name)", overwrite: true)
        }
        try ArtifactFile.write(Array(report.markdown.utf8), to: self.report, overwrite: true)
        return (server.count, client.count)
    }
}
