// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Finds the convolution that a matrix is, if it is one: after pooling, cropping and scaling were multiplied into it.
package struct ConvolutionDetector {
    private let matrix: RealMatrix
    private let input: ImageShape
    private let output: ImageShape
    /// Entries of the matrix that were looked at, each as often as it was.
    package private(set) var reads = 0

    /// - Returns: a convolution with the same matrix, or nil. One output position is no convolution, and neither is a
    ///   kernel that is mostly holes (dilation, groups).
    package static func convolution(
        of matrix: RealMatrix, input: ImageShape, output: ImageShape
    ) -> RealConvolution? {
        var detector = ConvolutionDetector(matrix, input: input, output: output)
        return detector.find()
    }

    package init(_ matrix: RealMatrix, input: ImageShape, output: ImageShape) {
        self.matrix = matrix
        self.input = input
        self.output = output
    }

    /// Reads each entry at most twice for each of at most 64 pairs of strides, and holds at most twice as many numbers as
    /// the matrix has entries.
    package mutating func find() -> RealConvolution? {
        guard matrix.columns == input.count, matrix.rows == output.count,
            output.height * output.width > 1, matrix.entriesCount > 0
        else { return nil }
        // Outputs lie at most a stride apart, and the first and the last see the image.
        let tallest = output.height > 1 ? min(8, (2 * input.height) / output.height + 1) : 1
        let widest = output.width > 1 ? min(8, (2 * input.width) / output.width + 1) : 1
        for height in 1...tallest {
            for width in 1...widest {
                if let found = attempt(Extent(height: height, width: width)) { return found }
            }
        }
        return nil
    }

    /// Offsets of the kernel's first element from the place that an output starts at, and its sizes.
    private struct Window {
        var top = Int.max
        var bottom = Int.min
        var left = Int.max
        var right = Int.min

        var height: Int { bottom - top + 1 }
        var width: Int { right - left + 1 }
    }

    private mutating func attempt(_ strides: Extent) -> RealConvolution? {
        guard let window = window(strides), let padding = padding(window, strides) else {
            return nil
        }
        let kernel = Extent(height: window.height, width: window.width)
        // Most of the weights must be there.
        let taps = input.channels * kernel.height * kernel.width
        guard output.channels * taps <= 2 * matrix.entriesCount else { return nil }
        var weights = [Double](repeating: 0, count: output.channels * taps)
        var isKnown = [Bool](repeating: false, count: weights.count)
        guard let found = read(&weights, &isKnown, window, strides), 2 * found >= weights.count,
            (0..<output.channels).allSatisfy({ isComplete($0, isKnown, window, strides) })
        else { return nil }
        return RealConvolution(
            weights: weights, input: input, output: output, kernel: kernel, strides: strides,
            padding: padding)
    }

    /// Calls with the channel and the place of each entry of a row, less where its output starts, and with its
    /// weight, until that gives false.
    private mutating func forEachOffset(
        ofRow row: Int, _ strides: Extent,
        _ body: (_ channel: Int, _ y: Int, _ x: Int, _ weight: Double) -> Bool
    ) -> Bool {
        let area = input.height * input.width
        let (oy, ox) = (row % (output.height * output.width))
            .quotientAndRemainder(dividingBy: output.width)
        let (top, left) = (oy * strides.height, ox * strides.width)
        for entry in matrix.entries(ofRow: row) {
            reads += 1
            let (channel, rest) = Int(matrix.columnIndices[entry])
                .quotientAndRemainder(dividingBy: area)
            let (y, x) = rest.quotientAndRemainder(dividingBy: input.width)
            guard body(channel, y - top, x - left, matrix.weights[entry]) else { return false }
        }
        return true
    }

    /// What holds the offsets of all entries; nil where that is larger than the image.
    private mutating func window(_ strides: Extent) -> Window? {
        var window = Window()
        for row in 0..<matrix.rows {
            _ = forEachOffset(ofRow: row, strides) { _, y, x, _ in
                window.top = min(window.top, y)
                window.bottom = max(window.bottom, y)
                window.left = min(window.left, x)
                window.right = max(window.right, x)
                return true
            }
            if window.top <= window.bottom,
                window.height > input.height || window.width > input.width
            {
                return nil
            }
        }
        return window
    }

    private func padding(_ window: Window, _ strides: Extent) -> Padding? {
        let (height, width) = (window.height, window.width)
        let padding = Padding(
            top: -window.top, left: -window.left,
            bottom: (output.height - 1) * strides.height + height - input.height + window.top,
            right: (output.width - 1) * strides.width + width - input.width + window.left)
        guard padding.top < height, padding.bottom < height, padding.left < width,
            padding.right < width
        else { return nil }
        return padding
    }

    /// Fills in the weights; gives how many there are, nil where outputs of one map contradict each other.
    private mutating func read(
        _ weights: inout [Double], _ isKnown: inout [Bool], _ window: Window, _ strides: Extent
    ) -> Int? {
        let positions = output.height * output.width
        let taps = input.channels * window.height * window.width
        var found = 0
        for row in 0..<matrix.rows {
            let start = row / positions * taps
            let isSound = forEachOffset(ofRow: row, strides) { channel, y, x, weight in
                let line = channel * window.height + y - window.top
                let place = start + line * window.width + x - window.left
                if isKnown[place] { return Self.isSame(weights[place], weight) }
                isKnown[place] = true
                weights[place] = weight
                found += 1
                return true
            }
            guard isSound else { return nil }
        }
        return found
    }

    /// Sums were made in different orders.
    private static func isSame(_ a: Double, _ b: Double) -> Bool {
        abs(a - b) <= 1e-9 * max(abs(a), abs(b))
    }

    /// Whether every output of the map reads each offset that lies in the image: as many as it has entries.
    private func isComplete(
        _ map: Int, _ isKnown: [Bool], _ window: Window, _ strides: Extent
    ) -> Bool {
        let (height, width) = (window.height, window.width)
        let taps = input.channels * height * width
        // Of the known offsets, how many lie above and to the left.
        var sums = [Int](repeating: 0, count: (height + 1) * (width + 1))
        for y in 0..<height {
            for x in 0..<width {
                var count = 0
                for channel in 0..<input.channels
                where isKnown[map * taps + (channel * height + y) * width + x] { count += 1 }
                sums[(y + 1) * (width + 1) + x + 1] =
                    count + sums[y * (width + 1) + x + 1] + sums[(y + 1) * (width + 1) + x]
                    - sums[y * (width + 1) + x]
            }
        }
        for oy in 0..<output.height {
            // Rows of the kernel that lie in the image.
            let top = -window.top - oy * strides.height
            let (y0, y1) = (min(max(top, 0), height), min(max(top + input.height, 0), height))
            for ox in 0..<output.width {
                let left = -window.left - ox * strides.width
                let x0 = min(max(left, 0), width)
                let x1 = min(max(left + input.width, 0), width)
                let count =
                    sums[y1 * (width + 1) + x1] - sums[y0 * (width + 1) + x1]
                    - sums[y1 * (width + 1) + x0] + sums[y0 * (width + 1) + x0]
                let row = (map * output.height + oy) * output.width + ox
                guard count == matrix.entries(ofRow: row).count else { return false }
            }
        }
        return true
    }
}
