import Foundation
import RLWE

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

    /// - Parameter skips: squares with no switch before them, bit i for square i.
    init(
        circuit: Circuit, model: NoiseModel, skips: UInt = 0,
        gains: (LinearTransform) -> [TransformGain]
    ) {
        let degree = circuit.degree
        let floor = model.rounding.norms
        var noise = model.fresh
        var drops: [Drop] = []
        var early = 0.0
        var earlyPoint: Int?
        for step in circuit.steps {
            switch step {
            case .linear(let transform):
                noise = NoiseBound.sum(
                    gains(transform).map { noise.mapped(by: $0, degree: degree) })
                if !transform.permutations(degree: degree).isEmpty {
                    noise = model.divided(noise)
                }
            case .fold(let permutations):
                let elements = Set([1] + permutations.map { $0.galoisElement(degree: degree) })
                noise = model.folded(noise, elements: elements, switching: .zero)
            case .add, .mask: noise = model.addingConstant(noise)
            case .square: noise = model.divided(model.product(noise, noise))
            case .switchPoint(let point):
                if point % 2 == 0 {
                    let isSkipped = skips >> UInt(point / 2) & 1 == 1
                    let bits =
                        isSkipped
                        ? 0
                        : max(0, log2(noise.norms.rootMeanSquare / floor.rootMeanSquare))
                    drops.append(
                        Drop(
                            bits: bits, early: early, earlyPoint: earlyPoint, latePoint: point))
                    noise = noise.scaled(by: exp2(-bits))
                    if bits > 0 { noise = model.divided(noise) }
                } else {
                    let room = noise.norms.mean * Double(degree).squareRoot() / 4
                    early = max(0, log2(room / floor.largest))
                    earlyPoint = point
                }
            }
        }
        self.drops = drops
        finalBits = log2(noise.coefficient) + 1.5
    }
}
