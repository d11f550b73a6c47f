// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient
import Lattice

/// What the searches of one network's planning find out again and again: layouts, norms, primes. What is planned is the
/// same with a memory as without, but for maps of very many terms, whose norms are estimated from what was seen first.
package final class PlanningMemory {
    /// How often the stages of a planning did their work, whatever else they took from memory.
    package struct Counts: Sendable, Equatable {
        /// Networks laid out on slots, refused ones included.
        package var circuits = 0
        /// Chains of moduli whose parameters were made.
        package var chains = 0
        /// Runs of a circuit on noise bounds and counts, to find out where keys are used, or with keys.
        package var evaluations = 0
        /// Runs on counts alone, of circuits that may not be worth more.
        package var bounds = 0
        /// Choices of plaintext moduli.
        package var plaintexts = 0
    }

    package internal(set) var counts = Counts()
    let norms = PlannerNorms()
    private var known: [AnyHashable: Any] = [:]
    private var supplies: [Int: PrimeSupply] = [:]

    package init() {}

    /// What `make` makes or throws of a key, made once.
    func once<Key: Hashable, Value>(
        _ key: Key, _ make: () throws -> Value
    ) throws -> Value {
        if let result = known[AnyHashable(key)] as? Result<Value, any Error> {
            return try result.get()
        }
        let result = Result(catching: make)
        known[AnyHashable(key)] = result
        return try result.get()
    }

    private struct CircuitKey: Hashable {
        let family: ObjectIdentifier
        let shape: SlotShape
        let samples: Int
        let babyCounts: [Int]
    }

    /// The network's circuit with these baby steps, as the family makes it.
    func circuit<Family: CircuitFamily>(
        shape: SlotShape, samples: Int, babyCounts: [Int], _ make: () throws -> Circuit<Family>
    ) throws -> Circuit<Family> {
        func key(_ counts: [Int]) -> CircuitKey {
            CircuitKey(
                family: ObjectIdentifier(Family.self), shape: shape, samples: samples,
                babyCounts: counts)
        }
        let circuit = try once(key(babyCounts)) {
            counts.circuits += 1
            return try make()
        }
        // The counts that were chosen lay it out again.
        return try once(key(circuit.babyCounts)) { circuit }
    }

    /// `PlaintextModuli.choose`.
    func plaintexts(
        count: Int, above bound: BigInt, shape: SlotShape
    ) throws -> PlaintextModuliOfDegree? {
        struct Key: Hashable {
            let count: Int
            let bound: BigInt
            let shape: SlotShape
        }
        return try once(Key(count: count, bound: bound, shape: shape)) {
            counts.plaintexts += 1
            return try PlaintextModuli.choose(count: count, above: bound, shape: shape).map {
                try PlaintextModuliOfDegree($0, degree: shape.degree)
            }
        }
    }

    /// The largest prime of a size that isn't taken; nil where there is none.
    func prime(bits: Int, degree: Int, excluding taken: Set<UInt64>) -> UInt64? {
        supplies[degree, default: PrimeSupply(degree: degree)].prime(bits: bits, excluding: taken)
    }

    /// A prime that is `residue` modulo another one: the largest of a size, but for a quarter of a bit, or the smallest
    /// beyond; nil where there is none.
    func prime(
        bits: Int, degree: Int, residue: UInt64, modulo t: UInt64, excluding taken: Set<UInt64>
    ) -> UInt64? {
        struct Key: Hashable {
            let bits: Int
            let degree: Int
            let residue: UInt64
            let modulus: UInt64
        }
        let key = Key(bits: bits, degree: degree, residue: residue, modulus: t)
        let known =
            (try? once(key) {
                PrimeSupply.primes(bits: bits, degree: degree, residue: residue, modulo: t)
            }) ?? []
        return known.first { !taken.contains($0) }
    }
}

/// Primes that transforms of a degree take, by size, as many as were asked for.
package struct PrimeSupply {
    package let degree: Int
    /// Of each size the largest, descending.
    private var found: [Int: [UInt64]] = [:]

    package init(degree: Int) { self.degree = degree }

    /// Primes that are 1 modulo 2N and `residue` modulo t: two of about a size, descending, then two beyond it.
    package static func primes(bits: Int, degree: Int, residue: UInt64, modulo t: UInt64)
        -> [UInt64]
    {
        let step = UInt64(2 * degree)
        let (distance, isTooLong) = step.multipliedReportingOverflow(by: t)
        let end = UInt64(1) << UInt64(ModulusChain.largestBits)
        guard !isTooLong, distance < end,
            let inverse = ModularArithmetic.inverse(step % t, modulo: t)
        else { return [] }
        let offset = ModularArithmetic.multiply(
            (residue + t - 1) % t, inverse, modulo: t)
        let first = 1 + step * offset
        let size = UInt64(1) << UInt64(bits)
        let above = first + (size > first ? (size - first + distance - 1) / distance : 0) * distance
        let larger = stride(from: above, to: end, by: Int(distance))
        let smaller =
            above > first
            ? Array(
                stride(from: above - distance, to: size - size / 6, by: -Int(distance))
                    .lazy.filter(Primes.isPrime).prefix(2)) : []
        return smaller + Array(larger.lazy.filter(Primes.isPrime).prefix(2))
    }

    /// The largest of a size that isn't taken; nil where there is none.
    package mutating func prime(bits: Int, excluding taken: Set<UInt64>) -> UInt64? {
        var count = 2
        while true {
            let primes = found[bits] ?? []
            if let prime = primes.first(where: { !taken.contains($0) }) { return prime }
            if found[bits] != nil, primes.count < count { return nil }
            count = max(count, 2 * primes.count)
            found[bits] = Primes.nttPrimes(
                bits: bits, count: count, congruentTo1Modulo: UInt64(2 * degree))
        }
    }
}
