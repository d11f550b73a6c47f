// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Ring
import Threading

/// Key switching with public keys: what relinearization, rotations and linear maps share. It knows nothing of messages.
/// Sharing one between threads is safe.
///
/// A Galois key switches from s to s(X^(1/k)); the automorphism X -> X^k, applied afterwards, brings s(X^(1/k)) back to
/// s. So the digits need no permutation, only the sums do.
package struct KeySwitcher: Sendable {
    package let context: LatticeContext
    package let keys: EvaluationKeys
    package let counter: OperationCounter
    package let pool: WorkerPool

    package init(
        context: LatticeContext, keys: EvaluationKeys, counter: OperationCounter, pool: WorkerPool
    ) {
        self.context = context
        self.keys = keys
        self.counter = counter
        self.pool = pool
    }

    /// Splits each polynomial into the digits of `gadget`; one decomposition serves many rotations.
    package func decompose(
        _ polynomials: [Polynomial<NTTValues>], gadget: Gadget
    ) throws -> [Decomposition] {
        guard let first = polynomials.first else { return [] }
        let level = first.limbCount
        guard gadget.level >= level else {
            throw EvaluationError.keyCoversLevel(gadget.level, needed: level)
        }
        let basis = context.extendedBasis(level: level)
        let n = basis.degree
        let coefficients = polynomials.map { Polynomial<Coefficients>(uninitialized: $0.basis) }
        pool.run(polynomials.count * level) { task in
            let (index, limb) = task.quotientAndRemainder(dividingBy: level)
            let x = coefficients[index].sharedLimb(limb)
            x.update(from: polynomials[index].limb(limb), count: n)
            basis.tables[limb].inverse(x)
        }
        let slices = gadget.digits(of: first.basis)
        mixRadices(coefficients, slices)
        // Modulo its own limbs, a digit of whole limbs is there already.
        let whole = slices.reduce(0) {
            $0
                + (gadget.digitCount(modulusBits: basis.tables[$1.limbs.lowerBound].bits) == 1
                    ? $1.limbs.count : 0)
        }
        counter.add {
            $0.decompositions += polynomials.count
            $0.inverseNTTs += polynomials.count * level
            $0.forwardNTTs += polynomials.count * (slices.count * basis.count - whole)
            $0.joinProducts +=
                polynomials.count
                * slices.reduce(0) {
                    $0 + RNSBasis.joinProducts($1.limbs.count, to: basis.count - $1.limbs.count)
                }
        }
        return zip(coefficients, polynomials).map {
            Decomposition(
                coefficients: $0, original: $1, slices: slices, gadget: gadget, level: level)
        }
    }

    /// Residues of a digit of several limbs become its mixed-radix digits (Garner).
    private func mixRadices(
        _ polynomials: [Polynomial<Coefficients>], _ slices: [Gadget.Slice]
    ) {
        let groups = slices.filter { $0.limbs.count > 1 }
        guard !groups.isEmpty else { return }
        withExtendedLifetime(polynomials) {
            pool.run(polynomials.count * groups.count) { task in
                let (index, group) = task.quotientAndRemainder(dividingBy: groups.count)
                let limbs = groups[group].limbs
                mixRadices(Array(polynomials[index].basis.tables[limbs]), limbs) {
                    polynomials[index].sharedLimb(limbs.lowerBound + $0)
                }
            }
        }
    }

    /// - Parameters:
    ///   - moduli: the numbers of these moduli among all of the context's.
    ///   - residues: of each of them, coefficients.
    func mixRadices(
        _ tables: [NTTTable], _ moduli: Range<Int>,
        residues: (Int) -> UnsafeMutablePointer<UInt64>
    ) {
        let n = context.degree
        let scratch = LimbBuffer(count: Self.tile)
        withExtendedLifetime(scratch) {
            for limb in tables.indices.dropFirst() {
                let (table, x) = (tables[limb], residues(limb))
                for start in stride(from: 0, to: n, by: Self.tile) {
                    let count = min(Self.tile, n - start)
                    for lower in 0..<limb {
                        bsk_lift_centered(
                            tables[lower].modulus, table.modulus, scratch.base,
                            residues(lower) + start, count)
                        bsk_sub_mul_scalar(
                            table.modulus, x + start, x + start, scratch.base,
                            context.dropInverse(
                                of: moduli.lowerBound + lower,
                                modulo: moduli.lowerBound + limb), count)
                    }
                }
            }
        }
    }

    /// Words that are worked on while they are in the first cache.
    private static let tile = 2048

    /// Mixed-radix digits of several moduli, modulo another one: y_0 + q_0 y_1 + q_0 q_1 y_2 + ...
    func join(
        _ tables: [NTTTable], modulo modulus: NTTTable, into x: UnsafeMutablePointer<UInt64>,
        digits: (Int) -> UnsafePointer<UInt64>
    ) {
        if tables.count == 1 {
            bsk_lift_centered(tables[0].modulus, modulus.modulus, x, digits(0), context.degree)
            return
        }
        var weights: [UInt64] = [1]
        for table in tables.dropLast() {
            weights.append(
                ModularArithmetic.multiply(
                    weights.last!, table.value % modulus.value, modulo: modulus.value))
        }
        let places: [UnsafePointer<UInt64>?] = tables.indices.map(digits)
        let moduli = tables.map { Optional($0.modulus) }
        bsk_join_digits(
            modulus.modulus, x, places, moduli, weights, tables.count, context.degree)
    }

    /// All digits of all decompositions modulo limb k, in NTT form. A whole limb is its own digit modulo itself: no
    /// transform there.
    ///
    /// - Parameter memory: room for as many polynomials of `digitStride` words as there are digits in all; what is
    ///   returned points there or into the decompositions.
    package func digits(
        of decompositions: [Decomposition], limb k: Int, in memory: UnsafeMutablePointer<UInt64>
    ) -> [UnsafePointer<UInt64>?] {
        guard let first = decompositions.first else { return [] }
        let n = context.degree
        let gadget = first.gadget
        let table = context.extendedBasis(level: first.level).tables[k]
        var free = memory
        return withExtendedLifetime(decompositions) {
            decompositions.flatMap { decomposition in
                decomposition.slices.map { slice in
                    let limb = slice.limbs.lowerBound
                    let from = decomposition.original.basis.tables[limb]
                    let count = gadget.digitCount(modulusBits: from.bits)
                    if count == 1, slice.limbs.contains(k) { return decomposition.original.limb(k) }
                    let x = free
                    free += digitStride
                    if count == 1 {
                        join(
                            Array(decomposition.original.basis.tables[slice.limbs]),
                            modulo: table, into: x
                        ) { decomposition.coefficients.limb(limb + $0) }
                    } else {
                        bsk_balanced_digit(
                            from.modulus, table.modulus, x,
                            decomposition.coefficients.limb(limb),
                            UInt32(gadget.digitWidth(modulusBits: from.bits)), UInt32(count),
                            UInt32(slice.digit), n)
                    }
                    table.forward(x)
                    return UnsafePointer(x)
                }
            }
        }
    }

    package var digitStride: Int { LimbBuffer.stride(degree: context.degree) }

    /// Limb k of sum over j of digit_j (b_j, a_j) + (scale * extra, 0), for each decomposition of a group: P times the
    /// switched polynomials, plus noise, plus what is added.
    ///
    /// - Parameters:
    ///   - digits: of the group's decompositions, from `digits(of:limb:in:)`.
    ///   - extras: limb k of a polynomial for each decomposition, or nothing to add.
    ///   - scale: modulo the limb's modulus.
    package func applyKey(
        _ key: KeySwitchingKey, to digits: [UnsafePointer<UInt64>?], of group: HoistedGroup,
        limb k: Int,
        adding extras: [UnsafePointer<UInt64>] = [], times scale: UInt64 = 1,
        into out: [(UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>)]
    ) {
        let level = group.level
        precondition(key.gadget.level >= level)
        precondition(key.gadget.digitBits == group.decompositions[0].gadget.digitBits)
        let basis = context.extendedBasis(level: level)
        let count = digits.count / out.count
        let keyLimb = k < level ? k : key.gadget.level + k - level
        withExtendedLifetime(key) {
            digits.withUnsafeBufferPointer { digits in
                for (c, target) in out.enumerated() {
                    bsk_packed_keys(
                        basis.tables[k].modulus, target.0, target.1,
                        digits.baseAddress! + c * count, key.packedLimb(keyLimb), count,
                        extras.isEmpty ? nil : extras[c], scale, basis.degree)
                }
            }
        }
    }

    /// The same with a Galois key, on ciphertexts whose c_1 were decomposed: P c_0 is added, the automorphism is left
    /// to do.
    package func applyGaloisKey(
        _ job: HoistedJob, to digits: [UnsafePointer<UInt64>?], of group: HoistedGroup,
        adding c0: [Polynomial<NTTValues>], limb k: Int,
        into out: [(UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>)]
    ) {
        // Zero modulo P.
        let isSpecial = k >= group.level
        applyKey(
            job.key, to: digits, of: group, limb: k,
            adding: isSpecial ? [] : c0.map { $0.limb(k) },
            times: isSpecial ? 0 : context.specialResidue[k], into: out)
    }

    package func countKeySwitches(_ group: HoistedGroup) {
        let switches = group.jobs.count * group.decompositions.count
        counter.add {
            $0.keySwitches += switches
            $0.keyProducts +=
                2 * group.jobs.count * group.digitCount
                * (group.level + context.specialCount)
        }
    }

    /// out = P c in limb k of Q_l P; zero modulo P.
    package func scaleBySpecial(
        _ c: Polynomial<NTTValues>, limb k: Int, into out: UnsafeMutablePointer<UInt64>
    ) {
        guard k < c.limbCount else {
            out.update(repeating: 0, count: c.degree)
            return
        }
        withExtendedLifetime(c) {
            bsk_mul_scalar(
                c.basis.tables[k].modulus, out, c.limb(k), context.specialResidue[k], c.degree)
        }
    }

    package func galoisKey(element: Int) throws -> KeySwitchingKey {
        guard let key = keys.galois[element] else {
            throw EvaluationError.missingGaloisKey(element: element)
        }
        return key
    }

    package func indices(element: Int) -> [UInt32] {
        context.permutation(element: element).indices
    }

    /// Looks up the keys of Galois elements and decomposes, once for each digit width.
    /// - Throws: `EvaluationError` for a key that is missing, or covers fewer levels than the polynomials have.
    package func hoisted(
        _ elements: [Int], of polynomials: [Polynomial<NTTValues>]
    ) throws -> [HoistedGroup] {
        var groups: [HoistedGroup] = []
        for (position, element) in elements.enumerated() {
            let key = try galoisKey(element: element)
            // Keys that share a decomposition may cover fewer levels than the first.
            if let level = polynomials.first?.limbCount, key.gadget.level < level {
                throw EvaluationError.keyCoversLevel(key.gadget.level, needed: level)
            }
            let job = HoistedJob(
                position: position, key: key, indices: indices(element: element))
            let place = groups.firstIndex {
                $0.decompositions[0].gadget.digitBits == key.gadget.digitBits
            }
            if let place {
                groups[place].jobs.append(job)
            } else {
                groups.append(
                    HoistedGroup(
                        decompositions: try decompose(polynomials, gadget: key.gadget),
                        jobs: [job]))
            }
        }
        return groups
    }
}
