// SPDX-License-Identifier: Apache-2.0

import Lattice

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension BFVParameters {
    /// How many multiplications in sequence surely decrypt, by the noise bounds of docs/Noise.md: each of two
    /// ciphertexts at one level with as many behind them, relinearized and rotated once with keys of
    /// `Gadget.init(level:)`, then switched down by one modulus while there is one. Every plaintext modulus allows as
    /// many.
    public var multiplicationDepth: Int { plaintexts.map(depth).min()! }

    private func depth(_ plaintext: PlaintextModulus) -> Int {
        let model = NoiseModel(degree: degree, plaintext: plaintext)
        func decrypts(_ noise: NoiseBound, level: Int) -> Bool {
            log2(noise.coefficient) < modulus(level: level).log2Lower - 1
        }
        var noise = model.fresh
        guard decrypts(noise, level: maximumLevel) else { return 0 }
        var (level, depth) = (maximumLevel, 0)
        while true {
            let switching = model.keySwitching(
                gadget: Gadget(level: maximumLevel), moduli: ciphertextModuli[..<level],
                special: specialModulus)
            noise = model.switchedKey(model.product(noise, noise), switching: switching)
            noise = model.switchedKey(noise, switching: switching)
            guard decrypts(noise, level: level) else { return depth }
            if level > 1 {
                level -= 1
                noise = model.switched(noise, droppedModulus: ciphertextModuli[level])
                guard decrypts(noise, level: level) else { return depth }
            }
            depth += 1
        }
    }
}
