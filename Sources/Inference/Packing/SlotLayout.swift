/// Which feature each slot holds: N entries, row by row (slot r N/2 + i is row r, column i).
public struct SlotLayout: Sendable, Hashable {
    public static let empty: Int32 = -1

    /// The feature of each slot, or `empty`.
    public let features: [Int32]

    public init(features: [Int32]) {
        precondition(features.count >= 2 && features.count & (features.count - 1) == 0)
        self.features = features
    }

    public var slotCount: Int { features.count }
    public var columns: Int { features.count / 2 }

    /// Slots whose feature comes from `feature(row, column)`.
    init(slotCount: Int, feature: (Int, Int) -> Int?) {
        let columns = slotCount / 2
        self.init(
            features: (0..<slotCount).map { slot in
                feature(slot / columns, slot % columns).map(Int32.init) ?? Self.empty
            })
    }

    /// Puts each feature's value into its slots; empty slots get zero.
    func place<Value: ExpressibleByIntegerLiteral>(_ values: [Value]) -> [Value] {
        features.map { $0 == Self.empty ? 0 : values[Int($0)] }
    }
}

extension Int {
    /// The smallest power of two that is not below.
    var nextPowerOfTwo: Int {
        self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount)
    }
}
