// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Activations as they are, element by element: tables from the integers before them to codes of few bits.
extension IntegerAssembly {
    /// Whether a table reads a value of the real network.
    func feedsTable(_ value: Int) -> Bool {
        tableValues != nil
            && network.nodes.contains { $0.isActivation && $0.sources.contains(value) }
    }

    /// Appends a table.
    ///
    /// - Parameter levels: the largest magnitude of a code where codes have signs; twice that and one where they have none.
    mutating func addTable(
        _ expression: ScalarExpression, _ node: RealNetwork.Node, levels: Int
    ) throws(QuantizationError) {
        let value = encodings.count
        let source = encodings[node.sources[0]]
        let (operand, factors, constants) = try single(
            source, shape: node.shape, name: node.name, mostValues: tableValues)
        let (step, codes) = Self.codes(of: reference[value].values, levels: levels)
        struct Function: Hashable {
            let factor: Double
            let constant: Double
        }
        var functions: [Function: Int] = [:]
        let places = zip(factors, constants).map { factor, constant -> Int in
            let function = Function(factor: factor, constant: constant)
            let place = functions[function] ?? functions.count
            functions[function] = place
            return place
        }
        // Before they are made integers, which products of products may be too large for.
        guard ranges[operand].magnitude <= Double(Int32.max) else {
            throw .outOfRange(
                node: node.name,
                reason: "it reads integers of more than 32 bits, too long for a table")
        }
        let own = zip(ranges[operand].lower, ranges[operand].upper).map { Int64($0)...Int64($1) }
        let domains = TableDomains(own) { places[$0] }
        let list = functions.sorted { $0.value < $1.value }.map(\.key)
        var runs: [LookupTables.Run] = []
        for (place, domain) in domains.domains {
            let function = list[place]
            guard domain.upperBound - domain.lowerBound < Int64(LookupTables.mostValues) else {
                throw .outOfRange(
                    node: node.name,
                    reason:
                        "it reads one of \(domain.upperBound - domain.lowerBound + 1) integers; a table takes \(LookupTables.mostValues)"
                )
            }
            let values = domain.map {
                expression(Double($0) * function.factor + function.constant) / step
            }
            guard values.allSatisfy({ !$0.isNaN }) else {
                throw .invalidNetwork("'\(node.name)' makes what is no number")
            }
            runs.append(
                .init(
                    lower: domain.lowerBound,
                    values: values.map {
                        Int64(
                            min(
                                max($0.rounded(.toNearestOrEven), codes.lowerBound),
                                codes.upperBound))
                    }))
        }
        let tables: LookupTables
        do {
            tables = try LookupTables(runs: runs, choices: domains.choices)
        } catch {
            throw .invalidNetwork("\(node.name): \(error)")
        }
        let batch = batches[operand].mapped {
            Double(tables.run(of: $0)[Int64($1)])
        }
        var range = ranges[operand]
        for (element, limits) in own.enumerated() {
            let made = limits.map { tables.run(of: element)[$0] }
            range.lower[element] = Double(made.min()!)
            range.upper[element] = Double(made.max()!)
        }
        let made = append(
            .table(tables), sources: [operand], batch: batch, range: range, node: node.name)
        encodings.append(
            Encoding(
                terms: [
                    Encoding.Term(
                        value: made, factors: [Double](repeating: step, count: node.count))
                ], constants: [Double](repeating: 0, count: node.count)))
    }

    /// Parts of the largest value that the largest code is tried for: few values near it may be worth less than finer steps.
    private static let parts = stride(from: 1.0, to: 0.3, by: -0.05)

    /// What a code is worth, and the codes, by the least square error on the samples.
    private static func codes(
        of values: [Double], levels: Int
    ) -> (step: Double, codes: (lowerBound: Double, upperBound: Double)) {
        let largest = values.reduce(0) { max($0, abs($1)) }
        let isSigned = values.contains { $0 < 0 }
        let upper = Double(isSigned ? levels : 2 * levels + 1)
        let lower = isSigned ? -upper : 0
        guard largest > 0 else { return (1, (lower, upper)) }
        var best = (step: largest / upper, error: Double.infinity)
        for part in parts {
            let step = part * largest / upper
            let error = values.reduce(0) { sum, value in
                let code = min(max((value / step).rounded(), lower), upper)
                return sum + (value - code * step) * (value - code * step)
            }
            if error < best.error { best = (step, error) }
        }
        return (best.step, (lower, upper))
    }

    /// Scales of rows that leave no sum of integers more values than a table takes.
    ///
    /// - Parameter granule: rows that share a scale.
    func scales(
        _ scales: [Double], of parts: [(value: Int, map: LinearMap)], granule: Int, mostValues: Int
    ) -> [Double] {
        var scales = scales
        let zeros = [Double](repeating: 0, count: scales.count)
        // Rounding may make a sum longer again; each round it has less to round.
        for _ in 0..<Self.mostRounds {
            let maps = parts.map { part in
                part.map.mapped { row, weight in (weight / scales[row]).rounded() }
            }
            let range = LinearKernel.bounds(maps, of: parts.map { ranges[$0.value] }, bias: zeros)
            var isShort = true
            for first in stride(from: 0, to: scales.count, by: granule) {
                let width = (first..<first + granule).reduce(0) {
                    max($0, range.upper[$1] - range.lower[$1])
                }
                guard width > Double(mostValues - 1) else { continue }
                isShort = false
                let scale = scales[first] * max(1.002, width / Double(mostValues - 1))
                for row in first..<first + granule { scales[row] = scale }
            }
            if isShort { break }
        }
        return scales
    }

    private static let mostRounds = 64
}
