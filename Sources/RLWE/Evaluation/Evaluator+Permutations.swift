import CKernels
import Ring
import Threading

extension Evaluator {
    /// The ciphertext with its slots permuted.
    public func permute(_ a: Ciphertext, by permutation: SlotPermutation) throws -> Ciphertext {
        try sumOfPermutations(a, [permutation], includingIdentity: false)
    }

    /// sum over `permutations` of the permuted ciphertext, plus the ciphertext itself if asked.
    public func sumOfPermutations(
        _ a: Ciphertext, _ permutations: [SlotPermutation], includingIdentity: Bool
    ) throws -> Ciphertext {
        try sumOfPermutations([a], permutations, includingIdentity: includingIdentity)[0]
    }

    /// As for one ciphertext, for one of each t_i: keys are read once for all.
    ///
    /// One decomposition and one division by P (hoisting). A Galois key switches from s to s(X^(1/k)); the automorphism
    /// X -> X^k, applied afterwards, brings s(X^(1/k)) back to s. So the digits need no permutation, only the
    /// sums do.
    public func sumOfPermutations(
        _ batch: [Ciphertext], _ permutations: [SlotPermutation], includingIdentity: Bool
    ) throws -> [Ciphertext] {
        let level = try commonLevel(batch)
        let degree = context.degree
        let moved = permutations.map { $0.normalized(degree: degree) }
            .filter { !$0.isIdentity(degree: degree) }
        let copies = permutations.count - moved.count + (includingIdentity ? 1 : 0)
        let basis = context.extendedBasis(level: level)
        let totals = batch.map { _ -> ExtendedPair in
            (Polynomial(uninitialized: basis), Polynomial(uninitialized: basis))
        }
        let groups = try hoisted(moved, of: batch.map { $0.polynomials[1] })
        pool.run(level + 1) { k in
            let modulus = basis.tables[k].modulus
            let stride = digitStride
            let room = groups.map(\.digitCount).max() ?? 0
            let scratch = LimbBuffer(count: (2 * batch.count + 1 + room) * stride)
            let sums = batch.indices.map {
                (scratch.base + 2 * $0 * stride, scratch.base + (2 * $0 + 1) * stride)
            }
            let scaled = scratch.base + 2 * batch.count * stride
            withExtendedLifetime((batch, totals, scratch)) {
                for (ciphertext, total) in zip(batch, totals) {
                    let (t0, t1) = (total.0.sharedLimb(k), total.1.sharedLimb(k))
                    t0.update(repeating: 0, count: degree)
                    t1.update(repeating: 0, count: degree)
                    for _ in 0..<copies {
                        scaleBySpecial(ciphertext.polynomials[0], limb: k, into: scaled)
                        bsk_add(modulus, t0, t0, scaled, degree)
                        scaleBySpecial(ciphertext.polynomials[1], limb: k, into: scaled)
                        bsk_add(modulus, t1, t1, scaled, degree)
                    }
                }
                for group in groups {
                    let digits = digits(
                        of: group.decompositions, limb: k, in: scaled + stride)
                    for job in group.jobs {
                        applyGaloisKey(
                            job, to: digits, of: group, batch: batch, limb: k, into: sums)
                        for index in batch.indices {
                            let total = totals[index]
                            bsk_automorphism_add(
                                modulus, total.0.sharedLimb(k), sums[index].0, job.indices, degree)
                            bsk_automorphism_add(
                                modulus, total.1.sharedLimb(k), sums[index].1, job.indices, degree)
                        }
                    }
                }
            }
        }
        for group in groups { countKeySwitches(group) }
        return dividedPairs(totals, batch)
    }

    /// A permutation with its key.
    struct HoistedJob {
        let key: KeySwitchingKey
        let indices: [UInt32]
    }

    /// Permutations of the same polynomials with digits of one width.
    struct HoistedGroup {
        let decompositions: [Decomposition]
        var jobs: [HoistedJob]

        var level: Int { decompositions[0].level }
        /// Of all decompositions.
        var digitCount: Int { decompositions.reduce(0) { $0 + $1.digitCount } }
    }

    /// Looks up the keys and decomposes, anew only where the digit width changes.
    func hoisted(
        _ permutations: [SlotPermutation], of polynomials: [Polynomial<NTTValues>]
    ) throws -> [HoistedGroup] {
        var groups: [HoistedGroup] = []
        for permutation in permutations {
            let key = try galoisKey(permutation)
            if groups.last?.decompositions[0].gadget.digitBits != key.gadget.digitBits {
                groups.append(
                    HoistedGroup(
                        decompositions: try decompose(polynomials, gadget: key.gadget), jobs: []))
            }
            groups[groups.count - 1].jobs.append(
                HoistedJob(key: key, indices: indices(permutation)))
        }
        return groups
    }

    /// Each pair divided by P, as ciphertexts for the plaintext moduli of `batch`.
    func dividedPairs(_ pairs: [ExtendedPair], _ batch: [Ciphertext]) -> [Ciphertext] {
        let divided = divideBySpecial(pairs.flatMap { [$0.0, $0.1] })
        return batch.enumerated().map { index, ciphertext in
            Ciphertext(
                polynomials: [divided[2 * index], divided[2 * index + 1]],
                plaintextIndex: ciphertext.plaintextIndex)
        }
    }
}
