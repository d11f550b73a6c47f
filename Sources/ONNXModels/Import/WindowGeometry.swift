// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Windows that a convolution or a pooling moves over the axes of an image after batch and channels.
struct WindowGeometry {
    let sizes: [Int]
    let kernel: [Int]
    let strides: [Int]
    let dilations: [Int]
    let padsBefore: [Int]
    let padsAfter: [Int]
    let outputSizes: [Int]

    /// For each output the input's indices, as `TensorOperation.weightedSum` takes them.
    struct Lists {
        var starts: [Int]
        var indices: [Int32]
        /// Elements of each window with those in the padding, for one batch and channel.
        var areas: [Int]
    }

    /// Reads the attributes that operators with windows share.
    init(_ node: ONNXNode, shape: [Int], kernel: [Int]) throws(ONNXError) {
        let axes = shape.count - 2
        guard kernel.count == axes, kernel.allSatisfy({ $0 > 0 }),
            try node.sizes("kernel_shape", default: kernel) == kernel
        else { throw node.refusal("a kernel of \(kernel) for an image of sizes \(shape)") }
        let ones = [Int](repeating: 1, count: axes)
        let strides = try node.sizes("strides", default: ones)
        let dilations = try node.sizes("dilations", default: ones)
        guard strides.allSatisfy({ $0 > 0 }), dilations.allSatisfy({ $0 > 0 }) else {
            throw node.refusal("strides and dilations must be positive")
        }
        let pads = try node.sizes("pads", default: Array(repeating: 0, count: 2 * axes))
        let mode = try node.string("auto_pad", default: "NOTSET")
        let roundsUp = try node.integer("ceil_mode", default: 0) != 0
        var before = Array(pads.prefix(axes))
        var after = Array(pads.dropFirst(axes))
        var output: [Int] = []
        for axis in 0..<axes {
            let size = shape[axis + 2]
            // Sizes are at most 2^24 each, so nothing overflows.
            let window = (kernel[axis] - 1) * dilations[axis] + 1
            let stride = strides[axis]
            switch mode {
            case "NOTSET": break
            case "VALID": (before[axis], after[axis]) = (0, 0)
            case "SAME_UPPER", "SAME_LOWER":
                // The output has ceil(size / stride) elements; an odd pad goes to the end or to the beginning.
                let total = max(0, ((size - 1) / stride) * stride + window - size)
                before[axis] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
                after[axis] = total - before[axis]
            default:
                throw node.refusal(
                    "auto_pad '\(mode)'; NOTSET, VALID, SAME_UPPER and SAME_LOWER are accepted")
            }
            let room = size + before[axis] + after[axis] - window
            guard room >= 0 else {
                throw node.refusal(
                    "a window of \(window) over \(room + window) padded elements")
            }
            var steps = (room + (roundsUp ? stride - 1 : 0)) / stride
            // A window that begins behind the image is none.
            if roundsUp, steps * stride >= size + before[axis] { steps -= 1 }
            output.append(steps + 1)
        }
        do {
            _ = try checkedCount(Array(shape.prefix(2)) + output, of: "the output")
        } catch {
            throw node.refusal(error.description)
        }
        sizes = Array(shape.dropFirst(2))
        self.kernel = kernel
        self.strides = strides
        self.dilations = dilations
        padsBefore = before
        padsAfter = after
        outputSizes = output
    }

    /// What a window covers of one axis of the image.
    private struct Span {
        /// Offset of its first element in the image.
        let first: Int
        /// Elements in the image.
        let count: Int
        /// Elements with those in the padding.
        let area: Int
    }

    private func spans(_ axis: Int, step: Int, node: ONNXNode) throws(ONNXError) -> [Span] {
        var spans: [Span] = []
        spans.reserveCapacity(outputSizes[axis])
        let (size, dilation) = (sizes[axis], dilations[axis])
        /// Taps that lie before a place, from a first one on.
        func taps(from first: Int, before place: Int) -> Int {
            min(kernel[axis], max(0, place - first + dilation - 1) / dilation)
        }
        for output in 0..<outputSizes[axis] {
            let first = output * strides[axis] - padsBefore[axis]
            let low = taps(from: first, before: 0)
            let high = taps(from: first, before: size)
            guard low < high else { throw node.refusal("a window that lies in the padding") }
            spans.append(
                Span(
                    first: (first + low * dilation) * step, count: high - low,
                    area: taps(from: first, before: size + padsAfter[axis])))
        }
        return spans
    }

    /// Elements of all windows, of all batches and channels.
    func tapsCount(_ shape: [Int], node: ONNXNode) throws(ONNXError) -> Int {
        var total = shape[0] * shape[1]
        for axis in sizes.indices {
            let spans = try spans(axis, step: 1, node: node)
            total = try checkTaps(total, spans.reduce(0) { $0 + $1.count }, node)
        }
        return total
    }

    /// Lists for all batches and channels, which are `tapsCount` long.
    func lists(_ shape: [Int], node: ONNXNode) throws(ONNXError) -> Lists {
        let steps = IndexLists.strides(sizes)
        // Of one channel first: window by window, the last axis fastest.
        var windows = Lists(starts: [0, 1], indices: [0], areas: [1])
        for axis in sizes.indices {
            let spans = try spans(axis, step: steps[axis], node: node)
            let step = dilations[axis] * steps[axis]
            var next = Lists(starts: [0], indices: [], areas: [])
            for window in windows.areas.indices {
                let bases = windows.starts[window]..<windows.starts[window + 1]
                for span in spans {
                    for base in bases {
                        for tap in 0..<span.count {
                            next.indices.append(
                                windows.indices[base] + Int32(span.first + tap * step))
                        }
                    }
                    next.starts.append(next.indices.count)
                    next.areas.append(windows.areas[window] * span.area)
                }
            }
            windows = next
        }
        let channels = shape[0] * shape[1]
        var lists = Lists(starts: [0], indices: [], areas: windows.areas)
        lists.starts.reserveCapacity(channels * windows.areas.count + 1)
        lists.indices.reserveCapacity(channels * windows.indices.count)
        let image = sizes.reduce(1, *)
        for channel in 0..<channels {
            let start = lists.indices.count
            for place in windows.indices { lists.indices.append(Int32(channel * image) + place) }
            for end in windows.starts.dropFirst() { lists.starts.append(start + end) }
        }
        return lists
    }

    /// Weights that make means of the windows.
    func averages(_ lists: Lists, includesPadding: Bool) -> [Float] {
        var weights: [Float] = []
        weights.reserveCapacity(lists.indices.count)
        for output in 0..<lists.starts.count - 1 {
            let count = lists.starts[output + 1] - lists.starts[output]
            let area = includesPadding ? lists.areas[output % lists.areas.count] : count
            weights.append(contentsOf: repeatElement(1 / Float(area), count: count))
        }
        return weights
    }

    @discardableResult
    private func checkTaps(_ a: Int, _ b: Int, _ node: ONNXNode) throws(ONNXError) -> Int {
        let (total, overflow) = a.multipliedReportingOverflow(by: b)
        guard !overflow, total <= IntegerNetwork.maximumElements else {
            throw node.refusal(
                "windows of more than \(IntegerNetwork.maximumElements) elements together")
        }
        return total
    }
}
