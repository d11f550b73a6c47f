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
/// Maps of the inputs that later products alone read, and that make more of them than there are inputs, stand behind
/// these products' switch point: moduli are dropped from the inputs then, which are fewer, and once.
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
    /// Of each depth, maps of the inputs that stand behind its switch point.
    private let late: [Int: [Int]]

    init(_ network: ArithmeticNetwork) {
        vectors = [0: Vector(value: 0, width: network.inputCount)]
        let depths = network.depths
        var readers: [Int: Int] = [:]
        var later: Set<Int> = []
        for (index, operation) in network.operations.enumerated() {
            // Products take their operands before the moduli of their own depth are dropped.
            let stage = depths[index + 1] - (operation.isProduct ? 1 : 0)
            for source in Set(operation.sources) {
                readers[source, default: 0] += 1
                if depths[source] < stage { later.insert(source) }
            }
        }
        shared = Set(readers.filter { $0.key > 0 && $0.value > 1 }.keys)
        readLater = later
        late = Self.late(network, depths: depths)
        let isLate = Set(late.values.joined())
        for (depth, stage) in network.stages.enumerated() {
            if depth > 0 {
                let products = stage.products.map { network.operations[$0 - 1] }
                for operation in products {
                    for source in operation.sources where !isLate.contains(source) {
                        relinearize(source)
                    }
                }
                circuit.appendSwitchPoint(2 * depth - 2)
                for value in late[depth] ?? [] {
                    append(network.operations[value - 1], as: value)
                }
                for (value, operation) in zip(stage.products, products) {
                    let operands = operation.sources.map { vectors[$0]!.value }
                    vectors[value] = Vector(
                        value: circuit.appendProduct(operands),
                        width: operation.width, isQuadratic: true)
                    settle(value)
                }
            }
            for value in stage.linear where !isLate.contains(value) {
                append(network.operations[value - 1], as: value)
            }
        }
        // The output is the last value, since operations that nothing reads are none of a network.
        relinearize(network.operations.count)
    }

    private static func late(_ network: ArithmeticNetwork, depths: [Int]) -> [Int: [Int]] {
        var readers: [Int: [Int]] = [:]
        for (index, operation) in network.operations.enumerated() {
            for source in Set(operation.sources) { readers[source, default: []].append(index + 1) }
        }
        var late: [Int: [Int]] = [:]
        var widths: [Int: Int] = [:]
        for (index, operation) in network.operations.enumerated()
        where !operation.isProduct && operation.sources == [0] {
            guard let readers = readers[index + 1], readers.count == 1,
                network.operations[readers[0] - 1].isProduct, depths[readers[0]] > 1
            else { continue }
            late[depths[readers[0]], default: []].append(index + 1)
            widths[depths[readers[0]], default: 0] += operation.width
        }
        return late.filter { widths[$0.key]! > network.inputCount }
    }

    /// Relinearizes or stores what others than the next operation read.
    private mutating func settle(_ value: Int) {
        if vectors[value]!.isQuadratic {
            if shared.contains(value) || readLater.contains(value) { relinearize(value) }
        } else if shared.contains(value) {
            apply(.store, to: value)
        }
    }

    private mutating func append(_ operation: ArithmeticNetwork.Operation, as value: Int) {
        let quadratic = Set(operation.sources.filter { vectors[$0]!.isQuadratic })
        // More outputs than there are products: relinearize these.
        if quadratic.reduce(0, { $0 + vectors[$1]!.width }) < operation.width {
            for source in quadratic.sorted() { relinearize(source) }
        }
        let sources = operation.sources.map { vectors[$0]! }
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

    /// From here on the network's value is the result, of two polynomials.
    private mutating func apply(_ step: FeatureStep, to value: Int) {
        let vector = vectors[value]!
        vectors[value] = Vector(
            value: circuit.append(.own(step), [vector.value]), width: vector.width)
    }
}
