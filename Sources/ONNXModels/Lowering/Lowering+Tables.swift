// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Codes of accumulators: tables, where no accumulator has more values than one takes.
extension Lowering {
    /// A value that functions or a QuantizeLinear read; nil of others.
    func accumulators(_ value: Value) -> Accumulators? {
        switch value {
        case .activation(let shape, let scale, let version):
            Accumulators(shape: shape, scales: [scale], version: version)
        case .accumulators(let found): found
        case .constant, .scaledConstant, .realInput, .codes, .innerCodes, .window, .truths: nil
        }
    }

    mutating func function(_ node: ONNXNode) throws(ONNXError) -> Value {
        guard var found = accumulators(try value(node, 0)) else {
            throw node.refusal("it reads what no Conv, Gemm or MatMul made")
        }
        let function: Accumulators.Function
        switch node.operator {
        case "LeakyRelu":
            try node.checkAttributes(["alpha"])
            function = .leaky(try node.float("alpha", default: 0.01))
        case "HardSigmoid":
            try node.checkAttributes(["alpha", "beta"])
            function = .hardSigmoid(
                alpha: try node.float("alpha", default: 0.2),
                beta: try node.float("beta", default: 0.5))
        case "HardSwish":
            try node.checkAttributes([])
            function = .hardSwish
        case "Clip":
            try node.checkAttributes([])
            func bound(_ index: Int, _ absent: Float) throws(ONNXError) -> Float {
                guard node.input(index) != nil else { return absent }
                guard let bound = try constant(node, index).singleFloat, !bound.isNaN else {
                    throw node.refusal("bounds must be constant floats")
                }
                return bound
            }
            function = .clip(try bound(1, -.infinity), try bound(2, .infinity))
        default:
            try node.checkAttributes([])
            function = .relu
        }
        try node.checkInputs(node.operator == "Clip" ? 1...3 : 1...1)
        found.functions.append(function)
        return .accumulators(found)
    }

    /// Codes of what was accumulated.
    mutating func requantize(
        _ node: ONNXNode, _ found: Accumulators, scale: Float, zeroPoint: Int,
        codes: ClosedRange<Int>
    ) throws(ONNXError) -> Value {
        let range = Int64(codes.lowerBound - zeroPoint)...Int64(codes.upperBound - zeroPoint)
        func inner() -> InnerCodes {
            InnerCodes(scale: scale, zeroPoint: zeroPoint, range: range, version: version)
        }
        let ranges = try ranges(node, of: found)
        // Codes that are quantized again as they were stay what they are.
        if found.functions.isEmpty, found.scales == [Double(scale)],
            ranges.allSatisfy({ range.contains($0.lowerBound) && range.contains($0.upperBound) })
        {
            return .innerCodes(shape: found.shape, inner())
        }
        try appendTables(node, found, ranges: ranges) {
            found.code($0, place: $1, scale: scale, codes: range)
        }
        return .innerCodes(shape: found.shape, inner())
    }

    /// A table of what was accumulated, by each element's scale.
    /// - Parameters:
    ///   - ranges: of each element.
    ///   - values: of an accumulator and its place among the scales; nil where it is no number.
    mutating func appendTables(
        _ node: ONNXNode, _ found: Accumulators, ranges: [ClosedRange<Int64>],
        values value: (_ accumulator: Int64, _ place: Int) -> Int64?
    ) throws(ONNXError) {
        let domains = TableDomains(ranges, place: found.place)
        var runs: [LookupTables.Run] = []
        for (place, domain) in domains.domains {
            guard domain.upperBound - domain.lowerBound < Int64(LookupTables.mostValues) else {
                throw node.refusal(
                    "what it reads takes \(domain.upperBound - domain.lowerBound + 1) values; a table takes "
                        + "\(LookupTables.mostValues): activations and weights of fewer bits are accepted"
                )
            }
            let values = domain.map { value($0, place) }
            guard values.allSatisfy({ $0 != nil }) else {
                throw node.refusal(
                    "what it reads is no number, by its scales or a function's attributes")
            }
            runs.append(.init(lower: domain.lowerBound, values: values.compactMap { $0 }))
        }
        try appendTable(runs: runs, choices: domains.choices, shape: found.shape, node)
    }

    private mutating func appendTable(
        runs: [LookupTables.Run], choices: [Int], shape: [Int], _ node: ONNXNode
    ) throws(ONNXError) {
        let tables: LookupTables
        do {
            tables = try LookupTables(runs: runs, choices: choices)
        } catch {
            throw node.refusal(error.description)
        }
        _ = try append(.table(tables), shape: shape, scale: 1, node: node)
    }

    /// Saturates the codes that the last table made.
    mutating func clip(
        _ node: ONNXNode, _ shape: [Int], _ codes: InnerCodes, to limits: ClosedRange<Int64>
    ) throws(ONNXError) -> Value {
        guard codes.version == version, case .table(let tables) = operations.last?.layer else {
            throw node.refusal("it clips codes that no QuantizeLinear right before it made")
        }
        let clipped: LookupTables
        do {
            clipped = try LookupTables(
                runs: tables.runs.map { run in
                    .init(
                        lower: run.lower,
                        values: run.values.map {
                            min(max($0, limits.lowerBound), limits.upperBound)
                        })
                }, choices: tables.choices)
        } catch {
            throw node.refusal(error.description)
        }
        operations[operations.count - 1] = .init(
            .table(clipped), sources: operations[operations.count - 1].sources)
        version += 1
        return .innerCodes(
            shape: shape,
            InnerCodes(
                scale: codes.scale, zeroPoint: codes.zeroPoint,
                range: codes.range.clamped(to: limits), version: version))
    }

    /// Of each element of what was accumulated last.
    func ranges(
        _ node: ONNXNode, of found: Accumulators
    ) throws(ONNXError) -> [ClosedRange<Int64>] {
        guard found.version == version else {
            throw node.refusal("it reads what is not the last layer's output")
        }
        return try ranges(node)
    }

    /// Of each element of the last layer's output.
    private func ranges(_ node: ONNXNode) throws(ONNXError) -> [ClosedRange<Int64>] {
        guard let input else { throw node.refusal("it comes before the input's QuantizeLinear") }
        guard let ranges = IntervalPropagation.ranges(after: operations, input: input) else {
            throw node.refusal("accumulators of more than 32 bits")
        }
        return ranges
    }

    // MARK: Pooling

    /// The largest of each window, two by two: max(a, b) = a + max(b - a, 0), of which the last is a table.
    mutating func maximumPool(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(1...1)
        try node.checkAttributes([
            "auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order",
            "strides",
        ])
        let value = try value(node, 0)
        let (shape, made): ([Int], Int)
        switch value {
        case .activation(let found, _, let version): (shape, made) = (found, version)
        case .innerCodes(let found, let codes): (shape, made) = (found, codes.version)
        default: throw node.refusal("it pools what no QuantizeLinear made")
        }
        guard made == version else { throw node.refusal("it reads no last layer's output") }
        guard shape.count >= 2, case .table = operations.last?.layer else {
            throw node.refusal("a MaxPool of images of codes is accepted")
        }
        let geometry = try WindowGeometry(
            node, shape: [1] + shape,
            kernel: try node.integers("kernel_shape")?.map { Int(clamping: $0) } ?? [])
        let whole = [1] + shape
        _ = try geometry.tapsCount(whole, node: node)
        let lists = try geometry.lists(whole, node: node)
        let pooled = [shape[0]] + geometry.outputSizes
        var windows = (0..<lists.starts.count - 1).map { window in
            lists.indices[lists.starts[window]..<lists.starts[window + 1]].map { Int($0) }
        }
        while windows.contains(where: { $0.count > 1 }) || windows.count != currentCount {
            windows = try halve(windows, channels: shape[0], node)
        }
        switch value {
        case .activation(_, let scale, _):
            return .activation(shape: pooled, scale: scale, version: version)
        case .innerCodes(_, let codes):
            return .innerCodes(
                shape: pooled,
                InnerCodes(
                    scale: codes.scale, zeroPoint: codes.zeroPoint, range: codes.range,
                    version: version))
        default: preconditionFailure("checked above")
        }
    }

    private var currentCount: Int { operations[operations.count - 1].layer.outputCount }

    /// The larger one of each two elements of a window, one after the other.
    /// - Returns: the windows, in places of the result.
    private mutating func halve(
        _ windows: [[Int]], channels: Int, _ node: ONNXNode
    ) throws(ONNXError) -> [[Int]] {
        let count = currentCount
        let source = operations.count
        var differences = SparseIntegerMatrix(columns: count)
        // Of each element of the result: the one to add, and the place of the difference.
        var sums: [(element: Int, difference: Int?)] = []
        var next: [[Int]] = []
        for window in windows {
            var places: [Int] = []
            for first in stride(from: 0, to: window.count, by: 2) {
                places.append(sums.count)
                guard first + 1 < window.count else {
                    sums.append((window[first], nil))
                    continue
                }
                let (a, b) = (window[first], window[first + 1])
                sums.append((a, differences.rows))
                differences.append(column: min(a, b), weight: a < b ? -1 : 1)
                differences.append(column: max(a, b), weight: a < b ? 1 : -1)
                differences.endRow()
            }
            next.append(places)
        }
        let pairs = differences.rows
        if pairs > 0 {
            try append(differences, channels: channels, node)
            let span = try ranges(node).reduce(Int64(0)) {
                max($0, $1.lowerBound.magnitude.asInt, $1.upperBound.magnitude.asInt)
            }
            try appendTable(
                runs: [.init(-span...span) { max($0, 0) }],
                choices: [Int](repeating: 0, count: pairs), shape: [pairs], node)
        }
        var joined = SparseIntegerMatrix(columns: count + pairs)
        for (element, difference) in sums {
            joined.append(column: element, weight: 1)
            if let difference { joined.append(column: count + difference, weight: 1) }
            joined.endRow()
        }
        try append(
            joined, channels: channels, node,
            sources: pairs > 0 ? [source, operations.count] : [source])
        return next
    }

    /// A map of channels that have as many rows each.
    private mutating func append(
        _ matrix: SparseIntegerMatrix, channels: Int, _ node: ONNXNode, sources: [Int]? = nil
    ) throws(ONNXError) {
        let affine: Affine
        do {
            affine = try Affine(
                matrix: matrix, bias: [Int64](repeating: 0, count: matrix.rows),
                shape: [channels, matrix.rows / channels, 1])
        } catch {
            throw node.refusal(error.description)
        }
        _ = try append(
            .affine(affine), shape: [matrix.rows], scale: 1, node: node, sources: sources)
    }
}

extension UInt64 {
    fileprivate var asInt: Int64 { Int64(self) }
}
