// SPDX-License-Identifier: Apache-2.0

import InferenceClient
import IntegerNetworks
import Wire

extension Plan {
    /// Changes when something that was proven earlier is no longer taken as proven.
    private var proofVersion: [UInt8] {
        // Trees were other products of vectors once.
        let isOfProducts = network.forest != nil && client.methodName == .features
        return Array((method.proofVersion + (isOfProducts ? ", products of trees 2" : "")).utf8)
    }

    /// The sections of server.plan but the last, which stands for the proof of all that the others claim.
    private func sections() throws -> [(number: UInt16, bytes: [UInt8])] {
        let name = Array(client.methodName.rawValue.utf8)
        var sections: [(number: UInt16, bytes: [UInt8])] = [
            (SectionRule.Number.method, [UInt8(name.count)] + name + (try method.encoded())),
            (
                SectionRule.Number.plan,
                try Blindsight_V6_PlanMessage(
                    client.input, client.outputs, identity: client.identity
                )
                .serializedBytes()
            ),
            (
                SectionRule.Number.network,
                try Blindsight_V6_NetworkMessage(network).serializedBytes()
            ),
        ]
        if let model { sections.append((SectionRule.Number.model, model)) }
        return sections + (try ClientPlan.programs(client.prefix, client.outputs))
    }

    /// What stands for the proof: a digest over what was proven, and by which version of the proofs.
    private func proof(_ sections: [(number: UInt16, bytes: ArraySlice<UInt8>)]) -> [UInt8] {
        Envelope.digest(
            of: proofVersion
                + sections.flatMap { Envelope.digest(of: [UInt8($0.number)] + $0.bytes) })
    }

    /// The bytes of server.plan.
    /// - Throws: an error for what is too long to be read.
    public func serialized() throws -> [UInt8] {
        let sections = try sections()
        let proof = proof(sections.map { ($0.number, $0.bytes[...]) })
        return try Envelope.seal(
            (sections + [(SectionRule.Number.proof, proof)]).sorted { $0.number < $1.number },
            kind: .serverPlan, digest: client.digest)
    }

    /// Reads a plan. Everything that could make the server trap is checked. What the planner proved, outputs' ranges
    /// and noise, is taken from the file: its digest finds damage, not a forger, so the reader trusts the file's writer
    /// for these. `proven` proves noise and security anew.
    ///
    /// - Parameter bytes: what `serialized` gave, or anything else.
    /// - Throws: `PlanError`, or an error that says what is wrong with the bytes.
    public init(serialized bytes: [UInt8]) throws {
        try self.init(serialized: bytes, allowInsecure: false)
    }

    package init(serialized bytes: [UInt8], allowInsecure: Bool) throws {
        let envelope = try Envelope.open(bytes, expecting: .serverPlan)
        let sections = try envelope.sections()
        let message = try Blindsight_V6_PlanMessage(
            canonical: sections.required(SectionRule.Number.plan), "the plan's section")
        let network = try Blindsight_V6_NetworkMessage(
            section: sections.required(SectionRule.Number.network)
        ).network()
        for label in network.labels { try PlanLimits.check(text: label, "a label") }
        let outputs = try ClientPlan.outputs(
            message, suffix: sections[SectionRule.Number.suffix])
        let input = try message.input.specification()
        guard input == network.input,
            outputs
                == OutputReading(
                    network, bounds: outputs.bounds, boundMethod: outputs.boundMethod,
                    rangeIsProven: outputs.rangeIsProven, program: outputs.program),
            outputs.count == network.outputCount
        else { throw PlanError.invalid("its inputs and outputs are not those of its network") }
        let (name, encoded) = try MethodName.split(
            sections.required(SectionRule.Number.method))
        let method = try ServerMethods.named(name).init(
            encoded: encoded, network: network, outputs: outputs,
            allowInsecure: allowInsecure)
        try self.init(
            network, outputs: outputs, method: method,
            model: sections[SectionRule.Number.model].map(Array.init),
            identity: PlanIdentity(words: message.identity),
            prefix: ClientPlan.prefix(sections[SectionRule.Number.prefix], input: input))
        try Envelope.requirePlan(client.digest, found: envelope.digest)
        // A file of other proofs, or of none, is proven here.
        let claimed = [
            SectionRule.Number.method, SectionRule.Number.plan, SectionRule.Number.network,
            SectionRule.Number.model, SectionRule.Number.prefix, SectionRule.Number.suffix,
        ].compactMap { number in sections[number].map { (number, $0) } }
        if sections[SectionRule.Number.proof].map({ $0 == proof(claimed)[...] }) != true {
            self = try proven()
        }
    }

    /// The same plan, noise, security and costs proven anew.
    /// - Throws: `PlanError.invalid` where they don't hold, another error where they are not what the plan says.
    public func proven() throws -> Plan {
        let again = try Plan(
            network, outputs: client.outputs,
            method: method.proven(network, outputs: client.outputs), model: model,
            identity: client.identity, prefix: client.prefix)
        guard again.client == client else {
            throw WireError.rebuiltPlanDiffers(
                expected: Envelope.hexadecimal(client.digest),
                found: Envelope.hexadecimal(again.client.digest))
        }
        // Memory is an estimate, which other releases may make otherwise: theirs is replaced.
        guard again.evaluation.operations == evaluation.operations else {
            throw PlanError.invalid("its costs are not those of its network")
        }
        return again
    }
}
