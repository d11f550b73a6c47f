// SPDX-License-Identifier: Apache-2.0

/// Distances that sums of a baby and a giant step reach, drawn at random: they tell nothing of what is laid out by them.
struct RotationSet {
    let period: Int
    /// Of each distance modulo the period, its steps; nil where it isn't reached.
    let steps: [(baby: Int, giant: Int)?]
    let distances: [Int]

    /// Those of all distances.
    var rotations: [ForestLayout.Rotation] {
        steps.compactMap { $0 }.map(ForestLayout.Rotation.init)
    }

    init(babies: Int, giants: Int, period: Int) {
        self.period = period
        // A generator that always gives the same, of no secret.
        var state = UInt64(period) &* 0x9E37_79B9_7F4A_7C15
        func draw(_ count: Int) -> [Int] {
            var drawn = [0]
            while drawn.count < min(count, period) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let next = Int(state >> 33) & (period - 1)
                if !drawn.contains(next) { drawn.append(next) }
            }
            return drawn
        }
        var steps = [(baby: Int, giant: Int)?](repeating: nil, count: period)
        let first = draw(babies)
        for giant in draw(giants) {
            for baby in first {
                let distance = (baby + giant) & (period - 1)
                if steps[distance] == nil { steps[distance] = (baby, giant) }
            }
        }
        self.steps = steps
        distances = steps.indices.filter { steps[$0] != nil }
    }
}
