// SPDX-License-Identifier: Apache-2.0

import Blindsight

/// The files that planning writes into a folder.
struct PlanFiles {
    let folder: String
    var server: String { "\(folder)/server.plan" }
    var client: String { "\(folder)/client.plan" }
    var report: String { "\(folder)/report.md" }

    /// - Returns: bytes of the two plans.
    func write(
        _ planned: PlannedModel, title: String
    ) throws -> (server: Int, client: Int) {
        let server = try planned.plan.serialized()
        let client = try planned.plan.client.serialized()
        try CommandFiles.makeFolder(folder)
        // Plans first: a report is of no use without them.
        try StagedFile.write(server, to: self.server)
        try StagedFile.write(client, to: self.client)
        let report = ModelReport(planned: planned, title: title)
        for (name, svg) in report.plots {
            try StagedFile.write(Array(svg.utf8), to: "\(folder)/\(name)")
        }
        try StagedFile.write(Array(report.markdown.utf8), to: self.report)
        return (server.count, client.count)
    }
}
