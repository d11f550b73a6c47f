// SPDX-License-Identifier: Apache-2.0

import Inference
import Testing

@Suite struct ModulusChainTests {
    /// A drop that is too small for a modulus is left to the next products, which double it; near the end slack makes up
    /// for it.
    @Test func smallDropsAreCarried() {
        let drops = [5.0, 25, 30, 28, 26, 4, 27]
        #expect(ModulusChain.carried(drops, smallest: 20) == [5, 35, 30, 28, 26, 4, 27])
        #expect(
            ModulusChain.carried([3, 2.5, 25, 30, 28, 26, 27], smallest: 20)[..<4] == [
                3, 9, 42, 30,
            ])
        #expect(ModulusChain.carried([12, 25, 30, 28, 26, 27], smallest: 20)[..<2] == [12, 25])
    }
}
