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
struct FeatureCircuitBuilder {
    typealias Instruction = Circuit<FeatureCircuits>.Instruction

    private(set) var instructions: [Instruction] = []
    let switchPointCount: Int

    /// Of each value of the circuit: how many ciphertexts, and whether they have three polynomials.
    private var widths: [Int]
    private var isQuadratic = [false]
    /// The circuit's value of each of the network's.
    private var values: [Int: Int] = [0: 0]
    /// The network's values that several operations read.
    private let shared: Set<Int>
    /// Those that are read after moduli may have been dropped.
    private let readLater: Set<Int>

    /// - Throws: `PackingError.noCover` for a linear layer without a matrix.
    init(_ network: IntegerNetwork) throws {
        widths = [network.inputCount]
        var readers: [Int: Int] = [:]
        for operation in network.operations {
            for source in Set(operation.sources) { readers[source, default: 0] += 1 }
        }
        shared = Set(readers.filter { $0.key > 0 && $0.value > 1 }.keys)
        let depths = network.depths
        let depth = network.depth
        var later: Set<Int> = []
        for (index, operation) in network.operations.enumerated() {
            // Products take their operands before the moduli of their own depth are dropped.
            let stage = depths[index + 1] - (operation.layer.isProduct ? 1 : 0)
            later.formUnion(operation.sources.filter { depths[$0] < stage })
        }
        readLater = later
        switchPointCount = 2 * depth
        for stage in 0...depth {
            if stage > 0 { appendProducts(of: network, depths, stage: stage) }
            for (index, operation) in network.operations.enumerated()
            where !operation.layer.isProduct && depths[index + 1] == stage {
                try append(operation, as: index + 1)
            }
        }
        // The output is the last value, since operations that nothing reads are none of a network.
        let output = values[network.operations.count]!
        if isQuadratic[output] {
            relinearize(network.operations.count)
        }
    }

    private mutating func appendProducts(
        of network: IntegerNetwork, _ depths: [Int], stage: Int
    ) {
        let products = network.operations.enumerated().filter {
            $1.layer.isProduct && depths[$0 + 1] == stage
        }
        for (_, operation) in products {
            for source in operation.sources where isQuadratic[values[source]!] {
                relinearize(source)
            }
        }
        instructions.append(
            Instruction(step: .switchPoint(2 * stage - 2), operands: []))
        for (index, operation) in products {
            let operands = operation.sources.map { values[$0]! }
            let width = operation.layer.outputCount
            if operands.count == 1 || operands[0] == operands[1] {
                add(.square, [operands[0]], width: width, isQuadratic: true)
            } else {
                add(.product, operands, width: width, isQuadratic: true)
            }
            values[index + 1] = widths.count - 1
            settle(index + 1)
        }
    }

    /// Relinearizes or stores what others than the next operation read.
    private mutating func settle(_ value: Int) {
        let operand = values[value]!
        if isQuadratic[operand] {
            if shared.contains(value) || readLater.contains(value) { relinearize(value) }
        } else if shared.contains(value) {
            add(.own(.store), [operand], width: widths[operand], isQuadratic: false)
            values[value] = widths.count - 1
        }
    }

    private mutating func append(
        _ operation: IntegerNetwork.Operation, as value: Int
    ) throws {
        guard let map = PackedMap(operation.layer) else { throw PackingError.noCover }
        let quadratic = Set(operation.sources.filter { isQuadratic[values[$0]!] })
        // More outputs than there are products: relinearize these.
        if quadratic.reduce(0, { $0 + widths[values[$1]!] }) < map.bias.count {
            for source in quadratic.sorted() { relinearize(source) }
        }
        let operands = operation.sources.map { values[$0]! }
        let features = FeatureMap(map, widths: operands.map { widths[$0] })
        add(
            .map(features), operands, width: map.bias.count,
            isQuadratic: operands.contains { isQuadratic[$0] })
        values[value] = widths.count - 1
        settle(value)
    }

    /// From here on the network's value is the relinearized one.
    private mutating func relinearize(_ value: Int) {
        let operand = values[value]!
        add(.own(.relinearize), [operand], width: widths[operand], isQuadratic: false)
        values[value] = widths.count - 1
    }

    private mutating func add(
        _ step: Circuit<FeatureCircuits>.Step, _ operands: [Int], width: Int, isQuadratic: Bool
    ) {
        instructions.append(Instruction(step: step, operands: operands))
        widths.append(width)
        self.isQuadratic.append(isQuadratic)
    }
}
