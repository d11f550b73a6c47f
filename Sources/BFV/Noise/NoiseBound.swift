// SPDX-License-Identifier: Apache-2.0

/// Three norms of a noise polynomial over its N complex embeddings nu(zeta), each an upper bound:
/// mean <= root mean square <= largest. Automorphisms change none of them.
///
/// The root mean square is the 2-norm of the coefficients (Parseval); every coefficient is at most the mean.
package struct NoiseNorms: Sendable, Equatable {
    package var mean: Double
    package var rootMeanSquare: Double
    package var largest: Double

    package init(mean: Double, rootMeanSquare: Double, largest: Double) {
        self.largest = largest
        self.rootMeanSquare = min(rootMeanSquare, largest)
        self.mean = min(mean, self.rootMeanSquare)
    }

    package static let zero = NoiseNorms(mean: 0, rootMeanSquare: 0, largest: 0)

    package static func + (a: NoiseNorms, b: NoiseNorms) -> NoiseNorms {
        NoiseNorms(
            mean: up(a.mean + b.mean), rootMeanSquare: up(a.rootMeanSquare + b.rootMeanSquare),
            largest: up(a.largest + b.largest))
    }

    package static func * (a: NoiseNorms, factor: Double) -> NoiseNorms {
        NoiseNorms(
            mean: up(a.mean * factor), rootMeanSquare: up(a.rootMeanSquare * factor),
            largest: up(a.largest * factor))
    }

    /// Of a product of polynomials: Cauchy-Schwarz for the mean.
    package static func * (a: NoiseNorms, b: NoiseNorms) -> NoiseNorms {
        NoiseNorms(
            mean: up(a.rootMeanSquare * b.rootMeanSquare),
            rootMeanSquare: up(
                min(a.largest * b.rootMeanSquare, a.rootMeanSquare * b.largest)),
            largest: up(a.largest * b.largest))
    }

    /// Upwards, by more than the rounding errors of the few operations of any formula here.
    static func up(_ x: Double) -> Double { x * (1 + 0x1p-30) }
}

/// What a linear map on slots, y = sum over k of w_k sigma_k(x) with distinct automorphisms sigma_k, does to noise.
package struct TransformGain: Sendable, Equatable {
    private let galois: GaloisElements
    /// The Galois elements k, odd and distinct, in no order.
    package var elements: [Int] { galois.list }
    /// max over zeta of sum |w_k(zeta)|.
    package let sum: Double
    /// max over zeta of sum |w_k(zeta)|^2.
    package let energy: Double
    /// max over zeta and k of |w_k(zeta)|.
    package let largest: Double

    package init(elements: Set<Int>, sum: Double, energy: Double, largest: Double) {
        self.init(GaloisElements(Array(elements)), sum: sum, energy: energy, largest: largest)
    }

    private init(_ galois: GaloisElements, sum: Double, energy: Double, largest: Double) {
        self.galois = galois
        self.sum = sum
        self.energy = energy
        self.largest = largest
    }

    package static func == (a: TransformGain, b: TransformGain) -> Bool {
        // A set lists equal elements in an order that changes from run to run.
        Set(a.elements) == Set(b.elements) && a.sum == b.sum && a.energy == b.energy
            && a.largest == b.largest
    }

    /// x + sum of sigma_k(x).
    package static func fold(_ elements: Set<Int>) -> TransformGain {
        let count = Double(elements.count)
        return TransformGain(elements: elements, sum: count, energy: count, largest: 1)
    }

    /// Of weights that are `factor` times as large.
    package func scaled(by factor: Double) -> TransformGain {
        TransformGain(
            galois, sum: NoiseNorms.up(sum * factor),
            energy: NoiseNorms.up(energy * factor * factor),
            largest: NoiseNorms.up(largest * factor))
    }

    /// First `self`, then `next`; nil where two ways lead to the same automorphism.
    func then(_ next: TransformGain, degree: Int) -> TransformGain? {
        galois.then(next.galois, degree: degree).map {
            TransformGain(
                $0, sum: NoiseNorms.up(sum * next.sum), energy: NoiseNorms.up(energy * next.energy),
                largest: NoiseNorms.up(largest * next.largest))
        }
    }

    /// Whether some zeta_k and zeta_l are conjugates: k = -l modulo 2N.
    func hasConjugates(degree: Int) -> Bool { galois.hasConjugates(degree: degree) }
}

/// One source of noise, with what was done to it since it arose.
package struct NoiseComponent: Sendable {
    /// When it arose.
    let base: NoiseNorms
    /// Whether it was then linear in independent subgaussian coefficients, everything else given.
    let isLinear: Bool
    /// The linear map since, while its automorphisms stay distinct.
    let gain: TransformGain?
    /// Now.
    package let norms: NoiseNorms
    /// No coefficient exceeds it: the mean norm, or less where more is known.
    let coefficient: Double

    package init(_ norms: NoiseNorms, isLinear: Bool = false) {
        self.init(base: norms, isLinear: isLinear, gain: nil, norms: norms)
    }

    /// - Parameter coefficient: what no coefficient exceeds.
    init(_ norms: NoiseNorms, coefficient: Double) {
        self.init(base: norms, isLinear: false, gain: nil, norms: norms, coefficient: coefficient)
    }

    /// Of many independent sources, each with these norms, one a term of the map that follows: only their
    /// variances may be added, so the base offers nothing but its largest value.
    static func independent(_ norms: NoiseNorms) -> NoiseComponent {
        let peak = norms.largest
        return NoiseComponent(
            base: NoiseNorms(mean: peak, rootMeanSquare: peak, largest: peak), isLinear: true,
            gain: nil, norms: norms)
    }

    private init(
        base: NoiseNorms, isLinear: Bool, gain: TransformGain?, norms: NoiseNorms,
        coefficient: Double? = nil
    ) {
        self.base = base
        self.isLinear = isLinear
        self.gain = gain
        self.norms = norms
        self.coefficient = min(coefficient ?? norms.mean, norms.mean)
    }

    func scaled(by factor: Double) -> NoiseComponent {
        NoiseComponent(
            base: base * factor, isLinear: isLinear, gain: gain, norms: norms * factor,
            coefficient: NoiseNorms.up(coefficient * factor))
    }

    /// Of a sum of integer multiples of many ciphertexts, each with this bound: sum = sum of |w|, energy = sum of w^2.
    ///
    /// The triangle inequality holds always. Noise that is linear in independent coefficients, other ones in every
    /// ciphertext, is linear in such coefficients again, of variance proxy `energy` times what it was.
    func combined(sum: Double, energy: Double) -> NoiseComponent {
        let factor = isLinear && gain == nil ? min(sum, energy.squareRoot()) : sum
        return NoiseComponent(norms * factor)
    }

    /// After a linear map: the smallest of the bounds that hold.
    ///
    /// At one embedding the map sums |w_k| |nu(zeta_k)| over distinct zeta_k, so it is at most sum * largest;
    /// largest weight * N * mean; and sqrt(energy) * sqrt(N) * root mean square (Cauchy-Schwarz). For noise linear in
    /// independent subgaussians the characters at distinct zeta_k are orthogonal: variances add, and the tail
    /// grows by sqrt(energy), times sqrt 2 where conjugates meet.
    func mapped(by step: TransformGain, degree: Int) -> NoiseComponent {
        let n = Double(degree)
        let count = Double(step.elements.count)
        let direct = NoiseNorms(
            mean: NoiseNorms.up(norms.mean * step.largest * count),
            rootMeanSquare: NoiseNorms.up(
                norms.rootMeanSquare
                    * min(step.largest * count, (step.energy * count).squareRoot())),
            largest: NoiseNorms.up(norms.largest * step.sum))
        guard let whole = gain.map({ $0.then(step, degree: degree) }) ?? step else {
            return NoiseComponent(base: direct, isLinear: false, gain: nil, norms: direct)
        }
        var largest = min(
            direct.largest, whole.largest * n * base.mean,
            (whole.energy * n).squareRoot() * base.rootMeanSquare)
        if isLinear {
            let factor = whole.hasConjugates(degree: degree) ? 2.0 : 1.0
            largest = min(largest, (factor * whole.energy).squareRoot() * base.largest)
        }
        return NoiseComponent(
            base: base, isLinear: isLinear, gain: whole,
            norms: NoiseNorms(
                mean: direct.mean, rootMeanSquare: direct.rootMeanSquare,
                largest: NoiseNorms.up(largest)))
    }
}

/// A bound on the phase noise of a ciphertext: a sum of components.
package struct NoiseBound: Sendable {
    package let components: [NoiseComponent]

    package init(_ components: [NoiseComponent]) { self.components = components }

    /// More than any modulus takes.
    package static let infinite = NoiseBound([
        NoiseComponent(
            NoiseNorms(mean: .infinity, rootMeanSquare: .infinity, largest: .infinity))
    ])

    package var norms: NoiseNorms { components.reduce(.zero) { $0 + $1.norms } }

    /// Of a sum of ciphertexts.
    package static func sum(_ bounds: [NoiseBound]) -> NoiseBound {
        NoiseBound(bounds.flatMap(\.components))
    }

    /// No coefficient of the noise exceeds it.
    package var coefficient: Double {
        components.reduce(0) { NoiseNorms.up($0 + $1.coefficient) }
    }

    /// Holds for each of several, before what only adds and scales.
    package static func worst(of bounds: [NoiseBound]) -> NoiseBound {
        func most(_ value: (NoiseBound) -> Double) -> Double { bounds.map(value).max() ?? 0 }
        return NoiseBound([
            NoiseComponent(
                NoiseNorms(
                    mean: most(\.norms.mean), rootMeanSquare: most(\.norms.rootMeanSquare),
                    largest: most(\.norms.largest)), coefficient: most(\.coefficient))
        ])
    }

    func adding(_ component: NoiseComponent) -> NoiseBound {
        NoiseBound(components + [component])
    }

    package func scaled(by factor: Double) -> NoiseBound {
        NoiseBound(components.map { $0.scaled(by: factor) })
    }

    /// Of sums of integer multiples of many ciphertexts with this bound, each with errors of its own; see
    /// `NoiseComponent`.
    package func combined(sum: Double, energy: Double) -> NoiseBound {
        NoiseBound(components.map { $0.combined(sum: sum, energy: energy) })
    }

    /// The same where the parts from `first` on are not independent from ciphertext to ciphertext: equal ciphertexts
    /// are rounded alike.
    package func dependent(from first: Int) -> NoiseBound {
        NoiseBound(
            components.enumerated().map { $0 < first ? $1 : NoiseComponent($1.norms) })
    }

    package func mapped(by gain: TransformGain, degree: Int) -> NoiseBound {
        NoiseBound(components.map { $0.mapped(by: gain, degree: degree) })
    }
}
