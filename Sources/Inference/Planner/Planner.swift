// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import InferenceClient
import IntegerNetworks
import Lattice
import Paillier
import TensorGraphs
import Wire

/// Finds the cheapest parameters that certify a network: for each method that may be taken, the smallest by counted
/// operations.
package struct Planner: Sendable {
    /// Ring degrees to try, ascending.
    package let degrees: [Int]
    package let security: SecurityLevel
    package let keySize: PaillierKeySize
    /// What replies are to hide, in bits: 0, 40, 64 or 80; nil: 40 where that costs little.
    package var functionPrivacyBits: Int? = 0

    /// Chains of moduli that are tried in a search.
    package var chainTrials = 1000

    /// At 128-bit security by default.
    /// - Parameters:
    ///   - degrees: ring degrees to try, powers of two.
    ///   - security: at least 128 bits.
    ///   - keySize: of Paillier keys.
    package init(
        degrees: [Int] = Planner.usualDegrees, security: SecurityLevel = .bits128,
        keySize: PaillierKeySize = .standard
    ) {
        precondition(security >= .bits128, "below 128 bits only as `insecure`")
        self.init(unchecked: degrees, security, keySize)
    }

    /// Those to try: tables one after another go deeper than other networks, so they get a larger ring beyond the usual.
    package func degrees(for network: IntegerNetwork) -> [Int] {
        network.hasTables && degrees.last == Self.usualDegrees.last
            ? degrees + [Self.degreeOfTables] : degrees
    }

    package static let usualDegrees = [4096, 8192, 16384, 32768]
    private static let degreeOfTables = 65536

    /// Small rings and keys with no security claim, for tests.
    package static func insecure(
        degrees: [Int], keySize: PaillierKeySize = .insecure(bits: 512)
    ) -> Planner {
        var planner = Planner(unchecked: degrees, .insecure, keySize)
        planner.chainTrials = 30
        return planner
    }

    private init(unchecked degrees: [Int], _ security: SecurityLevel, _ keySize: PaillierKeySize) {
        self.degrees = degrees.sorted()
        self.security = security
        self.keySize = keySize
    }

    /// The cheapest plan with outputs proven for every input in the box.
    ///
    /// - Parameters:
    ///   - program: what the client makes of the outputs, where the network's decision and transform don't say all of
    ///     it.
    ///   - method: which method; by default the cheapest for one sample.
    ///   - within: a plan whose keys the new plan is to do with.
    ///   - progress: a line on what is being done; an error that it throws ends the planning.
    /// - Throws: `PlanError`.
    package func plan(
        _ network: IntegerNetwork, program: OutputProgram? = nil, method: MethodChoice = .auto,
        within: ClientPlan? = nil, progress: (String) throws -> Void = { _ in }
    ) throws -> Plan {
        try Plan.checkDepth(network)
        try progress("bounding the outputs")
        let bounds = OutputBounds.certify(network)
        return try plan(
            network,
            outputs: OutputReading(
                network, bounds: bounds.outputs, boundMethod: bounds.methodSummary,
                rangeIsProven: true, program: program), method: method, within: within,
            progress: progress)
    }

    /// As `plan(_:program:method:within:progress:)`, with the caller's bounds.
    /// - Parameter memory: of nothing, or of this network.
    package func plan(
        _ network: IntegerNetwork, outputs: OutputReading, method choice: MethodChoice,
        within: ClientPlan? = nil, memory: PlanningMemory = PlanningMemory(),
        progress: (String) throws -> Void = { _ in }
    ) throws -> Plan {
        try Plan.checkDepth(network)
        guard outputs.count == network.outputCount else {
            throw PlanError.invalid(
                "\(outputs.count) output bounds for \(network.outputCount) outputs")
        }
        return try withoutActuallyEscaping(progress) { progress in
            func task(_ bits: Int) -> PlanningTask {
                PlanningTask(
                    network: network, outputs: outputs, planner: self, samples: choice.samples,
                    within: within, privacy: FunctionPrivacy(bits: bits), memory: memory,
                    progress: progress)
            }
            let name = choice.name ?? within?.methodName
            if let bits = functionPrivacyBits {
                guard FunctionPrivacyChoice.bits.contains(bits) else {
                    throw PlanError.noPrivacy(bits: bits)
                }
                return try plan(task(bits), name)
            }
            let plain = try plan(task(0), name)
            let hiding: Plan
            do {
                hiding = try plan(task(Self.usualPrivacyBits), plain.client.methodName)
            } catch is PlanError { return plain }
            return Self.isCheap(hiding, beside: plain, samples: choice.samples) ? hiding : plain
        }
    }

    private static let usualPrivacyBits = 40

    /// At most half as long again, or 2 ms more.
    private static func isCheap(_ plan: Plan, beside plain: Plan, samples: Int) -> Bool {
        let (time, least) = (
            plan.seconds(samples: samples), plain.seconds(samples: samples)
        )
        return time <= 1.5 * least || time <= least + 2e-3
    }

    /// - Parameter name: of a method; nil: the cheapest.
    private func plan(_ task: PlanningTask, _ name: MethodName?) throws -> Plan {
        guard let name else { return try cheapest(task) }
        return try Self.plan(ServerMethods.named(name), task)
    }

    /// - Throws: `PlanError`, also for a plan that no file could hold.
    private static func plan(_ method: any ServerMethod.Type, _ task: PlanningTask) throws -> Plan {
        let method = try method.plan(task)
        let outputs = method.narrowed(task.outputs)
        do {
            let plan = try Plan(
                task.network, outputs: outputs.published(within: method.modulus(outputs)),
                method: method)
            // Whatever is written is read by every later command. What is insecure is named so.
            _ = try ClientPlan(serialized: plan.client.serialized(), allowInsecure: true)
            return plan
        } catch let error as WireError {
            throw PlanError.noParameters(error.description)
        }
    }

    /// Seconds that a sample may take where fewer bytes are worth more.
    private static let longest = 1.0

    /// Of all methods the fastest, or a slower one that moves at most half of its bytes and takes at most a second for
    /// a sample.
    private func cheapest(_ task: PlanningTask) throws -> Plan {
        var plans: [Plan] = []
        var refusal: (any Error)?
        let samples = task.samples
        for method in ServerMethods.list where method.isCandidate(task) {
            // Neither the fastest nor done in a second: not planned.
            let least = method.leastSeconds(task)
            if least >= Self.longest,
                plans.contains(where: { $0.seconds(samples: samples) <= least })
            {
                continue
            }
            do {
                plans.append(try Self.plan(method, task))
            } catch let error as PlanError {
                refusal = refusal ?? error
            }
        }
        guard
            var best = plans.min(by: {
                $0.seconds(samples: samples) < $1.seconds(samples: samples)
            })
        else { throw refusal ?? PlanError.noParameters("no method takes this network") }
        for other in plans {
            if 2 * other.client.traffic(samples: samples) <= best.client.traffic(samples: samples),
                other.seconds(samples: 1) < Self.longest
            {
                best = other
            }
        }
        return best
    }
}

/// Which method a plan is to have, and for how many samples at once it is made.
public struct MethodChoice: Sendable, Hashable {
    /// nil: the cheapest.
    package let name: MethodName?
    package let samples: Int

    /// - Parameter samples: scored at once; at least 1.
    package init(_ name: MethodName?, samples: Int = 1) {
        precondition(samples >= 1, "one sample or more")
        self.name = name
        self.samples = samples
    }

    /// The cheapest for one sample.
    package static let auto = MethodChoice(nil)
    /// The cheapest for so many.
    public static func auto(samples: Int) -> MethodChoice { MethodChoice(nil, samples: samples) }
    /// One sample in a ciphertext, or a few.
    public static let slots = MethodChoice(.slots)
    /// A ciphertext a feature, a slot a sample.
    public static func features(samples: Int) -> MethodChoice {
        MethodChoice(.features, samples: samples)
    }
    /// For linear networks: keys and replies of less than a kilobyte.
    public static let paillier = MethodChoice(.paillier)
}

extension OutputBounds {
    /// The methods that gave range ends of some layer first, in a fixed order.
    package var methodSummary: String {
        let used = layers.reduce(into: Set<BoundMethod>()) { $0.formUnion($1.ends.keys) }
        return BoundMethod.allCases.filter(used.contains).map(\.rawValue).joined(separator: ", ")
    }
}
