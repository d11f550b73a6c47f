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

    init(circuit: Circuit, model: NoiseModel, gains: (LinearTransform) -> [Double]) {
        let floor = model.rounding
        var noise = model.fresh
        var drops: [Drop] = []
        var early = 0.0
        var earlyPoint: Int?
        for step in circuit.steps {
            switch step {
            case .linear(let transform):
                let rotates = !transform.permutations(degree: circuit.degree).isEmpty
                // 1.25: room for the key switches of baby and giant steps.
                noise = noise * gains(transform).reduce(0, +) * (rotates ? 1.25 : 1)
                if rotates { noise += floor * Double(1 + transform.giants.count) }
            case .fold(let permutations):
                noise = noise * Double(permutations.count + 1) * 1.13 + floor
            case .add, .mask: noise = model.addingConstant(noise)
            case .square: noise = noise * noise * 1.13 + floor
            case .switchPoint(let point):
                if point % 2 == 0 {
                    let bits = max(0, log2(noise / floor))
                    drops.append(
                        Drop(
                            bits: bits, early: early, earlyPoint: earlyPoint, latePoint: point))
                    if bits > 0 { noise = 2 * floor }
                } else {
                    early = max(0, log2(noise / floor) - 2)
                    earlyPoint = point
                }
            }
        }
        self.drops = drops
        finalBits = log2(noise) + 1.5
    }
}
