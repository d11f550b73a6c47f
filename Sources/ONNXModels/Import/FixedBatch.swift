// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// A model that is written for a batch of several samples, and served one by one: both are evaluated and must agree, so
/// that none that lets its samples see each other is taken.
struct FixedBatch {
    let model: ONNXModel
    let count: Int
    /// Whether the model takes a batch of any size, of which `count` is one that is tried.
    var isOpen = false

    private var batch: String { isOpen ? "batches of any size" : "a fixed batch of \(count)" }

    /// - Parameter single: the graph of one sample.
    /// - Throws: `ONNXError` naming the first node at which samples mix.
    func check(_ single: TensorGraph) throws(ONNXError) {
        guard count <= Self.largest else {
            throw .unsupportedModel(
                "the model is written for a fixed batch of \(count); up to \(Self.largest) are taken: \(Self.remedy)"
            )
        }
        let whole: TensorGraph
        do {
            var importer = TensorGraphImporter(model, batch: count)
            whole = try importer.build()
        } catch {
            // Then it takes single samples alone, whatever its input says.
            if isOpen { return }
            throw .unsupportedModel(
                "the model is written for \(batch), which can't be checked to treat samples one by one (\(error)); \(Self.remedy)"
            )
        }
        if isOpen, isForOne(whole, single) { return }
        for low in [-1, 0.1] as [Float] {
            let samples = samples(low, size: single.values[0].count)
            let (reference, parts) = (FloatReference(whole), FloatReference(single))
            guard let all = try? reference.evaluate(samples.flatMap { $0 }) else { continue }
            // All samples of a small model, and of a large one some.
            let step = max(1, count * single.nodes.count >> 16)
            var each: [(place: Int, values: [[Float]])] = []
            for place in stride(from: 0, to: count, by: step) {
                each.append((place, (try? parts.evaluate(samples[place])) ?? []))
            }
            func agrees(_ whole: Int, _ single: Int) -> Bool {
                each.allSatisfy { self.agrees(all[whole], $0.values[single], at: $0.place) }
            }
            let outputs = zip(whole.outputs, single.outputs)
            guard
                whole.outputs.count != single.outputs.count
                    || !outputs.allSatisfy({ agrees($0, $1) })
            else {
                continue
            }
            let place = zip(whole.nodes, single.nodes).first { pair in
                !agrees(pair.0.output, pair.1.output)
            }
            throw .unsupportedModel(
                "the model is written for \(batch), and \(place.map { "node '\($0.0.name)' (\($0.0.operator))" } ?? "its output") mixes the samples of a batch; \(isOpen ? Self.openRemedy : Self.remedy)"
            )
        }
    }

    /// Whether elements are picked or moved by constants that are written for a batch of one, whatever the input says:
    /// exporters that trace a model write such. Of more samples some are lost, so that single ones alone can be meant.
    private func isForOne(_ whole: TensorGraph, _ single: TensorGraph) -> Bool {
        let first = zip(whole.nodes, single.nodes).first { pair in
            whole.values[pair.0.output].count != count * single.values[pair.1.output].count
        }
        guard case .gather? = first?.0.operation else { return false }
        return true
    }

    private static let largest = 4096
    private static let remedy =
        "export it with a batch of 1 or a dynamic batch (dynamic_axes in torch.onnx.export)"

    private static let openRemedy =
        "let its axis be another than the first, or export it with a batch of 1 if that is what it means"

    /// Numbers that follow no pattern of the batch.
    private func samples(_ low: Float, size: Int) -> [[Float]] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { _ in
            (0..<size).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return low + (1 - low) * Float(state >> 40) / Float(1 << 24)
            }
        }
    }

    /// Whether a sample's elements are what they are alone, up to the order of sums; what is no number must be none in
    /// both.
    private func agrees(_ whole: [Float], _ alone: [Float], at place: Int) -> Bool {
        guard whole.count == count * alone.count else { return false }
        let size = alone.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
        let own = whole[place * alone.count..<(place + 1) * alone.count]
        return zip(own, alone).allSatisfy { a, b in
            a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 1e-4 * size
        }
    }
}
