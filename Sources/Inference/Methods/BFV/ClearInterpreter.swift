// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import InferenceClient

/// An interpreter on residues modulo t in the open: the oracle of the encrypted one. Slow and obvious.
package protocol ClearInterpreter: Interpreter
where Input == [[Int]], Value == ClearValue, Output == [[UInt64]] {
    init(circuit: Circuit<Family>, residues: ResidueSlots)

    var residues: ResidueSlots { get }
}

/// Of each ciphertext that there would be, its slots in [0, t); and their level.
package struct ClearValue: Sendable, Equatable {
    var slots: [[UInt64]]
    var level: Int
}

extension ClearInterpreter {
    var t: UInt64 { residues.modulus }

    package func multiply(_ a: Value, _ b: Value) -> Value {
        let unit = MessageUnit.one.times(.one, level: a.level)
            .value(residues.parameters, plaintextIndex: residues.plaintextIndex)
        let products = zip(a.slots, b.slots).map { x, y in
            zip(x, y).map {
                ModularArithmetic.multiply(
                    ModularArithmetic.multiply($0, $1, modulo: t), unit, modulo: t)
            }
        }
        return Value(slots: products, level: a.level)
    }

    package func switchDown(_ value: Value, toLevel level: Int) -> Value {
        Value(slots: value.slots, level: level)
    }

    package func finish(_ value: Value, c0Bits: Int, c1Bits: Int) -> [[UInt64]] { value.slots }

    /// a + w b.
    func added(_ a: [UInt64], _ b: [UInt64], times w: UInt64 = 1) -> [UInt64] {
        zip(a, b).map {
            ModularArithmetic.add($0, ModularArithmetic.multiply(w, $1, modulo: t), modulo: t)
        }
    }
}

extension BFVPlan {
    /// The logits of a group of quantized samples in the plan's box, by way of slots in the open: what the encrypted
    /// run must give.
    package func clearLogits(of samples: [[Int]], outputs: OutputReading) throws -> [[BigInt]] {
        let slots = try ResidueSlots.all(choices.parameters).flatMap { residues in
            let interpreter = Family.Clear(circuit: circuit, residues: residues)
            return try Program(
                circuit, levels: choices.levels, maximumLevel: choices.parameters.maximumLevel,
                isOne: circuit.unitIsOne(choices.parameters), on: interpreter
            ).run(samples, on: interpreter)
        }
        let found = client.outputs(
            slots, OutputDecoder(client.settings, outputs), samples: samples.count,
            noiseMarginBits: .infinity)
        return samples.indices.map { found.logits(of: $0) }
    }
}
