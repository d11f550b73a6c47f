// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs
import Wire

/// What a client needs: its method's parameters, input and output encoding, the keys to make. No weights.
public struct ClientPlan: Sendable {
    /// What samples look like: their shape, and how reals become integers.
    public let input: InputSpecification
    /// What is made of samples before they are quantized; nil where they are encrypted as they are.
    package let prefix: InputProgram?
    package let outputs: OutputReading
    package let method: any ClientMethod
    package let identity: PlanIdentity
    /// What is proven of the plan.
    public let certificate: Certificate
    /// SHA-256 of the plan's bytes: binds requests and replies to it.
    package let digest: [UInt8]
    /// SHA-256 of what keys depend on: plans of one key set share their keys.
    package let keySetDigest: [UInt8]

    /// - Throws: `WireError` for what no plan may have.
    package init(
        input: InputSpecification, outputs: OutputReading, method: any ClientMethod,
        identity: PlanIdentity = .random(), prefix: InputProgram? = nil
    ) throws {
        self.input = input
        self.prefix = prefix
        self.outputs = outputs
        self.method = method
        self.identity = identity
        certificate = method.certificate(outputs)
        // What is too long to be read is not planned.
        for (kind, length) in [
            (ArtifactKind.request, method.requestLength(samples: method.groupCapacity)),
            (.reply, method.replyLength(samples: method.groupCapacity)),
        ] where length > GroupHead.maximumBodyBytes(kind) {
            throw WireError.tooLarge(
                kind, bytes: UInt64(length), limit: GroupHead.maximumBodyBytes(kind))
        }
        keySetDigest = Envelope.digest(
            of: Array(type(of: method).name.rawValue.utf8) + [0] + (try method.keySet()))
        digest = Envelope.digest(
            of: try Self.sections(input, outputs, method, identity, prefix).flatMap {
                Section.head($0.number, length: $0.bytes.count) + $0.bytes
            })
    }

    /// How samples lie in ciphertexts: `slots`, `features` or `paillier`.
    public var methodName: MethodName { type(of: method).name }
    package var outputCount: Int { outputs.count }

    /// Values of a sample as it is read.
    package var sampleCount: Int { prefix?.inputCount ?? input.count }

    /// What is quantized of a sample.
    /// - Parameter index: by which errors name the sample.
    /// - Throws: `NetworkError` for a sample that the model refuses.
    package func prepared(_ sample: [Float], index: Int) throws(NetworkError) -> [Float] {
        guard let prefix else { return sample }
        do throws(ProgramError) { return try prefix.evaluate(sample) } catch {
            throw .refusedSample(index, reason: error.description)
        }
    }

    /// Of a full group.
    public var cost: CostEstimate { CostEstimate(method) }

    /// The most samples that one group holds.
    public var samplesPerGroup: Int { method.groupCapacity }

    /// How many groups so many samples take.
    package func groupCount(of samples: Int) -> Int {
        let (full, rest) = samples.quotientAndRemainder(dividingBy: samplesPerGroup)
        return full + (rest > 0 ? 1 : 0)
    }

    /// Bytes of so many samples' requests and replies, and of the keys, without envelopes.
    package func traffic(samples: Int) -> Int {
        sum(samples) { method.requestLength(samples: $0) + method.replyLength(samples: $0) }
            + cost.evaluationKeyBytes
    }

    /// Of full groups and the rest.
    package func sum<Value: Numeric>(_ samples: Int, _ ofGroup: (Int) -> Value) -> Value {
        let (full, rest) = samples.quotientAndRemainder(dividingBy: samplesPerGroup)
        return Value(exactly: full)! * ofGroup(samplesPerGroup) + (rest > 0 ? ofGroup(rest) : 0)
    }

    /// What a report says of the plan, beyond what holds for all.
    package var report: [ReportEntry] { method.report(self) }

    /// What a sample of a full group takes.
    package var costPerSample: [ReportEntry] {
        [
            ReportEntry(
                "request_bytes_per_sample", "upload a sample, full groups",
                .bytes(cost.requestBytes / samplesPerGroup), in: .cost),
            ReportEntry(
                "reply_bytes_per_sample", "download a sample, full groups",
                .bytes(cost.replyBytes / samplesPerGroup), in: .cost),
        ]
    }

    package var requestForm: GroupForm {
        GroupForm(.request, plan: digest, capacity: samplesPerGroup) { [method] in
            method.requestLength(samples: $0)
        }
    }

    package var replyForm: GroupForm {
        GroupForm(.reply, plan: digest, capacity: samplesPerGroup) { [method] in
            method.replyLength(samples: $0)
        }
    }
}

extension ClientPlan: Equatable {
    public static func == (a: ClientPlan, b: ClientPlan) -> Bool { a.digest == b.digest }
}

extension ClientPlan {
    /// - Throws: `WireError.wrongKeySet` for keys of other parameters.
    package func requireKeySet(_ keys: EvaluationKeySet) throws {
        try Envelope.requireKeySet(keySetDigest, found: keys.keySet)
    }

    /// - Throws: `WireError` for a group of another plan, or of another form.
    package func requireRequest(_ group: RequestGroup) throws {
        try requestForm.check(group.head)
    }
}
