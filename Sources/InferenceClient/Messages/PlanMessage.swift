// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
import TensorGraphs
import Wire

extension Blindsight_V6_PlanMessage {
    package init(_ input: InputSpecification, _ outputs: OutputReading, identity: PlanIdentity) {
        self.init()
        self.identity = identity.words
        self.input = .init(input)
        self.outputs = .init(outputs)
    }
}

extension Blindsight_V6_InputMessage {
    init(_ input: InputSpecification) {
        self.init()
        shape = input.shape.map(UInt32.init)
        lowest = Int64(input.range.lowerBound)
        highest = Int64(input.range.upperBound)
        scale = input.scale
        zeroPoint = Int64(input.zeroPoint)
        offsets = input.offsets
        scales = input.scales
        normalization = input.normalization?.rawValue ?? ""
    }

    package func specification() throws -> InputSpecification {
        guard lowest <= highest else {
            throw WireError.outOfRange("an input range from \(lowest) to \(highest)")
        }
        guard shape.count <= 8 else {
            throw WireError.outOfRange("an input of \(shape.count) dimensions")
        }
        let normalization = Normalization(rawValue: self.normalization)
        guard normalization != nil || self.normalization.isEmpty else {
            throw WireError.outOfRange("the input's normalization")
        }
        return try InputSpecification(
            shape: shape.map(Int.init), range: Int(lowest)...Int(highest), scale: scale,
            zeroPoint: Int(zeroPoint), offsets: offsets, scales: scales,
            normalization: normalization)
    }
}

extension Blindsight_V6_OutputsMessage {
    init(_ outputs: OutputReading) {
        self.init()
        bounds = outputs.bounds.map {
            var range = Blindsight_V6_RangeMessage()
            range.lowest = $0.lowerBound.description
            range.highest = $0.upperBound.description
            return range
        }
        boundMethod = outputs.boundMethod
        rangeIsCalibrated = !outputs.rangeIsProven
        scale = outputs.units.scale
        exponents = outputs.units.exponents.map(Int32.init)
        // Else the program has them.
        if outputs.program?.label == nil { labels = outputs.labels }
        decision = outputs.decision.wireName
        transform = outputs.transform.wireName
    }

    package func reading(_ program: OutputProgram?) throws -> OutputReading {
        let decision = try Decision(wireName: self.decision)
        guard (1...PlanLimits.maximumOutputs).contains(bounds.count),
            labels.count <= PlanLimits.maximumOutputs,
            program?.label != nil
                ? labels.isEmpty : decision.labelsCount(outputs: bounds.count) == labels.count
        else {
            throw WireError.outOfRange("\(labels.count) labels for \(bounds.count) outputs")
        }
        let units: OutputUnits
        do {
            units = try OutputUnits(
                scale: scale, exponents: exponents.map(Int.init), outputs: bounds.count,
                decision: decision)
        } catch {
            throw WireError.outOfRange("output units: \(error)")
        }
        try PlanLimits.check(text: boundMethod, "the bound method")
        for label in labels { try PlanLimits.check(text: label, "a label") }
        return OutputReading(
            bounds: try bounds.map { try $0.range() }, boundMethod: boundMethod,
            rangeIsProven: !rangeIsCalibrated, units: units,
            labels: program?.labelNames ?? labels, decision: decision,
            transform: try OutputTransform(wireName: transform), program: program)
    }
}

extension Blindsight_V6_RangeMessage {
    fileprivate func range() throws -> ClosedRange<BigInt> {
        guard lowest.utf8.count <= 1000, highest.utf8.count <= 1000,
            let low = BigInt(lowest, radix: 10), let high = BigInt(highest, radix: 10), low <= high,
            // Numbers have one form.
            low.description == lowest, high.description == highest
        else { throw WireError.malformed("an output bound") }
        return low...high
    }
}
