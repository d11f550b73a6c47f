// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import IntegerNetworks

/// A network's operations on vectors of features, in the order of their depth: linear ones of depth d, then the
/// products that lead to d + 1. Moduli may be dropped before each set of products.
///
/// Products are relinearized late. A linear map of products works on three polynomials as on two, so it is worth
/// waiting for one that has fewer outputs than inputs: relinearization costs dozens of transforms a ciphertext. Values
/// that several operations read, or that are read at a later depth, are relinearized at once, so that moduli are only
/// ever dropped from ciphertexts of two polynomials.
///
/// Maps of the inputs that products of a later depth alone read, and that make more vectors than they read, stand
/// behind these products' switch point: moduli are dropped from what they read then, which is less. Where products are
/// added to what they are made of, weights are small, and all such maps do.
///
/// Parts of a network are run one after another, each from the first switch point to the last, so that what one part
/// holds is gone when the next begins.
struct FeatureCircuitBuilder {
    /// A vector of ciphertexts: how many, and whether they have three polynomials.
    private struct Vector {
        let value: Int
        let width: Int
        var isQuadratic = false
    }

    private(set) var circuit = CircuitBuilder<FeatureCircuits>(inputsCount: 1)
    /// The circuit's value of each of the network's.
    private var vectors: [Int: Vector]
    /// The network's values that several operations read.
    private let shared: Set<Int>
    /// Those that are read after moduli may have been dropped.
    private let readLater: Set<Int>
    /// Results of parts.
    private let joined: Set<Int>
    /// Of each depth and part, maps that stand behind its switch point.
    private let late: LateMaps
    /// The inputs at each depth where something reads them, where there are parts.
    private var inputs: [Int: Int] = [:]

    init(_ network: ArithmeticNetwork) {
        vectors = [0: Vector(value: 0, width: network.inputCount)]
        late = LateMaps(network)
        let depths = network.depths
        var readers: [Int: Int] = [:]
        var later: Set<Int> = []
        var joined: Set<Int> = []
        for (index, operation) in network.operations.enumerated() {
            // Products take their operands before the moduli of their own depth are dropped.
            let stage =
                late.depth(of: index + 1) ?? depths[index + 1] - (operation.isProduct ? 1 : 0)
            for source in Set(operation.sources) {
                readers[source, default: 0] += 1
                if depths[source] < stage { later.insert(source) }
                if source > 0, network.operations[source - 1].part != operation.part {
                    joined.insert(source)
                }
            }
        }
        shared = Set(readers.filter { $0.key > 0 && $0.value > 1 }.keys)
        readLater = later
        self.joined = joined
        let parts = network.stagesOfParts
        if parts.count > 1 { keepInputs(network) }
        // Moduli are still all there.
        for stages in parts { appendMaps(stages[0].linear, network, depth: 0) }
        for stages in parts {
            for depth in stages.indices.dropFirst() {
                append(stages[depth], network, depth: depth)
            }
        }
        // The output is the last value, since operations that nothing reads are none of a network.
        relinearize(network.operations.count)
    }

    private mutating func append(_ stage: Stage, _ network: ArithmeticNetwork, depth: Int) {
        if !stage.products.isEmpty {
            let products = stage.products.map { network.operations[$0 - 1] }
            let maps = late.maps(depth: depth, part: products[0].part)
            for operation in products {
                for source in operation.sources where !maps.contains(source) {
                    relinearize(source)
                }
            }
            for source in Set(maps.flatMap { network.operations[$0 - 1].sources }).sorted() {
                relinearize(source)
            }
            circuit.appendSwitchPoint(2 * depth - 2)
            for value in maps { append(network.operations[value - 1], as: value, depth: depth) }
            for (value, operation) in zip(stage.products, products) {
                let operands = operation.sources.map { vectors[$0]!.value }
                vectors[value] = Vector(
                    value: circuit.appendProduct(operands),
                    width: operation.width, isQuadratic: true)
                settle(value)
            }
        }
        appendMaps(stage.linear, network, depth: depth)
    }

    private mutating func appendMaps(_ values: [Int], _ network: ArithmeticNetwork, depth: Int) {
        for value in values where late.depth(of: value) == nil {
            append(network.operations[value - 1], as: value, depth: depth)
        }
    }

    /// Inputs are there at all moduli as long as a part is to come, and at those of each depth as they were dropped
    /// once.
    private mutating func keepInputs(_ network: ArithmeticNetwork) {
        apply(.store, to: 0)
        for (index, operation) in network.operations.enumerated()
        where operation.sources.contains(0) {
            let depth = late.depth(of: index + 1) ?? network.depths[index + 1]
            guard depth > 0, inputs[depth] == nil else { continue }
            inputs[depth] = circuit.append(.own(.store), [vectors[0]!.value])
        }
    }

    /// Relinearizes or stores what others than the next operation read.
    private mutating func settle(_ value: Int) {
        if vectors[value]!.isQuadratic {
            if shared.contains(value) || readLater.contains(value) {
                relinearize(value)
            } else if joined.contains(value) {
                store(value)
            }
        } else if joined.contains(value) || shared.contains(value) {
            store(value)
        }
    }

    private mutating func append(
        _ operation: ArithmeticNetwork.Operation, as value: Int, depth: Int
    ) {
        let quadratic = Set(operation.sources.filter { vectors[$0]!.isQuadratic })
        // More outputs than there are products: relinearize these.
        if quadratic.reduce(0, { $0 + vectors[$1]!.width }) < operation.width {
            for source in quadratic.sorted() { relinearize(source) }
        }
        let sources = operation.sources.map { source in
            let vector = vectors[source]!
            return source > 0
                ? vector : Vector(value: inputs[depth] ?? vector.value, width: vector.width)
        }
        let features: FeatureMap
        switch operation.kind {
        case .map(let map): features = FeatureMap(map, widths: sources.map(\.width))
        case .leaf(let leaf): features = FeatureMap(leaf)
        case .product: preconditionFailure("a product is no map")
        }
        vectors[value] = Vector(
            value: circuit.append(.map(features), sources.map(\.value)), width: operation.width,
            isQuadratic: sources.contains(where: \.isQuadratic))
        settle(value)
    }

    private mutating func relinearize(_ value: Int) {
        if vectors[value]!.isQuadratic { apply(.relinearize, to: value) }
    }

    /// From here on the network's value is the result.
    private mutating func apply(_ step: FeatureStep, to value: Int) {
        let vector = vectors[value]!
        vectors[value] = Vector(
            value: circuit.append(.own(step), [vector.value]), width: vector.width,
            isQuadratic: step == .store && vector.isQuadratic)
    }

    private mutating func store(_ value: Int) { apply(.store, to: value) }
}

/// Maps that stand behind the switch point of the products that read them: what they read is less than what they make,
/// and moduli are dropped from it.
private struct LateMaps {
    private struct Place: Hashable {
        let depth: Int
        let part: Int?
    }

    private var maps: [Place: [Int]] = [:]
    private var depths: [Int: Int] = [:]

    init(_ network: ArithmeticNetwork) {
        var readers: [Int: [Int]] = [:]
        for (index, operation) in network.operations.enumerated() {
            for source in Set(operation.sources) { readers[source, default: []].append(index + 1) }
        }
        func width(_ value: Int) -> Int {
            value == 0 ? network.inputCount : network.operations[value - 1].width
        }
        for (index, operation) in network.operations.enumerated() {
            guard case .map = operation.kind, let readers = readers[index + 1], readers.count == 1,
                network.operations[readers[0] - 1].isProduct, network.depths[readers[0]] > 1,
                network.addsProducts || operation.sources == [0]
            else { continue }
            let place = Place(depth: network.depths[readers[0]], part: operation.part)
            maps[place, default: []].append(index + 1)
        }
        maps = maps.filter { _, maps in
            let sources = Set(maps.flatMap { network.operations[$0 - 1].sources })
            return sources.reduce(0) { $0 + width($1) } < maps.reduce(0) { $0 + width($1) }
        }
        for (place, maps) in maps {
            for map in maps { depths[map] = place.depth }
        }
    }

    func maps(depth: Int, part: Int?) -> [Int] { maps[Place(depth: depth, part: part)] ?? [] }

    /// Of a map that is one of them, the depth of the products that read it.
    func depth(of value: Int) -> Int? { depths[value] }
}
