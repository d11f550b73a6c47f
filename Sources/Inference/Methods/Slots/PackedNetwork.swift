// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import IntegerNetworks
import Synchronization

/// A network's operations laid out on the slots of one sample or several: all that baby steps don't change.
///
/// Operations stand in the order of their depth: linear ones of depth d, then the products that lead to d + 1. Levels
/// may be dropped before and after each set of products.
struct PackedNetwork {
    enum Step {
        case layer(PackedLayer, sources: [Int])
        /// One sum of a layer of several.
        case part(Int, of: Int)
        /// Of one value, or of two that are laid out alike.
        case product([Int])
        case switchPoint(Int)
        /// Of powers, some terms of their tables.
        case leaf(SlotLeaf, sources: [Int])
        /// Of two values that are laid out alike.
        case sum([Int])
        /// The end: pairs of factors one after another, and a constant a slot.
        case factors([Int], constants: [Int64])

        /// Values that it reads.
        var sources: [Int] {
            switch self {
            case .layer(_, let sources), .leaf(_, let sources), .product(let sources),
                .sum(let sources), .factors(let sources, _):
                sources
            case .part(_, let bundle): [bundle]
            case .switchPoint: []
            }
        }
    }

    let shape: SlotShape
    /// Side by side.
    let samples: Int
    /// Of a sample.
    let featureCount: Int
    let inputLayouts: [SlotLayout]
    /// Values are the input ciphertexts, then the result of each step but switch points.
    var steps: [Step] = []
    /// Of each value that is put out.
    private(set) var outputLayouts: [SlotLayout]
    /// The values that are put out.
    var outputs: [Int]
    let switchPointCount: Int
    /// Of each layer and grouping: circuits that differ in one layer share the others, and what is known of them.
    let transforms = LayerTransforms()

    /// Of each network value that exists, its ciphertexts.
    private var values: [Int: [Int]] = [:]
    private var layouts: [SlotLayout]
    /// Whether all slots of an output are parts of it.
    private var isSummedByClient = false

    /// Pairs of factors that the client multiplies.
    var factorPairs: Int {
        if case .factors(let factors, _)? = steps.last { factors.count / 2 } else { 0 }
    }

    /// Of steps that are known.
    init(
        shape: SlotShape, samples: Int, featureCount: Int, inputs: [SlotLayout], steps: [Step],
        outputs: [Int], outputLayouts: [SlotLayout], switchPointCount: Int
    ) {
        self.shape = shape
        self.samples = samples
        self.featureCount = featureCount
        self.switchPointCount = switchPointCount
        self.steps = steps
        inputLayouts = inputs
        layouts = inputs
        self.outputLayouts = outputLayouts
        self.outputs = outputs
    }

    /// Without steps yet.
    init(
        shape: SlotShape, featureCount: Int, input: SlotLayout, output: SlotLayout,
        switchPointCount: Int
    ) {
        self.init(
            shape: shape, samples: 1, featureCount: featureCount, inputs: [input], steps: [],
            outputs: [0], outputLayouts: [output], switchPointCount: switchPointCount)
    }

    /// - Throws: `PackingError` where the network doesn't fit this many slots.
    init(_ network: IntegerNetwork, shape: SlotShape) throws {
        self.shape = shape
        samples = 1
        featureCount = network.inputCount
        let first = Self.patches(network, shape: shape)
        inputLayouts =
            try first?.inputs
            ?? Self.image(network, shape: shape)
            ?? SlotPacking.periodicInput(features: network.inputCount, shape: shape)
        layouts = inputLayouts
        outputLayouts = []
        outputs = []
        switchPointCount = 2 * network.depth
        values[0] = Array(inputLayouts.indices)
        if let first { append(first.layer, sources: Array(inputLayouts.indices), as: 1) }
        let last = network.operations.count
        var tables = PackedTables.all(network)
        let tabled = Set(tables.flatMap(\.results))
        for (depth, stage) in network.stages.enumerated() {
            if depth > 0 {
                steps.append(.switchPoint(2 * depth - 2))
                for value in stage.products {
                    try appendProduct(network.operations[value - 1], as: value)
                }
                for number in tables.indices { try append(&tables[number], products: depth) }
                steps.append(.switchPoint(2 * depth - 1))
            }
            for value in stage.linear where values[value] == nil {
                if tabled.contains(value) {
                    let number = tables.firstIndex { $0.results.contains(value) }!
                    try append(&tables[number], linear: depth)
                } else {
                    try appendLinear(network.operations[value - 1], as: value, in: network)
                }
            }
            // Those on their way, of which some begin here.
            for number in tables.indices { try append(&tables[number], linear: depth) }
        }
        outputs = values[last]!
        outputLayouts = outputs.map { layouts[$0] }
        if !isSummedByClient { outputLayouts = outputLayouts.map(\.firstOccurrence) }
    }

    /// A first convolution over patches that the client lays out, where nothing else reads the input.
    private static func patches(
        _ network: IntegerNetwork, shape: SlotShape
    ) -> (inputs: [SlotLayout], layer: PackedLayer)? {
        guard case .convolution(let convolution) = network.operations[0].layer,
            network.operations.count > 1, network.operations[0].sources == [0],
            network.operations.dropFirst().allSatisfy({ !$0.sources.contains(0) }),
            network.operations.dropFirst().contains(where: { !$0.layer.isProduct }),
            let layout = PatchLayout(convolution, shape: shape)
        else { return nil }
        let patches = layout.patches
        // Through tables a ciphertext has many moduli: one that is rotated is less than several.
        guard patches.count == 1 || !network.hasTables else { return nil }
        guard let layer = try? layout.layer(patches) else { return nil }
        return (layout.inputs(patches), layer)
    }

    /// The input as the image that a first convolution reads: pixels as far from each other as the convolution's maps are
    /// many, so that these lie beside each other, and each pixel in all slots up to the next; rows a power of two from each
    /// other, so that babies move pixels and giants rows. nil where that takes more columns than the image must.
    private static func image(_ network: IntegerNetwork, shape: SlotShape) -> [SlotLayout]? {
        guard network.hasTables, case .convolution(let convolution) = network.operations[0].layer
        else { return nil }
        let image = convolution.inputShape
        let columns = (image.height * image.width).nextPowerOfTwo
        let channels = image.channels.nextPowerOfTwo
        guard columns == (image.height * image.width.nextPowerOfTwo).nextPowerOfTwo else {
            return nil
        }
        let maps = max(channels, convolution.outputShape.channels.nextPowerOfTwo)
        let pixels = sequence(first: maps) { $0 / 2 }.prefix { $0 >= channels }
        guard let pixel = pixels.first(where: { columns * $0 <= shape.columns }) else { return nil }
        let period = columns * pixel
        let placement = Placement(
            image: image, map: period, row: image.width.nextPowerOfTwo * pixel, pixel: pixel,
            gaps: Extent(height: 1, width: channels))
        return [
            SlotLayout(shape) { _, column in
                let place = column & (period - 1)
                return placement.output(
                    at: place / pixel * pixel + place % pixel % channels)
            }
        ]
    }

    private mutating func append(_ layer: PackedLayer, sources: [Int], as value: Int) {
        steps.append(.layer(layer, sources: sources))
        layouts.append(layer.outputLayout)
        values[value] = [layouts.count - 1]
    }

    /// The products of tables that lead to a depth.
    private mutating func append(_ tables: inout PackedTables, products depth: Int) throws {
        for (index, operation) in tables.steps(at: depth) where operation.isProduct {
            steps.append(.product(operation.sources.map { tables.values[$0]! }))
            append(index, of: &tables)
        }
    }

    /// What tables take that is linear, at a depth; the last of it are their values.
    private mutating func append(_ tables: inout PackedTables, linear depth: Int) throws {
        if tables.values[0] == nil, depth >= tables.firstDepth {
            let sources = values[tables.source]!
            guard sources.count == 1 else {
                throw PackingError.tooManyFeatures(
                    tables.network.operations[0].width, slots: shape.slotCount)
            }
            tables.values[0] = sources[0]
        }
        for (index, operation) in tables.steps(at: depth) where !operation.isProduct {
            let operands = operation.sources.map { tables.values[$0]! }
            switch operation.kind {
            case .leaf(let leaf):
                let layout = tables.layout(of: leaf, at: layouts[tables.values[0]!], shape)
                steps.append(
                    .leaf(SlotLeaf(leaf: leaf, layout: layout, shape: shape), sources: operands))
            case .map, .product: steps.append(.sum(operands))
            }
            append(index, of: &tables)
        }
        for (result, value) in zip(tables.network.results, tables.results)
        where values[value] == nil {
            values[value] = tables.values[result].map { [$0] }
        }
    }

    private mutating func append(_ index: Int, of tables: inout PackedTables) {
        layouts.append(layouts[tables.values[0]!])
        tables.values[index + 1] = layouts.count - 1
    }

    private mutating func appendProduct(
        _ operation: IntegerNetwork.Operation, as value: Int
    ) throws {
        let operands = try operation.sources.map { source -> Int in
            let ciphertexts = values[source]!
            guard ciphertexts.count == 1 else {
                throw PackingError.tooManyFeatures(
                    operation.layer.outputCount, slots: shape.slotCount)
            }
            return ciphertexts[0]
        }
        guard operands.allSatisfy({ layouts[$0] == layouts[operands[0]] }) else {
            throw PackingError.layoutsDiffer
        }
        steps.append(.product(operands))
        layouts.append(layouts[operands[0]])
        values[value] = [layouts.count - 1]
    }

    private mutating func appendLinear(
        _ operation: IntegerNetwork.Operation, as value: Int, in network: IntegerNetwork
    ) throws {
        // Before the map is written out.
        let isLast = value == network.operations.count
        let count = operation.layer.outputCount
        let room =
            isLast ? Slots.maximumOutputLayouts * shape.slotCount : shape.columns
        guard count <= room else { throw PackingError.tooManyOutputs(count, columns: room) }
        guard let map = PackedMap(operation.layer) else { throw PackingError.noCover }
        let ciphertexts = operation.sources.flatMap { values[$0]! }
        if ciphertexts.count == 1, map.isDiagonal {
            append(
                SlotPacking.diagonal(map, source: layouts[ciphertexts[0]]),
                sources: ciphertexts, as: value)
            return
        }
        // Features are numbered through all sources.
        var offset = 0
        var sources: [SlotLayout] = []
        for source in operation.sources {
            sources += values[source]!.map { layouts[$0].shifted(by: offset) }
            offset +=
                source == 0
                ? network.inputCount : network.operations[source - 1].layer.outputCount
        }
        guard isLast else {
            let layer = try inner(map, sources: sources, as: value, in: network)
            if network.hasTables, case .convolution(let convolution) = operation.layer,
                let grid = ImageGrid(sources[0], image: convolution.inputShape, shape: shape),
                let rows = layer.byRows(of: grid.row)
            {
                append(rows, sources: ciphertexts, as: value)
            } else {
                append(layer, sources: ciphertexts, as: value)
            }
            return
        }
        isSummedByClient = true
        let parts = try SlotPacking.last(map, sources: sources, shape: shape)
        if parts.count == 1 {
            append(parts[0], sources: ciphertexts, as: value)
        } else {
            append(parts, sources: ciphertexts, as: value)
        }
    }

    /// Where operands of products need not lie alike, a layer may leave its outputs where its sources have them: images
    /// that are pooled stay in their grid.
    private func inner(
        _ map: PackedMap, sources: [SlotLayout], as value: Int, in network: IntegerNetwork
    ) throws -> PackedLayer {
        var layer = try unweighted(map, sources: sources, as: value, in: network)
        if network.hasTables { layer.keyCost = Self.keyCostOfTables }
        return layer
    }

    /// Of each output, its first feature and that of what it is multiplied by, where both are maps of the same values:
    /// products are of values that lie alike.
    private static func anchors(of value: Int, in network: IntegerNetwork) -> [Int]? {
        let operands = network.operations.filter {
            $0.layer.isProduct && $0.sources.contains(value)
        }.flatMap(\.sources)
        guard Set(operands).count > 1,
            operands.allSatisfy({
                $0 > 0
                    && network.operations[$0 - 1].sources
                        == network.operations[value - 1].sources
            })
        else { return nil }
        let maps = Set(operands).map { PackedMap(network.operations[$0 - 1].layer)?.matrix }
        guard let rows = maps[0]?.rows, maps.allSatisfy({ $0?.rows == rows }) else { return nil }
        return (0..<rows).map { row in
            maps.compactMap { $0!.columnIndices[$0!.entries(ofRow: row)].min() }.min() ?? 0
        }
    }

    /// Through tables there are many moduli, and keys of tens of megabytes.
    private static let keyCostOfTables = 4.0

    private func unweighted(
        _ map: PackedMap, sources: [SlotLayout], as value: Int, in network: IntegerNetwork
    ) throws -> PackedLayer {
        if network.hasTables {
            if let layer = SlotPacking.anchored(
                map, at: Self.anchors(of: value, in: network), sources: sources, shape: shape)
            {
                return layer
            }
            if case .convolution(let convolution) = network.operations[value - 1].layer,
                sources.count == 1, Self.feedsImages(value, in: network),
                let grid = ImageGrid(sources[0], image: convolution.inputShape, shape: shape),
                let placement = grid.placement(of: convolution, columns: shape.columns)
            {
                // One map is in all slots from one pixel to the next: others of these need no rotations of their own.
                let isRepeated = convolution.inputShape.channels == 1
                // Where weights stand decides what repeats, not which of them are zero or equal: rotation keys follow.
                let numbered = PackedMap(
                    matrix: try convolution.numbered.matrix(keepingZeros: true) ?? map.matrix,
                    bias: map.bias)
                return try SlotPacking.inner(
                    numbered, sources: sources, placement: placement,
                    stride: isRepeated ? grid.pixel : 1, shape: shape
                ).repeating(shape, most: shape.columns / 2)
                    .mapped { $0 == 0 ? 0 : convolution.weights[Int($0) - 1] }
            }
        }
        return try SlotPacking.inner(
            map, sources: sources, placement: placement(of: value, in: network), shape: shape)
    }

    /// Maps of the same sources as one that shares their rotations; what each adds to its sum follows.
    private mutating func append(_ parts: [PackedLayer], sources: [Int], as value: Int) {
        steps.append(.layer(PackedLayer(sharing: parts), sources: sources))
        layouts.append(parts[0].outputLayout)
        let bundle = layouts.count - 1
        values[value] = parts.enumerated().map { index, part in
            steps.append(.part(index, of: bundle))
            steps.append(.layer(PackedLayer(biasOf: part), sources: [layouts.count]))
            layouts += [part.outputLayout, part.outputLayout]
            return layouts.count - 1
        }
    }

    /// One sum a row of a kernel, and their sum.
    private mutating func append(_ rows: PackedLayer.Rows, sources: [Int], as value: Int) {
        steps.append(.layer(rows.each, sources: sources))
        layouts.append(rows.each.outputLayout)
        let bundle = layouts.count - 1
        let parts = (0..<rows.count).map { row in
            steps.append(.part(row, of: bundle))
            layouts.append(rows.each.outputLayout)
            return layouts.count - 1
        }
        append(rows.sum, sources: parts, as: value)
    }

    /// Operands of a product must lie alike; images that a map of images reads lie in blocks; all else lies in order.
    private func placement(of value: Int, in network: IntegerNetwork) -> Placement {
        let operation = network.operations[value - 1]
        if let image = operation.layer.outputImage, image.channels > 1,
            image.height * image.width > 1, Self.feedsImages(value, in: network)
        {
            let blocks = Placement(image: image)
            if blocks.period <= shape.columns { return blocks }
        }
        return Placement(count: operation.layer.outputCount)
    }

    /// Whether an operation that puts out an image reads the value, or what products and scalings make of it.
    private static func feedsImages(_ value: Int, in network: IntegerNetwork) -> Bool {
        var reached: Set<Int> = [value]
        for (index, operation) in network.operations.enumerated()
        where operation.sources.contains(where: reached.contains) {
            if operation.layer.isProduct || operation.layer.isTable {
                reached.insert(index + 1)
            } else if operation.layer.outputImage != nil {
                return true
            }
        }
        return false
    }
}

extension IntegerNetwork.Layer {
    /// Sizes of an image that a linear layer puts out.
    fileprivate var outputImage: ImageShape? {
        switch self {
        case .convolution(let convolution): return convolution.outputShape
        case .affine(let affine) where affine.shape.count == 3:
            return ImageShape(
                channels: affine.shape[0], height: affine.shape[1], width: affine.shape[2])
        case .affine, .dense, .square, .product, .forest, .table: return nil
        }
    }
}

extension Convolution {
    /// The same with the number of each weight, from 1, in its place.
    fileprivate var numbered: IntegerNetwork.Layer {
        get throws {
            .convolution(
                try Convolution(
                    weights: weights.indices.map { Int64($0) + 1 }, bias: bias,
                    inputShape: inputShape, kernel: kernel, strides: strides, padding: padding))
        }
    }
}

extension SlotLayout {
    /// Keeps one slot of each output: for networks whose outputs are whole in every slot.
    fileprivate var firstOccurrence: SlotLayout {
        var seen = Set<Int32>()
        return SlotLayout(
            features: features.map {
                $0 != Self.empty && seen.insert($0).inserted ? $0 : Self.empty
            })
    }
}

/// Layers' linear maps by how their diagonals are grouped, each made once.
final class LayerTransforms: Sendable {
    private struct Key: Hashable {
        let layer: Int
        let grouping: BabyGrouping
    }

    private let known = Mutex<[Key: LinearTransform]>([:])

    /// - Parameter layer: its number among those with diagonals.
    func once(
        _ layer: Int, _ grouping: BabyGrouping, _ make: () -> LinearTransform
    ) -> LinearTransform {
        let key = Key(layer: layer, grouping: grouping)
        if let transform = known.withLock({ $0[key] }) { return transform }
        let made = make()
        return known.withLock { known in
            let transform = known[key] ?? made
            known[key] = transform
            return transform
        }
    }
}
