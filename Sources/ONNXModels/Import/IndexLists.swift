// SPDX-License-Identifier: Apache-2.0

/// Index lists for moving the elements of row-major tensors.
enum IndexLists {
    /// Elements between neighbours on each axis.
    static func strides(_ shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * shape[axis + 1]
        }
        return strides
    }

    /// All sums of one offset an axis, the last axis fastest; -1 where one of the offsets is. The caller has checked
    /// that their number is one that may be allocated, and that the sums are indices.
    static func sums(_ axes: [[Int]]) -> [Int32] {
        var sums: [Int32] = [0]
        for axis in axes {
            if axis.count == 1, axis[0] == 0 { continue }
            var next: [Int32] = []
            next.reserveCapacity(sums.count * axis.count)
            for sum in sums {
                for offset in axis { next.append(sum < 0 || offset < 0 ? -1 : sum + Int32(offset)) }
            }
            sums = next
        }
        return sums
    }

    /// Offsets that keep a tensor of this shape as it is.
    static func identity(_ shape: [Int]) -> [[Int]] {
        zip(shape, strides(shape)).map { size, stride in (0..<size).map { $0 * stride } }
    }

    /// Shape that two shapes are broadcast to, nil where they don't fit.
    static func broadcast(_ a: [Int], _ b: [Int]) -> [Int]? {
        let rank = max(a.count, b.count)
        let long = [Int](repeating: 1, count: rank - a.count) + a
        let other = [Int](repeating: 1, count: rank - b.count) + b
        var shape: [Int] = []
        for (x, y) in zip(long, other) {
            guard x == y || x == 1 || y == 1 else { return nil }
            shape.append(x == 1 ? y : x)
        }
        return shape
    }
}
