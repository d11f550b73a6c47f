import Blindsight

/// A plan's parameters, certificate and costs, for people and as JSON.
struct PlanReport {
    let plan: ClientPlan
    /// What was measured on this machine, if it was.
    var costs: OperationCosts?

    private var parameters: BFVParameters { plan.parameters }
    private var certificate: Certificate { plan.certificate }

    var security: String {
        certificate.security == .insecure ? "INSECURE" : "\(certificate.security.rawValue) bits"
    }

    /// Parameters and certificate: at most 44 columns wide, to fit beside a picture.
    var certificateTable: Table {
        var table = Table(.left, .left)
        let q = parameters.ciphertextModuli.map { "\($0.bitWidthUsed)" }.joined(separator: "+")
        table.add(
            "layout",
            plan.layout == .batch
                ? "batch, \(Format.grouped(plan.samplesPerRequest)) samples" : "latency")
        table.add("ring degree N", Format.grouped(parameters.degree))
        table.add("log2 Q", "\(parameters.ciphertextModulus.bitLength) (\(q))")
        table.add("log2 P", "\(parameters.specialModulus.bitWidthUsed)")
        let t = parameters.plaintextModuli.map(\.description).joined(separator: " ")
        table.add("plaintext t", t)
        table.add(
            "slots",
            "\(Format.grouped(parameters.slots.slotCount)) (index k = \(parameters.slots.index))")
        table.add("security", securityLine)
        table.add("range margin", "\(Format.decimals(certificate.rangeMarginBits, 2)) bits")
        table.add("noise margins", noiseMargins + " bits")
        return table
    }

    private var securityLine: String {
        guard let allowed = certificate.allowedKeyBits else { return security }
        return "\(security) (log2 QP \(certificate.keyModulus.bitLength) <= \(allowed))"
    }

    private var noiseMargins: String {
        certificate.noiseMarginBits.map { Format.decimals($0, 1) }.joined(separator: " ")
    }

    /// One prediction on one core, by counts.
    private var seconds: Double {
        (costs ?? .reference).seconds(plan.cost.operations, degree: parameters.degree)
    }

    /// Time, bytes and memory.
    var costTable: Table {
        let cost = plan.cost
        var table = Table(.left, .right)
        table.add(
            "one core (\(costs == nil ? "reference" : "this") machine)",
            Format.duration(.seconds(seconds)))
        if plan.layout == .batch {
            let samples = Double(plan.samplesPerRequest)
            table.add("samples a second", Format.grouped(Int(samples / seconds)))
            table.add("upload a sample", Format.bytes(cost.requestBytes / plan.samplesPerRequest))
            table.add("download a sample", Format.bytes(cost.replyBytes / plan.samplesPerRequest))
        }
        table.add("request (up)", Format.bytes(cost.requestBytes))
        table.add("reply (down)", Format.bytes(cost.replyBytes))
        table.add("evaluation keys (once)", Format.bytes(cost.evaluationKeyBytes))
        table.add("server memory (estimate)", Format.bytes(cost.serverMemoryBytes))
        return table
    }

    var operationTable: Table {
        var table = Table(.left, .right)
        for (name, count) in plan.cost.operations.dictionary {
            table.add(Format.words(name), Format.grouped(count))
        }
        return table
    }

    var certificateTitle: String {
        guard certificate.rangeIsProven else {
            return
                "NOT CERTIFIED: an input beyond the samples may give a wrong result (range \(certificate.boundMethod))"
        }
        return
            "Certificate (\(certificate.holds ? "holds for every input in the box" : "DOES NOT HOLD"); bounds: \(certificate.boundMethod))"
    }

    var text: String {
        """
        \(certificateTitle)
        \(certificateTable.text)

        Costs of \(unit)
        \(costTable.text)

        Operations of \(unit)
        \(operationTable.text)
        """
    }

    var unit: String {
        plan.layout == .batch
            ? "one group of \(Format.grouped(plan.samplesPerRequest)) samples" : "one prediction"
    }

    /// Members of a JSON object.
    var members: [(String, JSON)] {
        let cost = plan.cost
        return [
            ("layout", .string(plan.layout.rawValue)),
            ("samples_per_request", .integer(plan.samplesPerRequest)),
            ("degree", .integer(parameters.degree)),
            ("ciphertext_moduli", .array(parameters.ciphertextModuli.map { .integer(BigInt($0)) })),
            ("special_modulus", .integer(BigInt(parameters.specialModulus))),
            ("plaintext_moduli", .array(parameters.plaintextModuli.map { .integer(BigInt($0)) })),
            ("plaintext_index", .integer(parameters.slots.index)),
            ("slots", .integer(parameters.slots.slotCount)),
            ("ciphertext_modulus_bits", .integer(parameters.ciphertextModulus.bitLength)),
            ("key_modulus_bits", .integer(certificate.keyModulus.bitLength)),
            ("security_bits", .integer(certificate.security.rawValue)),
            ("certified", .integer(certificate.rangeIsProven ? 1 : 0)),
            ("bound_method", .string(certificate.boundMethod)),
            ("range_bits", .number((certificate.widestRange + 1).log2Upper)),
            ("range_margin_bits", .number(certificate.rangeMarginBits)),
            ("noise_margin_bits", .array(certificate.noiseMarginBits.map { .number($0) })),
            ("request_bytes", .integer(cost.requestBytes)),
            ("reply_bytes", .integer(cost.replyBytes)),
            ("evaluation_key_bytes", .integer(cost.evaluationKeyBytes)),
            ("server_memory_bytes", .integer(cost.serverMemoryBytes)),
            ("estimated_ms", .number(1000 * seconds)),
            ("calibrated", .integer(costs == nil ? 0 : 1)),
            ("operations", Self.operations(cost.operations)),
        ]
    }

    static func operations(_ counts: OperationCounts) -> JSON {
        .object(counts.dictionary.map { ($0.name, .integer($0.count)) })
    }
}
