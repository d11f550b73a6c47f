/// Arithmetic mod a public 64-bit modulus, one number at a time, for set-up and for tests. Variable time.
///
/// Operands are residues in 0..<modulus; any modulus above 0 will do unless stated.
public enum ModularArithmetic {
    public static func addMod(_ a: UInt64, _ b: UInt64, _ modulus: UInt64) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow || sum >= modulus ? sum &- modulus : sum
    }

    public static func subMod(_ a: UInt64, _ b: UInt64, _ modulus: UInt64) -> UInt64 {
        a >= b ? a - b : modulus - (b - a)
    }

    public static func negMod(_ a: UInt64, _ modulus: UInt64) -> UInt64 {
        a == 0 ? 0 : modulus - a
    }

    public static func mulMod(_ a: UInt64, _ b: UInt64, _ modulus: UInt64) -> UInt64 {
        precondition(a < modulus, "operand must be a residue")
        return modulus.dividingFullWidth(a.multipliedFullWidth(by: b)).remainder
    }

    /// a^exponent; 0^0 = 1.
    public static func powMod(_ a: UInt64, _ exponent: UInt64, _ modulus: UInt64) -> UInt64 {
        var result = 1 % modulus
        var square = a % modulus
        var e = exponent
        while e > 0 {
            if e & 1 == 1 { result = mulMod(result, square, modulus) }
            square = mulMod(square, square, modulus)
            e >>= 1
        }
        return result
    }

    /// The inverse, or nil where a and the modulus share a factor.
    public static func inverseMod(_ a: UInt64, _ modulus: UInt64) -> UInt64? {
        if modulus == 1 { return 0 }
        // Euclid, keeping x with x a = r (mod modulus).
        var (r0, r1) = (modulus, a % modulus)
        var (x0, x1): (UInt64, UInt64) = (0, 1)
        while r1 != 0 {
            let q = r0 / r1
            (r0, r1) = (r1, r0 - q * r1)
            (x0, x1) = (x1, subMod(x0, mulMod(x1, q % modulus, modulus), modulus))
        }
        return r0 == 1 ? x0 : nil
    }

    /// The residue of a signed integer.
    public static func reduce(_ a: Int64, _ modulus: UInt64) -> UInt64 {
        let r = a.magnitude % modulus
        return a < 0 ? negMod(r, modulus) : r
    }

    /// The representative of a residue in (-modulus/2, modulus/2]. `modulus` is below 2^63.
    public static func centered(_ a: UInt64, _ modulus: UInt64) -> Int64 {
        a > modulus / 2 ? -Int64(modulus - a) : Int64(a)
    }

    /// The smallest primitive root of unity of the order mod a prime; nil where the order doesn't divide
    /// modulus - 1. The order is a power of two, at most 2^20 (each root is looked at).
    public static func primitiveRoot(order: UInt64, modulus: UInt64) -> UInt64? {
        precondition(
            order > 0 && order & (order - 1) == 0 && order <= 1 << 20,
            "order must be a power of two up to 2^20")
        guard modulus > 1, (modulus - 1) % order == 0 else { return nil }
        if order == 1 { return 1 }
        // Half of all candidates give a root of the exact order; a composite modulus may have none.
        let candidates = 2..<min(modulus, 1000)
        let roots = candidates.lazy.map { powMod($0, (modulus - 1) / order, modulus) }
        guard let root = roots.first(where: { powMod($0, order / 2, modulus) == modulus - 1 })
        else { return nil }
        let square = mulMod(root, root, modulus)
        var (smallest, power) = (root, root)
        for _ in 1..<max(order / 2, 1) {
            power = mulMod(power, square, modulus)
            smallest = min(smallest, power)
        }
        return smallest
    }
}
