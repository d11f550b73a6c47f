// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Threading

extension NadicRing {
    /// Each number x R^(1 + f) becomes x^-1 R^(1 - f), with one inversion for all: products by twos up to one, and
    /// back. All must be invertible. Variable time.
    package func invert(_ numbers: [UnsafeMutablePointer<UInt64>], pool: WorkerPool) {
        if numbers.count == 1 {
            set(numbers[0], to: inverse(numbers[0]) * radix * radix)
            return
        }
        let pairs = numbers.count / 2
        let odd = numbers.count % 2
        let products = Numbers(ring: self, count: pairs + odd)
        var list = ProductList()
        for i in 0..<pairs {
            list.append(products[i], numbers[2 * i], numbers[2 * i + 1])
        }
        multiply(list, pool: pool)
        if odd == 1 { products[pairs].update(from: numbers[2 * pairs], count: stride) }
        invert((0..<pairs + odd).map { products[$0] }, pool: pool)
        // 1/a = b / (a b), 1/b = a / (a b).
        let old = Numbers(ring: self, count: max(pairs, 1))
        list.removeAll()
        for i in 0..<pairs {
            old[i].update(from: numbers[2 * i], count: stride)
            list.append(numbers[2 * i], products[i], numbers[2 * i + 1])
        }
        multiply(list, pool: pool)
        list.removeAll()
        for i in 0..<pairs { list.append(numbers[2 * i + 1], products[i], old[i]) }
        multiply(list, pool: pool)
        if odd == 1 { numbers[2 * pairs].update(from: products[pairs], count: stride) }
        withExtendedLifetime((products, old)) {}
    }

    /// 1 / v mod n^2 for the residue v that is held: y (2 - v y), y = 1 / v mod n.
    private func inverse(_ number: UnsafePointer<UInt64>) -> BigInt {
        let v = held(number)
        let y = v.modulo(modulus).inverse(modulo: modulus)
        // Ciphertexts are checked when they are read, and products of invertible ones are.
        precondition(y != nil, "ciphertext not invertible")
        return y.map { $0 * (2 - (v * $0).modulo(square)) }!.modulo(square)
    }
}
