/// Samples and groups in words.
enum BatchText {
    /// "10,000 samples in 2 groups of 8,192".
    static func groups(_ samples: Int, capacity: Int) -> String {
        let groups = (samples + capacity - 1) / capacity
        return "\(Format.grouped(samples)) \(samples == 1 ? "sample" : "samples") in "
            + "\(Format.grouped(groups)) \(groups == 1 ? "group" : "groups") of "
            + Format.grouped(capacity)
    }

    /// "the last uses 1,808 of 8,192 slots (78 % of it idle)"; nil where all are full.
    static func waste(_ samples: Int, capacity: Int) -> String? {
        let used = samples % capacity
        guard used > 0 else { return nil }
        let idle = Int((100 * Double(capacity - used) / Double(capacity)).rounded())
        return "\(samples < capacity ? "it" : "the last") uses \(Format.grouped(used)) of "
            + "\(Format.grouped(capacity)) slots (\(idle) % of it idle)"
    }

    /// Samples in a second.
    static func rate(_ samples: Int, _ time: Duration) -> Int {
        Int(Double(samples) * 1000 / max(time.milliseconds, 1e-3))
    }
}
