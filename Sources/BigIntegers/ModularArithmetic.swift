// SPDX-License-Identifier: Apache-2.0

/// Arithmetic mod a public 64-bit modulus, one number at a time, for set-up and for tests. Variable time.
///
/// Operands are residues in 0..<modulus; any modulus above 0 will do unless stated.
package enum ModularArithmetic {
    package static func add(_ a: UInt64, _ b: UInt64, modulo modulus: UInt64) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow || sum >= modulus ? sum &- modulus : sum
    }

    package static func subtract(_ a: UInt64, _ b: UInt64, modulo modulus: UInt64) -> UInt64 {
        a >= b ? a - b : modulus - (b - a)
    }

    package static func negate(_ a: UInt64, modulo modulus: UInt64) -> UInt64 {
        a == 0 ? 0 : modulus - a
    }

    package static func multiply(_ a: UInt64, _ b: UInt64, modulo modulus: UInt64) -> UInt64 {
        precondition(a < modulus, "operand must be a residue")
        return modulus.dividingFullWidth(a.multipliedFullWidth(by: b)).remainder
    }

    /// a^exponent; 0^0 = 1.
    package static func power(_ a: UInt64, _ exponent: UInt64, modulo modulus: UInt64) -> UInt64 {
        var result = 1 % modulus
        var square = a % modulus
        var e = exponent
        while e > 0 {
            if e & 1 == 1 { result = multiply(result, square, modulo: modulus) }
            square = multiply(square, square, modulo: modulus)
            e >>= 1
        }
        return result
    }

    /// The inverse, or nil where a and the modulus share a factor.
    package static func inverse(_ a: UInt64, modulo modulus: UInt64) -> UInt64? {
        if modulus == 1 { return 0 }
        // Euclid, keeping x with x a = r (mod modulus).
        var (r0, r1) = (modulus, a % modulus)
        var (x0, x1): (UInt64, UInt64) = (0, 1)
        while r1 != 0 {
            let q = r0 / r1
            (r0, r1) = (r1, r0 - q * r1)
            (x0, x1) = (
                x1, subtract(x0, multiply(x1, q % modulus, modulo: modulus), modulo: modulus)
            )
        }
        return r0 == 1 ? x0 : nil
    }

    /// The residue of a signed integer.
    package static func reduce(_ a: Int64, modulo modulus: UInt64) -> UInt64 {
        let r = a.magnitude % modulus
        return a < 0 ? negate(r, modulo: modulus) : r
    }

    /// The representative of a residue in (-modulus/2, modulus/2]. `modulus` is below 2^63.
    package static func centered(_ a: UInt64, modulo modulus: UInt64) -> Int64 {
        a > modulus / 2 ? -Int64(modulus - a) : Int64(a)
    }

    /// The smallest primitive root of unity of the order mod a prime; nil where the order doesn't divide
    /// modulus - 1. The order is a power of two, at most 2^20 (each root is looked at).
    package static func primitiveRoot(ofOrder order: UInt64, modulo modulus: UInt64) -> UInt64? {
        precondition(
            order > 0 && order & (order - 1) == 0 && order <= 1 << 20,
            "order must be a power of two up to 2^20")
        guard modulus > 1, (modulus - 1) % order == 0 else { return nil }
        if order == 1 { return 1 }
        // Half of all candidates give a root of the exact order; a composite modulus may have none.
        let candidates = 2..<min(modulus, 1000)
        let roots = candidates.lazy.map { power($0, (modulus - 1) / order, modulo: modulus) }
        guard
            let root = roots.first(where: { power($0, order / 2, modulo: modulus) == modulus - 1 })
        else { return nil }
        if order == 2 { return root }
        // The others are its odd powers, and with each of them its negative.
        let square = multiply(root, root, modulo: modulus)
        let step = FixedFactor(square, modulo: modulus)
        var (smallest, next) = (min(root, modulus - root), root)
        for _ in 1..<max(order / 4, 1) {
            next = step.times(next)
            smallest = min(smallest, next, modulus - next)
        }
        return smallest
    }
}

/// A residue that many others are multiplied by (Shoup).
private struct FixedFactor {
    private let factor: UInt64
    private let modulus: UInt64
    /// floor(factor 2^64 / modulus).
    private let quotient: UInt64

    init(_ factor: UInt64, modulo modulus: UInt64) {
        self.factor = factor
        self.modulus = modulus
        quotient = modulus.dividingFullWidth((factor, 0)).quotient
    }

    func times(_ x: UInt64) -> UInt64 {
        guard modulus < 1 << 63 else {
            return ModularArithmetic.multiply(x, factor, modulo: modulus)
        }
        let product = x &* factor &- x.multipliedFullWidth(by: quotient).high &* modulus
        return product >= modulus ? product &- modulus : product
    }
}
