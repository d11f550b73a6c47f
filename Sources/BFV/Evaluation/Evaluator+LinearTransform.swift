// SPDX-License-Identifier: Apache-2.0

import CKernels
import Lattice
import Ring
import Threading

extension Evaluator {
    /// A linear map of the slots: sums of permuted slots times constants.
    ///
    /// - Throws: an error for another level than the map's, or a missing key of a permutation.
    public func apply(_ transform: EncodedTransform, to a: Ciphertext) throws -> Ciphertext {
        try apply([transform], to: [[a]])[0]
    }

    /// A map of one ciphertext of each t_i.
    package func apply(
        _ transforms: [EncodedTransform], to channels: [Ciphertext]
    ) throws -> [Ciphertext] { try apply(transforms, to: [channels]) }

    /// Applies a linear map to its sources, each one ciphertext of each t_i, by baby-step giant-step with double
    /// hoisting (Bossuat, Mouchet, Troncoso-Pastoriza and Hubaux, eprint 2020/1203): all baby rotations share one
    /// decomposition and stay modulo Q_l P; sums are divided by P once a giant step, and once at the end.
    ///
    /// Steps, each over all ciphertexts at once:
    /// 1. limb by limb, the babies, then the inner sum of every giant;
    /// 2. for all giants but the identity, divide the second polynomials by P and decompose;
    /// 3. limb by limb, switch keys, permute, add up;
    /// 4. divide by P.
    ///
    /// - Parameters:
    ///   - transforms: the same map, encoded for each ciphertext's t_i.
    ///   - sources: the map's; the last may be ones that it takes nothing from.
    /// - Returns: of every sum that it makes, one ciphertext of each t_i.
    package func apply(
        _ transforms: [EncodedTransform], to sources: [[Ciphertext]]
    ) throws -> [Ciphertext] {
        let level = try commonLevel(sources.flatMap { $0 })
        let degree = context.degree
        guard let shape = transforms.first, let channels = sources.first,
            sources.count >= shape.sourceCount,
            sources.allSatisfy({ $0.map(\.plaintextIndex) == channels.map(\.plaintextIndex) }),
            transforms.count == channels.count,
            shape.level == level, transforms.allSatisfy({ $0.hasShape(of: shape) })
        else { throw EvaluationError.mismatch("transforms and ciphertexts") }
        if shape.giants.allSatisfy({ $0.permutation.isIdentity(degree: degree) }),
            shape.babies.allSatisfy({ $0.permutation.isIdentity(degree: degree) })
        {
            let all = transforms.enumerated().map { index, transform in
                applyWithoutRotations([(transform, sources.map { $0[index] })])[0]
            }
            return (0..<shape.outputCount).flatMap { output in all.map { $0[output] } }
        }
        let sums = try innerSums(transforms, sources, level: level)
        let moved = shape.giants.indices.filter {
            !shape.giants[$0].permutation.isIdentity(degree: degree)
        }
        let totals = try switchGiants(shape, sums, moved: moved, level: level)
        return dividedPairs(totals, (0..<shape.outputCount).flatMap { _ in channels })
    }

    /// Of every giant, then every ciphertext: sum over its terms of plaintext * baby, modulo Q_l P.
    private func innerSums(
        _ transforms: [EncodedTransform], _ sources: [[Ciphertext]], level: Int
    ) throws -> [[ExtendedPair]] {
        let shape = transforms[0]
        let channels = sources[0]
        let degree = context.degree
        let basis = context.extendedBasis(level: level)
        let sums = shape.giants.map { _ in
            channels.map { _ -> ExtendedPair in
                (Polynomial(uninitialized: basis), Polynomial(uninitialized: basis))
            }
        }
        // Of each source, the babies that are moved.
        let moved = sources.indices.map { source in
            shape.babies.indices.filter {
                shape.babies[$0].source == source
                    && !shape.babies[$0].permutation.isIdentity(degree: degree)
            }
        }
        let groups = try sources.indices.map { source in
            try switcher.hoisted(
                moved[source].map { shape.babies[$0].permutation.galoisElement(degree: degree) },
                of: sources[source].map { $0.polynomials[1] })
        }
        let room = groups.joined().map(\.digitCount).max() ?? 0
        let dither = zip(transforms, channels).map {
            Dither(
                $0, context.plaintexts[$1.plaintextIndex], limbs: basis.count, counter: counter)
        }
        pool.run(basis.count) { k in
            // Two polynomials a baby and ciphertext, and room for a sum before it is permuted.
            let pairs = shape.babies.count * channels.count
            let stride = switcher.digitStride
            let memory = LimbBuffer(count: (2 * pairs + 2 * channels.count + room) * stride)
            let babies = Babies(base: memory.base, stride: stride, ciphertexts: channels.count)
            let scratch = memory.base + 2 * pairs * stride
            for (index, baby) in shape.babies.enumerated()
            where baby.permutation.isIdentity(degree: degree) {
                for (c, ciphertext) in sources[baby.source].enumerated() {
                    let target = babies.pair(index, c)
                    switcher.scaleBySpecial(ciphertext.polynomials[0], limb: k, into: target.0)
                    switcher.scaleBySpecial(ciphertext.polynomials[1], limb: k, into: target.1)
                }
            }
            for (source, channels) in sources.enumerated() {
                for group in groups[source] {
                    let digits = switcher.digits(
                        of: group.decompositions, limb: k,
                        in: scratch + 2 * channels.count * stride)
                    for job in group.jobs {
                        rotate(
                            channels, by: job, of: group, digits: digits, limb: k, babies: babies,
                            index: moved[source][job.position], scratch: scratch)
                    }
                }
            }
            withExtendedLifetime((memory, sums, transforms)) {
                for c in channels.indices {
                    func target(_ giant: Int) -> ResiduePair {
                        (sums[giant][c].0.sharedLimb(k), sums[giant][c].1.sharedLimb(k))
                    }
                    transforms[c].addTerms(
                        limb: k, modulus: basis.tables[k].modulus,
                        babies: { babies.pair($0, c) }, into: target)
                    dither[c].add(
                        limb: k, level: level, table: basis.tables[k],
                        babies: { babies.pair($0, c) }, into: target)
                }
            }
        }
        for group in groups.joined() { switcher.countKeySwitches(group) }
        let terms = shape.termCount * channels.count
        counter.add {
            $0.plaintextMultiplications += terms
            $0.plaintextProducts += 2 * terms * basis.count
            $0.forwardNTTs += transforms.reduce(0) { $0 + $1.transformsCount(limbs: basis.count) }
        }
        return sums
    }

    /// One baby of every ciphertext, in one limb.
    private func rotate(
        _ channels: [Ciphertext], by job: HoistedJob, of group: HoistedGroup,
        digits: [UnsafePointer<UInt64>?], limb k: Int, babies: Babies, index: Int,
        scratch: UnsafeMutablePointer<UInt64>
    ) {
        let n = context.degree
        let stride = switcher.digitStride
        let sums = channels.indices.map {
            (scratch + 2 * $0 * stride, scratch + (2 * $0 + 1) * stride)
        }
        switcher.applyGaloisKey(
            job, to: digits, of: group, adding: channels.map { $0.polynomials[0] }, limb: k,
            into: sums)
        for c in channels.indices {
            let target = babies.pair(index, c)
            bsk_automorphism(target.0, sums[c].0, job.indices, n)
            bsk_automorphism(target.1, sums[c].1, job.indices, n)
        }
    }

    /// Adds up the giants of every sum: those of `moved` after a key switch and their permutation, the others as they are.
    private func switchGiants(
        _ shape: EncodedTransform, _ sums: [[ExtendedPair]], moved: [Int], level: Int
    ) throws -> [ExtendedPair] {
        let basis = context.extendedBasis(level: level)
        let degree = context.degree
        let count = sums[0].count
        let divided = switcher.divideBySpecial(moved.flatMap { sums[$0].map(\.1) })
        let groups = try moved.enumerated().map { position, g in
            let element = shape.giants[g].permutation.galoisElement(degree: degree)
            let key = try switcher.galoisKey(element: element)
            return HoistedGroup(
                decompositions: try switcher.decompose(
                    Array(divided[position * count..<(position + 1) * count]),
                    gadget: key.gadget),
                jobs: [
                    HoistedJob(
                        position: 0, key: key, indices: switcher.indices(element: element))
                ])
        }
        let room = groups.map(\.digitCount).max() ?? 0
        let totals = (0..<shape.outputCount * count).map { _ -> ExtendedPair in
            (Polynomial(uninitialized: basis), Polynomial(uninitialized: basis))
        }
        let fixed = shape.giants.indices.filter { !moved.contains($0) }
        pool.run(basis.count) { k in
            let modulus = basis.tables[k].modulus
            let stride = switcher.digitStride
            let scratch = LimbBuffer(count: (2 * count + room) * stride)
            let switched = (0..<count).map {
                (scratch.base + 2 * $0 * stride, scratch.base + (2 * $0 + 1) * stride)
            }
            withExtendedLifetime((sums, totals, scratch)) {
                func total(_ giant: Int, _ c: Int) -> ResiduePair {
                    let total = totals[shape.giants[giant].output * count + c]
                    return (total.0.sharedLimb(k), total.1.sharedLimb(k))
                }
                for total in totals {
                    total.0.sharedLimb(k).update(repeating: 0, count: degree)
                    total.1.sharedLimb(k).update(repeating: 0, count: degree)
                }
                for g in fixed {
                    for c in 0..<count {
                        let (t0, t1) = total(g, c)
                        bsk_add(modulus, t0, t0, sums[g][c].0.limb(k), degree)
                        bsk_add(modulus, t1, t1, sums[g][c].1.limb(k), degree)
                    }
                }
                for (g, group) in zip(moved, groups) {
                    let job = group.jobs[0]
                    switcher.applyKey(
                        job.key,
                        to: switcher.digits(
                            of: group.decompositions, limb: k,
                            in: scratch.base + 2 * count * stride),
                        of: group, limb: k, adding: sums[g].map { $0.0.limb(k) },
                        into: switched)
                    for c in 0..<count {
                        let (u, (t0, t1)) = (switched[c], total(g, c))
                        bsk_automorphism_add(modulus, t0, u.0, job.indices, degree)
                        bsk_automorphism_add(modulus, t1, u.1, job.indices, degree)
                    }
                }
            }
        }
        for group in groups { switcher.countKeySwitches(group) }
        return totals
    }

    /// Maps of one sum each that need no keys, each of its own sources, all at one level: where they share these, each is
    /// read from memory once for all maps.
    package func applyTogether(
        _ maps: [(transform: EncodedTransform, sources: [Ciphertext])]
    ) throws -> [Ciphertext] {
        let level = try commonLevel(maps.flatMap(\.sources))
        let degree = context.degree
        guard let first = maps.first?.sources.first,
            maps.allSatisfy({ transform, sources in
                transform.level == level && transform.outputCount == 1
                    && sources.count >= transform.sourceCount
                    && transform.giants.allSatisfy { $0.permutation.isIdentity(degree: degree) }
                    && transform.babies.allSatisfy { $0.permutation.isIdentity(degree: degree) }
                    && sources.allSatisfy { $0.plaintextIndex == first.plaintextIndex }
            })
        else { throw EvaluationError.mismatch("transforms and ciphertexts") }
        return applyWithoutRotations(maps).map { $0[0] }
    }

    /// No key needed: one product a term.
    /// - Returns: of every map, of every sum one.
    private func applyWithoutRotations(
        _ maps: [(transform: EncodedTransform, sources: [Ciphertext])]
    ) -> [[Ciphertext]] {
        let first = maps[0].sources[0]
        let (level, basis, degree) = (first.level, first.basis, context.degree)
        // Of each map, one sum a giant; all giants are the identity.
        let sums = maps.map { map in
            map.transform.giants.map { _ -> ExtendedPair in
                (Polynomial(uninitialized: basis), Polynomial(uninitialized: basis))
            }
        }
        let dithers = maps.map {
            Dither(
                $0.transform, context.plaintexts[first.plaintextIndex], limbs: level,
                counter: counter)
        }
        let chunk = maps.count > 1 ? EncodedTransform.chunk : degree
        pool.run(level) { k in
            let table = basis.tables[k]
            func baby(_ map: Int, _ index: Int) -> ResiduePair {
                let a = maps[map].sources[maps[map].transform.babies[index].source]
                return (
                    UnsafeMutablePointer(mutating: a.polynomials[0].limb(k)),
                    UnsafeMutablePointer(mutating: a.polynomials[1].limb(k))
                )
            }
            func target(_ map: Int, _ giant: Int) -> ResiduePair {
                (sums[map][giant].0.sharedLimb(k), sums[map][giant].1.sharedLimb(k))
            }
            withExtendedLifetime((maps, sums)) {
                let terms = maps.indices.map { map in
                    EncodedTransform.LimbTerms(
                        maps[map].transform.giants, babies: { baby(map, $0) },
                        into: { target(map, $0) })
                }
                for start in stride(from: 0, to: degree, by: chunk) {
                    for (map, terms) in zip(maps, terms) {
                        map.transform.addTerms(
                            terms, limb: k, modulus: table.modulus,
                            range: start..<min(degree, start + chunk))
                    }
                }
                for map in maps.indices {
                    dithers[map].add(
                        limb: k, level: level, table: table, babies: { baby(map, $0) },
                        into: { target(map, $0) })
                }
            }
        }
        let count = maps.reduce(0) { $0 + $1.transform.termCount }
        counter.add {
            $0.plaintextMultiplications += count
            $0.plaintextProducts += 2 * count * level
            $0.forwardNTTs += maps.reduce(0) { $0 + $1.transform.transformsCount(limbs: level) }
        }
        return zip(maps, sums).map { map, sums in
            (0..<map.transform.outputCount).map { output in
                let parts = zip(map.transform.giants, sums).filter { $0.0.output == output }
                    .map(\.1)
                var out = parts.first ?? (Polynomial(zero: basis), Polynomial(zero: basis))
                for part in parts.dropFirst() {
                    out.0 += part.0
                    out.1 += part.1
                }
                return Ciphertext(
                    polynomials: [out.0, out.1], plaintextIndex: map.sources[0].plaintextIndex)
            }
        }
    }
}

/// One limb of the rotated ciphertexts: (baby, ciphertext, polynomial).
private struct Babies {
    let base: UnsafeMutablePointer<UInt64>
    /// Words from one polynomial to the next.
    let stride: Int
    let ciphertexts: Int

    func pair(
        _ baby: Int, _ ciphertext: Int
    ) -> (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>) {
        let first = base + 2 * (baby * ciphertexts + ciphertext) * stride
        return (first, first + stride)
    }
}
