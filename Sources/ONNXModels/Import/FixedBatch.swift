// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// A model that is written for a fixed batch of several samples, and served one by one: both are evaluated and must
/// agree, so that none that lets its samples see each other is taken.
struct FixedBatch {
    let model: ONNXModel
    let count: Int

    /// - Parameter single: the graph of one sample.
    /// - Throws: `ONNXError` naming the first node at which samples mix.
    func check(_ single: TensorGraph) throws(ONNXError) {
        let whole: TensorGraph
        do {
            var importer = TensorGraphImporter(model, batch: count)
            whole = try importer.build()
        } catch {
            throw .unsupportedModel(
                "the model is written for a fixed batch of \(count), which can't be checked to treat samples one by one (\(error)); \(Self.remedy)"
            )
        }
        for low in [-1, 0.1] as [Float] {
            let samples = samples(low, size: single.values[0].count)
            let (reference, parts) = (FloatReference(whole), FloatReference(single))
            guard let all = try? reference.evaluate(samples.flatMap { $0 }) else { continue }
            var each: [[[Float]]] = []
            for sample in samples { each.append((try? parts.evaluate(sample)) ?? []) }
            let output = (whole.outputs[0], single.outputs[0])
            guard !agrees(all[output.0], each.map { $0[output.1] }) else { continue }
            let place = zip(whole.nodes, single.nodes).first { pair in
                !agrees(all[pair.0.output], each.map { $0[pair.1.output] })
            }
            throw .unsupportedModel(
                "the model is written for a fixed batch of \(count), and \(place.map { "node '\($0.0.name)' (\($0.0.operator))" } ?? "its output") mixes the samples of a batch; \(Self.remedy)"
            )
        }
    }

    private static let remedy =
        "export it with a batch of 1 or a dynamic batch (dynamic_axes in torch.onnx.export)"

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

    /// Up to the order of sums; what is no number must be none in both.
    private func agrees(_ whole: [Float], _ parts: [[Float]]) -> Bool {
        let laid = parts.flatMap { $0 }
        guard whole.count == laid.count else { return false }
        let size = laid.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
        return zip(whole, laid).allSatisfy { a, b in
            a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 1e-4 * size
        }
    }
}
