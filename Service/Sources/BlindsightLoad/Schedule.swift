// SPDX-License-Identifier: Apache-2.0

import Foundation

/// When requests are due: a Poisson process of a rate.
struct Schedule {
    /// Seconds from the start, in order.
    let moments: [Double]

    init(rate: Double, seconds: Double, seed: UInt64) {
        var state = seed
        var moments: [Double] = []
        var time = 0.0
        while true {
            // SplitMix64 (Steele, Lea, Flood 2014), then the inverse of the exponential distribution.
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            z ^= z >> 31
            time += -log1p(-Double(z >> 11) * 0x1p-53) / rate
            if time >= seconds { break }
            moments.append(time)
        }
        self.moments = moments
    }
}
