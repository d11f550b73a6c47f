import Blindsight

/// A linear plan's key, certificate and costs, for people and as JSON.
struct LinearReport {
    let plan: LinearClientPlan

    private var rangeBits: Double {
        let widest = plan.reading.bounds.reduce(BigInt(0)) {
            max($0, $1.upperBound - $1.lowerBound)
        }
        return (widest + 1).log2Upper
    }

    private var security: String {
        switch plan.keySize {
        case .bits2048: "112 bits"
        case .bits3072: "128 bits"
        case .bits4096: "152 bits"
        case .insecure: "INSECURE"
        }
    }

    var certificateTable: Table {
        var table = Table(.left, .left)
        table.add("scheme", "Paillier, for a linear model")
        table.add("key", "\(Format.grouped(plan.keySize.bits)) bits")
        table.add("security", security)
        table.add("range of outputs", "\(Format.decimals(rangeBits, 1)) bits")
        table.add(
            "samples a ciphertext",
            "\(plan.slotCount) in slots of \(plan.slotBits) bits")
        table.add("noise", "none")
        return table
    }

    var costTable: Table {
        let cost = plan.cost
        var table = Table(.left, .right)
        table.add(
            "one core (reference machine)", Format.duration(.seconds(plan.seconds(groups: 1))))
        table.add("request (up)", Format.bytes(cost.requestBytes))
        table.add("reply (down)", Format.bytes(cost.replyBytes))
        table.add("public key (once)", Format.bytes(cost.publicKeyBytes))
        table.add("products modulo n^2", Format.grouped(cost.products))
        table.add("of them squarings", Format.grouped(cost.squarings))
        return table
    }

    private var title: String {
        "Certificate (holds for every input in the box; bounds: \(plan.reading.boundMethod))"
    }

    private var unit: String { "1 to \(plan.slotCount) samples" }

    var text: String {
        """
        \(title)
        \(certificateTable.text)

        Costs of \(unit)
        \(costTable.text)
        """
    }

    func markdown(
        title name: String, quantization: QuantizationReport?, notes: [String]
    ) -> String {
        var parts = ["# \(ModelReport.escaped(name))"]
        if let quantization {
            let text = QuantizationText(report: quantization, notes: notes)
            parts.append("## Accuracy\n\n" + text.fidelityTable.markdown)
            parts.append("## Layers\n\n" + text.layerTable.markdown)
        }
        parts.append("## \(title)\n\n" + certificateTable.markdownList)
        parts.append("## Costs of \(unit)\n\n" + costTable.markdownList)
        return parts.joined(separator: "\n\n") + "\n"
    }

    /// Members of a JSON object.
    var members: [(String, JSON)] {
        [
            ("scheme", .string("paillier")), ("key_bits", .integer(plan.keySize.bits)),
            ("samples_per_request", .integer(plan.slotCount)),
            ("slot_bits", .integer(plan.slotBits)), ("certified", .integer(1)),
            ("bound_method", .string(plan.reading.boundMethod)),
            ("range_bits", .number(rangeBits)),
            ("request_bytes", .integer(plan.cost.requestBytes)),
            ("reply_bytes", .integer(plan.cost.replyBytes)),
            ("evaluation_key_bytes", .integer(plan.cost.publicKeyBytes)),
            ("products", .integer(plan.cost.products)),
            ("squarings", .integer(plan.cost.squarings)),
            ("estimated_ms", .number(1000 * plan.seconds(groups: 1))),
        ]
    }
}

extension PlanFiles {
    /// - Returns: bytes of the two plans.
    func write(
        _ planned: PlannedLinearModel, model: [UInt8], title: String
    ) throws -> (server: Int, client: Int) {
        let server = try Artifact.encode(
            planned.plan, model: model, isQuantized: planned.isQuantized)
        let client = try Artifact.encode(planned.plan.client)
        try Files.makeDirectory(folder)
        try ArtifactFile.write(server, to: self.server)
        try ArtifactFile.write(client, to: self.client)
        let report = LinearReport(plan: planned.plan.client)
            .markdown(title: title, quantization: planned.quantization, notes: planned.notes)
        try ArtifactFile.write(Array(report.utf8), to: self.report, overwrite: true)
        return (server.count, client.count)
    }
}
