// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring

extension KeySwitcher {
    /// sum over `elements` of the automorphism X -> X^element of each (c_0, c_1), plus `copies` times itself, times P.
    /// The keys are read once for all. One decomposition serves all automorphisms (hoisting); the caller divides by P,
    /// once.
    ///
    /// - Precondition: all polynomials are of one level; as many c_0 as c_1, at least one.
    package func sumOfAutomorphisms(
        _ c0: [Polynomial<NTTValues>], _ c1: [Polynomial<NTTValues>], elements: [Int], copies: Int
    ) throws -> [ExtendedPair] {
        let level = c0[0].limbCount
        let degree = context.degree
        let basis = context.extendedBasis(level: level)
        let totals = c0.map { _ -> ExtendedPair in
            (Polynomial(uninitialized: basis), Polynomial(uninitialized: basis))
        }
        let groups = try hoisted(elements, of: c1)
        pool.run(basis.count) { k in
            let modulus = basis.tables[k].modulus
            let stride = digitStride
            let room = groups.map(\.digitCount).max() ?? 0
            let scratch = LimbBuffer(count: (2 * c0.count + 1 + room) * stride)
            let sums = c0.indices.map {
                (scratch.base + 2 * $0 * stride, scratch.base + (2 * $0 + 1) * stride)
            }
            let scaled = scratch.base + 2 * c0.count * stride
            withExtendedLifetime((c0, c1, totals, scratch)) {
                for (index, total) in totals.enumerated() {
                    let (t0, t1) = (total.0.sharedLimb(k), total.1.sharedLimb(k))
                    t0.update(repeating: 0, count: degree)
                    t1.update(repeating: 0, count: degree)
                    for _ in 0..<copies {
                        scaleBySpecial(c0[index], limb: k, into: scaled)
                        bsk_add(modulus, t0, t0, scaled, degree)
                        scaleBySpecial(c1[index], limb: k, into: scaled)
                        bsk_add(modulus, t1, t1, scaled, degree)
                    }
                }
                for group in groups {
                    let digits = digits(of: group.decompositions, limb: k, in: scaled + stride)
                    for job in group.jobs {
                        applyGaloisKey(
                            job, to: digits, of: group, adding: c0, limb: k, into: sums)
                        for (index, total) in totals.enumerated() {
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
        return totals
    }

    /// P times a ciphertext under s of each c_2 s^2, with the relinearization key, which is read once for all.
    ///
    /// - Precondition: all c_2 are of one level; there is one.
    package func relinearized(_ c2: [Polynomial<NTTValues>]) throws -> [ExtendedPair] {
        guard let key = keys.relinearization else {
            throw EvaluationError.missingRelinearizationKey
        }
        let level = c2[0].limbCount
        let group = HoistedGroup(
            decompositions: try decompose(c2, gadget: key.gadget),
            jobs: [HoistedJob(position: 0, key: key, indices: [])])
        let basis = context.extendedBasis(level: level)
        let switched = c2.map { _ -> ExtendedPair in
            (Polynomial(uninitialized: basis), Polynomial(uninitialized: basis))
        }
        pool.run(basis.count) { k in
            let scratch = LimbBuffer(count: group.digitCount * digitStride)
            withExtendedLifetime((scratch, switched)) {
                applyKey(
                    key, to: digits(of: group.decompositions, limb: k, in: scratch.base),
                    of: group, limb: k,
                    into: switched.map { ($0.0.sharedLimb(k), $0.1.sharedLimb(k)) })
            }
        }
        countKeySwitches(group)
        return switched
    }
}
