import BFV
import Foundation

/// How many bits the noise needs between switch points, before any modulus is chosen: the circuit run on
/// ideal moduli, key switches taken as free.
struct NoiseForecast {
    /// A stretch between two squares (or the start and the first square): bits to drop in it, of which at most
    /// `early` right after the square that opens it.
    struct Drop {
        let bits: Double
        let early: Double
        let earlyPoint: Int?
        let latePoint: Int
    }

    let drops: [Drop]
    /// log2 of the modulus that the last stretch needs.
    let finalBits: Double

    /// - Parameters:
    ///   - modulus: the largest t.
    ///   - largestDrop: bits that one stretch may drop.
    ///   - skips: sets of products with no switch before them, bit i for those of depth i.
    init(
        circuit: Circuit, model: NoiseModel, modulus: UInt64, skips: UInt = 0,
        largestDrop: Double = .infinity,
        gain: (LinearTransform, _ source: Int) -> TransformGain
    ) {
        let degree = circuit.degree
        let floor = model.rounding.norms
        // Of every value, as if all of them were switched together.
        var noise =
            circuit.layout == .batch
            ? [model.freshFeature] : circuit.inputLayouts.map { _ in model.fresh }
        // In the batch layout, as if all products of a depth were made at one level, each depth at its own.
        var units = noise.map { _ in MessageUnit.one }
        var drops: [Drop] = []
        var early = 0.0
        var earlyPoint: Int?
        for (index, instruction) in circuit.instructions.enumerated() {
            let operands = instruction.operands
            var unit = operands.first.map { units[$0] } ?? .one
            defer { if units.count < noise.count { units.append(unit) } }
            switch instruction.step {
            case .linear(let transform):
                var sum = NoiseBound.sum(
                    (0..<transform.sourceCount).map {
                        noise[operands[$0]].mapped(by: gain(transform, $0), degree: degree)
                    })
                if !transform.permutations(degree: degree).isEmpty { sum = model.divided(sum) }
                noise.append(sum)
            case .fold(let permutations):
                let elements = Set([1] + permutations.map { $0.galoisElement(degree: degree) })
                noise.append(
                    model.folded(noise[operands[0]], elements: elements, switching: .zero))
            case .add, .mask: noise.append(model.addingConstant(noise[operands[0]]))
            case .square, .product:
                let last = operands[operands.count - 1]
                let product = model.product(noise[operands[0]], noise[last])
                noise.append(circuit.layout == .batch ? product : model.divided(product))
                unit = unit.times(units[last], level: drops.count)
            case .store: noise.append(noise[operands[0]])
            case .relinearize: noise.append(model.divided(noise[operands[0]]))
            case .map(let map):
                let sources = operands.map { units[$0] }
                unit = map.unit(of: sources)
                noise.append(
                    model.mapped(
                        operands.map { noise[$0] }, by: map,
                        scaled: sources.map { $0 != unit }, modulus: modulus))
            case .switchPoint(let point):
                let products = circuit.products(at: point, index: index)
                if point % 2 == 0 {
                    let isSkipped = skips >> UInt(point / 2) & 1 == 1
                    let factors = products.flatMap(\.operands).map {
                        noise[$0].norms.rootMeanSquare / floor.rootMeanSquare
                    }
                    let bits =
                        isSkipped ? 0 : min(largestDrop, max(0, log2(factors.max() ?? 1)))
                    drops.append(
                        Drop(
                            bits: bits, early: early, earlyPoint: earlyPoint, latePoint: point))
                    if bits > 0 {
                        noise = noise.map { model.divided($0.scaled(by: exp2(-bits))) }
                    }
                } else {
                    let rooms = noise.suffix(products.count).map {
                        log2($0.norms.mean * Double(degree).squareRoot() / 4 / floor.largest)
                    }
                    early = max(0, rooms.min() ?? 0)
                    earlyPoint = point
                }
            }
        }
        self.drops = drops
        finalBits = log2(noise[noise.count - 1].coefficient) + 1.5
    }
}

extension Circuit {
    /// The products after an even switch point, or before an odd one, the instruction at `index`.
    fileprivate func products(at point: Int, index: Int) -> [Instruction] {
        func isProduct(_ instruction: Instruction) -> Bool {
            switch instruction.step {
            case .square, .product: true
            case .linear, .fold, .add, .switchPoint, .mask, .map, .relinearize, .store: false
            }
        }
        return point % 2 == 0
            ? Array(instructions[(index + 1)...].prefix(while: isProduct))
            : instructions[..<index].reversed().prefix(while: isProduct).reversed()
    }
}

extension NoiseModel {
    /// Sums of many ciphertexts, times small integers, and a constant that all slots share.
    func mapped(
        _ noise: [NoiseBound], by map: FeatureMap, scaled: [Bool], modulus: UInt64
    ) -> NoiseBound {
        let gains = map.gains(scaled: scaled, modulus: modulus)
        return addingSharedConstant(
            NoiseBound.sum(
                zip(noise, gains).map { $0.combined(sum: $1.sum, energy: $1.energy) }))
    }
}
