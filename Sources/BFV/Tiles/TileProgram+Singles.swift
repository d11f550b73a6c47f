// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Ring
import Threading

/// Programs of single ciphertexts: sources are read, and the result is written, where they lie.
extension TileProgram {
    func runSingles(
        limb: Int, sources: [Limbs], result: Limbs, isAdded: Bool, pool: WorkerPool
    ) {
        let table = plaintext.generator.basis.tables[limb]
        let last = values.count - 1
        pool.run(table.degree / width) { task in
            let position = task * width
            let memory = LimbBuffer(count: words + scratchWords)
            func place(_ value: Int, _ polynomial: Int) -> UnsafeMutablePointer<UInt64> {
                if case .source(let index) = values[value].step {
                    return sources[index][polynomial] + position
                }
                return value == last && !isAdded
                    ? result[polynomial] + position
                    : memory.base + values[value].offset + polynomial * width
            }
            withExtendedLifetime(memory) {
                for number in values.indices {
                    evaluate(
                        number, limb: limb, position: position, constant: memory.base + words,
                        place: place)
                }
                for polynomial in 0..<values[last].polynomials {
                    let (made, out) = (place(last, polynomial), result[polynomial] + position)
                    if isAdded {
                        bsk_add(table.modulus, out, out, made, width)
                    } else if made != out {
                        out.update(from: made, count: width)
                    }
                }
            }
        }
    }

    private func evaluate(
        _ number: Int, limb: Int, position: Int, constant: UnsafeMutablePointer<UInt64>,
        place: (Int, Int) -> UnsafeMutablePointer<UInt64>
    ) {
        let table = plaintext.generator.basis.tables[limb]
        let m = table.modulus
        let value = values[number]
        // Constant over N/k positions.
        let pi = plaintext.generator.limb(limb)[position]
        let isScaled: Bool
        switch value.step {
        case .source: return
        case .map: preconditionFailure("a matrix among single ciphertexts")
        case .product(let a, let b):
            bsk_tensor(
                m, place(number, 0), place(number, 1), place(number, 2), place(a, 0), place(a, 1),
                place(b, 0), place(b, 1), width)
            isScaled = !value.lacksGenerator
        case .sum(let weights, let constants, let operands):
            isScaled = values[operands[0]].lacksGenerator
            let factors = weights.map { ModularArithmetic.reduce($0, modulo: table.value) }
            for polynomial in 0..<value.polynomials {
                constant.update(
                    repeating: polynomial == 0
                        ? constants.values(limb: limb, position: position, scaled: isScaled)[0]
                        : 0, count: width)
                let terms = zip(operands, factors).filter {
                    polynomial < values[$0.0].polynomials
                }
                bsk_join_digits(
                    m, place(number, polynomial),
                    [UnsafePointer(constant)]
                        + terms.map { UnsafePointer(place($0.0, polynomial)) },
                    [UnsafePointer<bsk_modulus>?](repeating: m, count: terms.count + 1),
                    [1] + terms.map(\.1), terms.count + 1, width)
            }
        }
        guard isScaled else { return }
        for polynomial in 0..<value.polynomials {
            let x = place(number, polynomial)
            bsk_mul_scalar(m, x, x, pi, width)
        }
    }
}
