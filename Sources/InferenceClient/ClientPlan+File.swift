// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs
import Wire

extension ClientPlan {
    /// The sections of a client plan, which have one form: their digest binds everything to the plan.
    static func sections(
        _ input: InputSpecification, _ outputs: OutputReading, _ method: any ClientMethod,
        _ identity: PlanIdentity, _ prefix: InputProgram?
    ) throws -> [(number: UInt16, bytes: [UInt8])] {
        guard outputs.count <= PlanLimits.maximumOutputs else {
            throw WireError.outOfRange(
                "\(outputs.count) outputs; at most \(PlanLimits.maximumOutputs) are planned")
        }
        for label in outputs.labels { try PlanLimits.check(text: label, "a label") }
        try PlanLimits.check(text: outputs.boundMethod, "the bound method")
        let name = Array(type(of: method).name.rawValue.utf8)
        return [
            (
                SectionRule.Number.method,
                [UInt8(name.count)] + name + (try method.encoded())
            ),
            (
                SectionRule.Number.plan,
                try Blindsight_V6_PlanMessage(input, outputs, identity: identity).serializedBytes()
            ),
        ] + (try programs(prefix, outputs))
    }

    /// The sections of what the client makes of samples and of outputs; none where it makes nothing of them.
    package static func programs(
        _ prefix: InputProgram?, _ outputs: OutputReading
    ) throws -> [(number: UInt16, bytes: [UInt8])] {
        var sections: [(number: UInt16, bytes: [UInt8])] = []
        if let prefix {
            try prefix.checkTexts()
            sections.append(
                (
                    SectionRule.Number.prefix,
                    try Blindsight_V6_InputProgramMessage(prefix).serializedBytes()
                ))
        }
        if let program = outputs.program {
            try program.checkTexts()
            sections.append(
                (
                    SectionRule.Number.suffix,
                    try Blindsight_V6_ProgramMessage(program).serializedBytes()
                ))
        }
        return sections
    }

    /// What is made of samples, as a file's section has it.
    package static func prefix(
        _ section: ArraySlice<UInt8>?, input: InputSpecification
    ) throws -> InputProgram? {
        try section.map {
            try Blindsight_V6_InputProgramMessage(canonical: $0, "the prefix")
                .program(input: input.count)
        }
    }

    /// Outputs as a file's sections have them.
    package static func outputs(
        _ message: Blindsight_V6_PlanMessage, suffix: ArraySlice<UInt8>?
    ) throws -> OutputReading {
        let program = try suffix.map {
            try Blindsight_V6_ProgramMessage(canonical: $0, "the suffix")
                .program(inputs: message.outputs.bounds.count, "the suffix")
        }
        try program?.checkTexts()
        return try message.outputs.reading(program)
    }

    /// The bytes of client.plan.
    public func serialized() throws -> [UInt8] {
        try Envelope.seal(
            Self.sections(input, outputs, method, identity, prefix), kind: .clientPlan,
            digest: digest)
    }

    /// - Parameter bytes: what `serialized` gave, or anything else: all is checked.
    /// - Throws: an error that says what is wrong with the bytes.
    public init(serialized bytes: [UInt8]) throws {
        try self.init(serialized: bytes, allowInsecure: false)
    }

    package init(serialized bytes: [UInt8], allowInsecure: Bool) throws {
        let envelope = try Envelope.open(bytes, expecting: .clientPlan)
        let sections = try envelope.sections()
        let message = try Blindsight_V6_PlanMessage(
            canonical: sections.required(SectionRule.Number.plan), "the plan's section")
        let input = try message.input.specification()
        let outputs = try Self.outputs(message, suffix: sections[SectionRule.Number.suffix])
        let (name, encoded) = try MethodName.split(
            sections.required(SectionRule.Number.method))
        try self.init(
            input: input, outputs: outputs,
            method: ClientMethods.named(name).init(
                encoded: encoded, input: input, outputs: outputs, allowInsecure: allowInsecure),
            identity: PlanIdentity(words: message.identity),
            prefix: Self.prefix(sections[SectionRule.Number.prefix], input: input))
        try Envelope.requirePlan(digest, found: envelope.digest)
    }
}

extension MethodName {
    /// The name that a method's section begins with, and what follows it.
    package static func split(
        _ section: ArraySlice<UInt8>
    ) throws -> (name: MethodName, rest: ArraySlice<UInt8>) {
        guard let length = section.first, section.count > Int(length) else {
            throw WireError.malformed("the method's section is cut off")
        }
        let rest = section.dropFirst()
        return (
            try MethodName(section: rest.prefix(Int(length))), rest.dropFirst(Int(length))
        )
    }
}
