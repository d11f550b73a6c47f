/// Channels, height and width of an image tensor; element (c, y, x) is at (c * height + y) * width + x.
public struct ImageShape: Sendable, Hashable {
    public var channels: Int
    public var height: Int
    public var width: Int

    public init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// Number of elements. Only for validated shapes: the product is not checked for overflow.
    public var count: Int { channels * height * width }

    public var array: [Int] { [channels, height, width] }
}

/// Height and width, in pixels, of a kernel or a stride.
public struct Extent: Sendable, Hashable {
    public var height: Int
    public var width: Int

    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }
}

/// Rows and columns of zeros around an image, or with negative numbers those left out, in the order of ONNX's `pads`.
public struct Padding: Sendable, Hashable {
    public var top: Int
    public var left: Int
    public var bottom: Int
    public var right: Int

    public init(top: Int = 0, left: Int = 0, bottom: Int = 0, right: Int = 0) {
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
