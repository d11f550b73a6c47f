import Blindsight

/// `decrypt` with a plan of the batch layout: group after group, into a table or a summary.
struct BatchDecryption {
    let plan: ClientPlan
    let key: String
    let replies: String
    /// The request that they must answer, where it is given.
    let request: String?
    let threads: Int

    /// All predictions, to `table` where there is one.
    func run(_ table: PredictionTable?) throws -> PredictionSummary {
        let client = try BatchClient(
            Files.client(secretKey: key, plan: plan), threads: threads)
        let reader = try Files.naming(replies) {
            try BatchReplyReader(path: replies, plan: plan)
        }
        if let request {
            let asked = try Files.naming(request) {
                try BatchRequestReader(path: request, plan: plan)
            }
            try Files.naming(replies) { try reader.requireReplies(to: asked) }
        }
        var summary = PredictionSummary(plan.reading)
        let file = try table?.begin(plan.reading, count: reader.sampleCount)
        let progress = ProgressBar("decrypt")
        defer { progress.finish() }
        for index in 0..<reader.groupCount {
            let group = try Files.naming(replies) { try client.decrypt(reader.group(index)) }
            let predictions = try Threads.map(group.count, threads: threads) { group[$0] }
            for prediction in predictions {
                summary.add(prediction)
                try file?.append(prediction)
            }
            progress.update(summary.count, of: reader.sampleCount)
        }
        try file?.finish()
        return summary
    }
}
