/// Convolutions, poolings and reductions: sums and maxima over windows.
extension TensorGraphImporter {
    mutating func convolution(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(
            node, inputs: 2...3,
            attributes: ["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"])
        let value = try real(node, 0)
        guard !value.isConstant else { throw node.refusal("a constant image") }
        let weights = try weights(node, 1)
        let (shape, dims) = (value.shape, weights.shape)
        guard (3...4).contains(shape.count) else {
            throw node.refusal(
                "an image of sizes \(shape); [batch, channels, width] and [batch, channels, height, width] are accepted"
            )
        }
        guard dims.count == shape.count, dims.allSatisfy({ $0 > 0 }) else {
            throw node.refusal("weights of sizes \(dims) for an image of \(shape)")
        }
        let groups = Int(clamping: try node.integer("group", default: 1))
        guard groups > 0, shape[1] % groups == 0, dims[0] % groups == 0,
            dims[1] == shape[1] / groups
        else {
            throw node.refusal("weights of sizes \(dims) in \(groups) groups for \(shape)")
        }
        let windows = try WindowGeometry(node, shape: shape, kernel: Array(dims.dropFirst(2)))
        let output = windows.outputSizes
        let bias = node.input(2) == nil ? nil : try floats(node, 2)
        guard bias == nil || bias?.count == dims[0] else {
            throw node.refusal("a bias of \(bias?.count ?? 0) values for \(dims[0]) maps")
        }
        try checkWork(node, [shape[0], output.reduce(1, *)] + dims)
        try charge(weights.count, node)
        guard var kept = weights.weights else { throw node.refusal("weights that are no reals") }
        func extent(_ sizes: [Int]) -> Extent {
            Extent(height: sizes.count == 2 ? sizes[0] : 1, width: sizes[sizes.count - 1])
        }
        let isLine = shape.count == 3
        if isLine, let quantization = kept.quantization, quantization.axis >= 2 {
            kept = TensorWeights(
                values: kept.values,
                quantization: TensorWeights.Quantization(
                    integers: quantization.integers, scales: quantization.scales,
                    axis: quantization.axis + 1))
        }
        func image(_ channels: Int, _ sizes: [Int]) -> ImageShape {
            let size = extent(sizes)
            return ImageShape(channels: channels, height: size.height, width: size.width)
        }
        let (before, after) = (windows.padsBefore, windows.padsAfter)
        let geometry = TensorConvolution(
            batch: shape[0], input: image(shape[1], Array(shape.dropFirst(2))),
            output: image(dims[0], output), kernel: extent(windows.kernel),
            strides: extent(windows.strides), dilations: extent(windows.dilations),
            padding: Padding(
                top: isLine ? 0 : before[0], left: before[before.count - 1],
                bottom: isLine ? 0 : after[0], right: after[after.count - 1]), groups: groups)
        return try apply(
            node, .convolution(geometry, weights: kept, bias: bias), [value],
            shape: [shape[0], dims[0]] + output)
    }

    mutating func pool(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let isAverage = node.operator == "AveragePool"
        try check(
            node, inputs: 1...1,
            attributes: [
                "auto_pad", "ceil_mode", isAverage ? "count_include_pad" : "storage_order",
                "dilations", "kernel_shape", "pads", "strides",
            ])
        let value = try real(node, 0)
        let shape = value.shape
        guard shape.count >= 3 else {
            throw node.refusal("an image of sizes \(shape); batch and channels come first")
        }
        guard let given = try node.integers("kernel_shape") else {
            throw node.refusal("no kernel_shape")
        }
        let windows = try WindowGeometry(node, shape: shape, kernel: try sizes(given, node))
        let lists = try windows.lists(shape, node: node)
        try charge(lists.indices.count, node)
        let output = Array(shape.prefix(2)) + windows.outputSizes
        guard isAverage else {
            return try apply(
                node, .maximum(starts: lists.starts, indices: lists.indices), [value],
                shape: output)
        }
        let includesPadding = try flag(node, "count_include_pad", default: false)
        let weights = windows.averages(lists, includesPadding: includesPadding)
        return try apply(
            node,
            .weightedSum(starts: lists.starts, indices: lists.indices, weights: weights), [value],
            shape: output)
    }

    mutating func globalPool(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1)
        let value = try real(node, 0)
        guard value.shape.count >= 3 else {
            throw node.refusal("sizes \(value.shape); batch and channels come first")
        }
        return try reduced(
            node, value, axes: Array(2..<value.shape.count), keepsAxes: true,
            by: node.operator == "GlobalMaxPool" ? .maximum : .mean)
    }

    mutating func reduction(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(
            node, inputs: 1...2, attributes: ["axes", "keepdims", "noop_with_empty_axes"])
        let value = try real(node, 0)
        let named = try integers(node, 1, or: "axes") ?? []
        if named.isEmpty, try flag(node, "noop_with_empty_axes", default: false) { return value }
        let rank = value.shape.count
        let axes = named.isEmpty ? Array(0..<rank) : try axes(named, rank: rank, node)
        let kinds: [String: Reduction] = ["ReduceMean": .mean, "ReduceMax": .maximum]
        return try reduced(
            node, value, axes: axes, keepsAxes: try flag(node, "keepdims", default: true),
            by: kinds[node.operator] ?? .sum)
    }

    enum Reduction {
        case sum, mean, maximum
    }

    private mutating func reduced(
        _ node: ONNXNode, _ value: ImportedValue, axes: [Int], keepsAxes: Bool, by kind: Reduction
    ) throws(ONNXError) -> ImportedValue {
        let shape = value.shape
        try charge(value.count, node)
        guard value.count > 0 else { throw node.refusal("nothing to reduce: sizes \(shape)") }
        let offsets = IndexLists.identity(shape)
        let bases = IndexLists.sums(shape.indices.map { axes.contains($0) ? [0] : offsets[$0] })
        let members = IndexLists.sums(axes.sorted().map { offsets[$0] })
        var indices: [Int32] = []
        indices.reserveCapacity(value.count)
        for base in bases {
            for member in members { indices.append(base + member) }
        }
        let starts = (0...bases.count).map { $0 * members.count }
        let output = shape.indices.compactMap { axis in
            axes.contains(axis) ? (keepsAxes ? 1 : nil) : shape[axis]
        }
        if kind == .maximum {
            return try apply(
                node, .maximum(starts: starts, indices: indices), [value], shape: output)
        }
        let weight = kind == .mean ? 1 / Float(members.count) : 1
        return try apply(
            node,
            .weightedSum(
                starts: starts, indices: indices,
                weights: Array(repeating: weight, count: indices.count)), [value], shape: output)
    }
}
