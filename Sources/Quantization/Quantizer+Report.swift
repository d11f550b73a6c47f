// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import PolynomialFitting

extension Quantizer {
    func report(
        _ assembly: IntegerAssembly, _ output: IntegerAssembly.Output, network: IntegerNetwork,
        best: BitSearch.Measured, frontier: [FrontierPoint]
    ) -> QuantizationReport {
        func fidelity(_ outputs: SampleMatrix) -> Fidelity {
            Fidelity(
                outputs, against: reference, decision: float.decision, program: float.program,
                labels: labels)
        }
        let integer = fidelity(assembly.logits(output))
        return QuantizationReport(
            layers: layers(assembly, best.allocation), activations: activations,
            folded: float.folded, replaced: replaced + tables(assembly), dropped: float.dropped,
            float: fidelity(reference), polynomial: fidelity(selection.values[float.output]),
            integer: integer, frontier: frontier,
            inputBits: BitAllocation.bits(levels: network.input.range.upperBound),
            inputRange: network.input.range, rangeBits: best.point.rangeBits,
            observedBits: best.point.observedBits, samples: reference.samples,
            decides: float.program?.label != nil || float.decision != .regression,
            showsScores: float.program.map { $0.scores != nil } ?? true,
            worstQuantity: integer.worstQuantity.map(quantityName))
    }

    /// What an element of the outputs is called: by the outputs of the model that it goes into.
    private func quantityName(_ element: Int) -> String {
        let names = float.program?.names(readingElement: element) ?? outputNames
        let place = float.count(of: float.output) > 1 ? "element \(element) of " : ""
        return place + names.map { "'\($0)'" }.joined(separator: ", ")
    }

    private func layers(
        _ assembly: IntegerAssembly, _ allocation: BitAllocation
    ) -> [QuantizationReport.Layer] {
        selection.network.nodes.enumerated().compactMap { index, node in
            guard case .affine(let affine) = node.operation else { return nil }
            let kind: String
            switch affine.maps[0] {
            case _ where affine.maps.count > 1: kind = "affine map of \(affine.maps.count) values"
            case .convolution: kind = "convolution"
            case .identity: kind = "diagonal map"
            case .matrix(let matrix):
                kind =
                    matrix.isDiagonal
                    ? "diagonal map"
                    : 2 * matrix.entriesCount >= matrix.rows * matrix.columns
                        ? "dense layer" : "affine map"
            }
            let exact = assembly.exactLevels[index]
            let reals = assembly.reals(of: index + 1)
            let polynomial = selection.values[index + 1]
            let isQuantized = exact != nil || assembly.roundedNodes.contains(index)
            return QuantizationReport.Layer(
                name: node.name, kind: kind,
                bits: isQuantized
                    ? BitAllocation.bits(levels: min(allocation.weights[index], exact ?? .max))
                    : nil, entries: affine.maps.reduce(0) { $0 + $1.entriesCount },
                folded: node.folded,
                polynomialError: polynomial.relativeError(from: floatValues[index + 1]),
                integerError: reals.relativeError(from: polynomial))
        }
    }

    private var activations: [QuantizationReport.Activation] {
        let network = selection.network
        return network.nodes.enumerated().compactMap { index, node in
            guard case .polynomial(let polynomials) = node.operation else { return nil }
            let degree = polynomials.degree
            let schedule = polynomials.polynomials.first.flatMap {
                try? PolynomialSchedule($0, inputScale: 1)
            }
            if let site = selection.sites.first(where: { $0.node == index }) {
                return QuantizationReport.Activation(
                    name: node.name, function: site.expression.text, expression: site.expression,
                    chosen: site.chosen, candidates: site.candidates, histogram: site.histogram,
                    polynomials: polynomials, degree: degree, depth: schedule?.depth ?? 1,
                    products: schedule?.productCount ?? 1)
            }
            let input = selection.values[node.sources[0]]
            let histogram = ActivationHistogram(values: input.values.map { Float($0) })
            let exact = PolynomialFitter.exact(polynomials.polynomials[0], over: histogram)
            return QuantizationReport.Activation(
                name: node.name, function: "polynomial", expression: nil, chosen: exact,
                candidates: [exact], histogram: histogram, polynomials: polynomials,
                degree: degree, depth: schedule?.depth ?? 1,
                products: schedule?.productCount ?? 1)
        }
    }

    /// Tables in place of activations, and what they take and make.
    private func tables(_ assembly: IntegerAssembly) -> [String] {
        assembly.operations.compactMap { operation in
            guard case .table(let tables) = operation.kind else { return nil }
            let codes = Set(tables.runs.flatMap(\.values))
            return
                "\(operation.node): by tables, itself, of up to \(tables.longest) integers each, to codes from "
                + "\(codes.min()!) to \(codes.max()!)"
        }
    }

    private var replaced: [String] {
        selection.sites.map { site in
            let node = selection.network.nodes[site.node]
            let count = site.polynomials.polynomials.count
            let what =
                count > 1
                ? "polynomials of degree \(site.polynomials.degree), one each of \(count) channels"
                : "a polynomial of degree \(site.polynomials.degree)"
            return "\(node.name): \(site.expression.text) by \(what)"
        }
    }
}
