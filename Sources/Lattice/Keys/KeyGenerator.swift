// SPDX-License-Identifier: Apache-2.0

import Ring

/// Makes evaluation keys from a secret key. Client side only.
public struct KeyGenerator: Sendable {
    private let secretKey: SecretKey
    private var context: LatticeContext { secretKey.context }

    /// - Parameter secretKey: whose keys are made.
    public init(secretKey: SecretKey) { self.secretKey = secretKey }

    package var degree: Int { context.degree }

    /// A relinearization key where its gadget is given, and a Galois key for each element k of `galois`, from s to
    /// s(X^(1/k)).
    ///
    /// - Parameters:
    ///   - level: of the key that replies are re-randomized with; nil for none.
    ///   - progress: called with (keys done, keys in all).
    /// - Throws: `EvaluationError.level` where a key covers a level that doesn't exist.
    package func evaluationKeys(
        relinearization gadget: Gadget?, galois gadgets: [Int: Gadget],
        rerandomization level: Int? = nil, progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> EvaluationKeys {
        let total = gadgets.count + (gadget == nil ? 0 : 1)
        var done = 0
        let relinearization = try gadget.map { gadget in
            let key = try relinearizationKey(gadget)
            done += 1
            try progress(done, total)
            return key
        }
        var galois: [Int: KeySwitchingKey] = [:]
        for (element, gadget) in gadgets.sorted(by: { $0.key < $1.key }) {
            galois[element] = try galoisKey(element: element, gadget)
            done += 1
            try progress(done, total)
        }
        return EvaluationKeys(
            relinearization: relinearization, galois: galois,
            rerandomization: try level.map { try rerandomizationKey(level: $0) })
    }

    /// A key for others to encrypt with: (-a s + e, a) modulo Q, with a from a new seed and a new e.
    ///
    /// Not part of any plan: `Encryptor` is better wherever the secret key is at hand.
    public func publicKey() -> PublicKey {
        var errors = Keystream()
        return publicKey(seed: Seed.random(), errors: &errors)
    }

    /// The same with randomness of the caller's choice, for tests.
    package func publicKey(seed: Seed, errors: inout Keystream) -> PublicKey {
        let basis = context.basis(level: context.maximumLevel)
        var b = Samplers.errorNTT(basis: basis, from: &errors)
        var mask: Polynomial<NTTValues> = Samplers.uniform(basis: basis, seed: seed, stream: 0)
        mask *= secretKey.values(level: context.maximumLevel)
        b -= mask
        return PublicKey(context: context, seed: seed, b: b.asPublic())
    }

    /// A new public key modulo Q_l P.
    package func rerandomizationKey(level: Int) throws -> RerandomizationKey {
        guard (1...context.maximumLevel).contains(level) else {
            throw EvaluationError.level(level, maximum: context.maximumLevel)
        }
        var errors = Keystream()
        return RerandomizationKey.generate(
            level: level, seed: Seed.random(), secret: secretKey.extendedValues(level: level),
            errors: &errors)
    }

    /// From s^2 to s.
    package func relinearizationKey(_ gadget: Gadget) throws -> KeySwitchingKey {
        try check(gadget)
        let s = secretKey.extendedValues(level: gadget.level)
        var square = s
        square *= s
        return generate(gadget, from: square, to: s)
    }

    /// From s to s(X^(1/element)): see `KeySwitcher` for why the automorphism comes last.
    package func galoisKey(element: Int, _ gadget: Gadget) throws -> KeySwitchingKey {
        try check(gadget)
        let s = secretKey.extendedValues(level: gadget.level)
        let inverse = Self.inverse(of: element, modulo: 2 * context.degree)
        let image = s.permuted(by: context.permutation(element: inverse))
        return generate(gadget, from: s, to: image)
    }

    private func generate(
        _ gadget: Gadget, from source: Polynomial<NTTValues>, to target: Polynomial<NTTValues>
    ) -> KeySwitchingKey {
        var errors = Keystream()
        return KeySwitchingKey.generate(
            context: context, gadget: gadget, from: source, to: target, errors: &errors)
    }

    private func check(_ gadget: Gadget) throws {
        guard (1...context.maximumLevel).contains(gadget.level),
            (1...Gadget.mostDigitBits).contains(gadget.digitBits)
        else { throw EvaluationError.level(gadget.level, maximum: context.maximumLevel) }
    }

    /// The inverse of an odd number modulo a power of two (Newton's iteration).
    private static func inverse(of x: Int, modulo powerOfTwo: Int) -> Int {
        var y = x
        for _ in 0..<5 { y = y &* (2 &- x &* y) }
        return y & (powerOfTwo - 1)
    }
}
