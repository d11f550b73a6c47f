// SPDX-License-Identifier: Apache-2.0

/// Channels, height and width of an image tensor; element (c, y, x) is at (c * height + y) * width + x.
package struct ImageShape: Sendable, Hashable {
    package var channels: Int
    package var height: Int
    package var width: Int

    package init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// Number of elements. Only for validated shapes: the product is not checked for overflow.
    package var count: Int { channels * height * width }

    package var array: [Int] { [channels, height, width] }
}

/// Height and width, in pixels, of a kernel or a stride.
package struct Extent: Sendable, Hashable {
    package var height: Int
    package var width: Int

    package init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }
}

/// Rows and columns of zeros around an image, or with negative numbers those left out, in the order of ONNX's `pads`.
package struct Padding: Sendable, Hashable {
    package var top: Int
    package var left: Int
    package var bottom: Int
    package var right: Int

    package init(top: Int = 0, left: Int = 0, bottom: Int = 0, right: Int = 0) {
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }
}

/// Product of the sizes; throws unless all are positive and the product stays within the limit.
package func checkedCount(_ sizes: [Int], of what: String) throws(NetworkError) -> Int {
    var product = 1
    for size in sizes {
        guard size > 0 else { throw .invalidShape("\(what): size \(size) in \(sizes)") }
        let (next, overflow) = product.multipliedReportingOverflow(by: size)
        guard !overflow, next <= IntegerNetwork.maximumElements else { throw .tooLarge(what) }
        product = next
    }
    return product
}
