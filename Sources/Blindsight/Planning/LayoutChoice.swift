import BigIntegers
import Inference
import IntegerNetworks
import Wire

extension PlanningOptions {
    /// The cheapest plan of the layout that is asked for.
    ///
    /// - Throws: `PlanError` where no layout that may be chosen has parameters.
    func plan(
        _ network: IntegerNetwork, outputBounds: [ClosedRange<BigInt>], boundMethod: String,
        rangeIsProven: Bool, progress: (String) -> Void
    ) throws -> Plan {
        func plan(_ layout: DataLayout, _ samples: Int) throws -> Plan {
            try planner.plan(
                network, outputBounds: outputBounds, boundMethod: boundMethod,
                rangeIsProven: rangeIsProven, layout: layout, samples: samples,
                progress: progress)
        }
        switch layout {
        case .latency: return try plan(.latency, 1)
        case .batch(let samples): return try plan(.batch, samples)
        case .cheapest(let samples):
            guard samples > 1 else { return try plan(.latency, 1) }
            let batch: Plan
            do { batch = try plan(.batch, samples) } catch is PlanError {
                return try plan(.latency, 1)
            }
            // Wide layers have no latency layout.
            guard let latency = try? plan(.latency, 1) else { return batch }
            let groups = batch.client.groups(of: samples)
            return latency.client.seconds * Double(samples) < batch.client.seconds * Double(groups)
                ? latency : batch
        }
    }
}

extension ClientPlan {
    /// Of one request on one core of the reference machine.
    fileprivate var seconds: Double {
        OperationCosts.reference.seconds(cost.operations, degree: parameters.degree)
    }
}
