// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Ring

extension PaillierPublicKey {
    /// 1 + m n for each m: plain numbers of `ring`, one whose numbers are wiped.
    /// - Throws: `plaintextOutOfRange` for |m| > (n - 1) / 2.
    func generators(_ messages: [BigInt], ring: NadicRing) throws(PaillierError) -> Numbers {
        let numbers = Numbers(ring: ring, count: messages.count)
        let words = LimbBuffer(count: 2 * ring.limbs, isSecret: true)
        let limit = maximumPlaintext
        for (i, message) in messages.enumerated() {
            guard message <= limit, message >= -limit else { throw .plaintextOutOfRange(index: i) }
            for w in 0..<ring.limbs { words.base[w] = w == 0 ? 1 : 0 }
            (message.isNegative ? message + modulus : message)
                .copyLimbs(to: words.base + ring.limbs, count: ring.limbs)
            ring.load(numbers[i], from: words.base)
        }
        return numbers
    }
}
