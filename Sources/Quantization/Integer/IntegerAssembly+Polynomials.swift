// SPDX-License-Identifier: Apache-2.0

import PolynomialFitting

extension IntegerAssembly {
    /// The integer schedules of the elements of a tensor: all elements take the same steps, with constants of their
    /// own.
    private struct ElementSchedules {
        /// Distinct ones.
        var schedules: [PolynomialSchedule] = []
        /// Of each element, which.
        var indices: [Int] = []

        var shifts: [Double] { indices.map { Double(schedules[$0].shift) } }
    }

    /// Gives the constant that an activation's first step needs to the bias of the map that makes its input: other
    /// readers take it off again in theirs.
    mutating func claimShift(of value: Int) throws(QuantizationError) {
        let encoding = encodings[value]
        guard let reader = network.readers(of: value).first(where: isPolynomial),
            case .polynomial(let polynomials) = network.nodes[reader].operation,
            encoding.terms.count == 1, encoding.terms[0].value == operations.count,
            case .affine(var affine) = operations[operations.count - 1].kind
        else { return }
        let factors = encoding.terms[0].factors
        let shifts: [Double]
        if polynomials.degree == 2 {
            shifts = factors.indices.map { index in
                let c = polynomials.polynomial(ofElement: index, count: factors.count).coefficients
                return (c[1] / (2 * c[2] * factors[index])).rounded()
            }
        } else {
            let none = [Double](repeating: 0, count: factors.count)
            shifts = try schedules(
                polynomials, factors: factors, offsets: none, node: network.nodes[reader].name
            ).shifts
        }
        guard shifts.contains(where: { $0 != 0 }) else { return }
        guard shifts.allSatisfy({ abs($0) < 0x1p62 }) else {
            throw .outOfRange(
                node: network.nodes[reader].name,
                reason: "a constant of more than 62 bits")
        }
        let place = operations.count
        affine.bias = zip(affine.bias, shifts).map { $0 + $1 }
        operations[place - 1].kind = .affine(affine)
        batches[place].add(shifts)
        for index in shifts.indices {
            ranges[place].lower[index] += shifts[index]
            ranges[place].upper[index] += shifts[index]
        }
        encodings[value].constants = zip(shifts, factors).map { -$0 * $1 }
    }

    private func isPolynomial(_ node: Int) -> Bool {
        guard case .polynomial(let polynomials) = network.nodes[node].operation else {
            return false
        }
        return polynomials.degree >= 2
    }

    /// Products that compute polynomials of a tensor.
    mutating func apply(
        _ polynomials: ChannelPolynomials, to encoding: Encoding, count: Int,
        node: RealNetwork.Node
    ) throws(QuantizationError) -> Encoding {
        func coefficient(_ element: Int, _ power: Int) -> Double {
            let c = polynomials.polynomial(ofElement: element, count: count).coefficients
            return power < c.count ? c[power] : 0
        }
        if polynomials.degree <= 1 {
            return encoding.scaled(
                by: (0..<count).map { coefficient($0, 1) },
                adding: (0..<count).map { coefficient($0, 0) })
        }
        let (value, factors, constants) = try single(encoding, shape: node.shape, name: node.name)
        guard polynomials.degree == 2 else {
            return try applySchedules(
                polynomials, value: value, factors: factors, constants: constants, node: node)
        }
        // c_2 (x + c_1 / (2 c_2))^2 + c_0 - c_1^2 / (4 c_2).
        let offsets = (0..<count).map { element in
            let vertex = coefficient(element, 1) / (2 * coefficient(element, 2))
            return ((constants[element] + vertex) / factors[element]).rounded()
        }
        guard offsets.allSatisfy(\.isFinite) else {
            throw .outOfRange(
                node: node.name, reason: "its polynomial is not a quadratic everywhere")
        }
        let shifted = try offset(value, by: offsets, shape: node.shape, name: node.name)
        let square = multiply(shifted, shifted, name: node.name)
        return Encoding(
            terms: [
                Encoding.Term(
                    value: square,
                    factors: (0..<count).map { coefficient($0, 2) * factors[$0] * factors[$0] })
            ],
            constants: (0..<count).map {
                coefficient($0, 0) - coefficient($0, 1) * coefficient($0, 1)
                    / (4 * coefficient($0, 2))
            })
    }

    // MARK: Degrees above 2

    private func schedules(
        _ polynomials: ChannelPolynomials, factors: [Double], offsets: [Double], node: String
    ) throws(QuantizationError) -> ElementSchedules {
        struct Key: Hashable {
            let polynomial: Int
            let factor: Double
            let offset: Double
        }
        var found: [Key: Int] = [:]
        var result = ElementSchedules()
        let perPolynomial = factors.count / polynomials.polynomials.count
        for index in factors.indices {
            let key = Key(
                polynomial: index / perPolynomial, factor: factors[index], offset: offsets[index])
            if let known = found[key] {
                result.indices.append(known)
                continue
            }
            let polynomial = polynomials.polynomials[key.polynomial].shifted(by: key.offset)
            do throws(PolynomialScheduleError) {
                result.schedules.append(
                    try PolynomialSchedule(
                        Self.reflected(polynomial, key.factor), inputScale: abs(key.factor)))
            } catch {
                throw .outOfRange(node: node, reason: error.description)
            }
            found[key] = result.schedules.count - 1
            result.indices.append(result.schedules.count - 1)
        }
        return result
    }

    /// p(-x) for a negative factor, so that the scale of its integers is positive.
    private static func reflected(_ polynomial: RealPolynomial, _ factor: Double) -> RealPolynomial
    {
        guard factor < 0 else { return polynomial }
        return RealPolynomial(
            coefficients: polynomial.coefficients.enumerated().map { $0 % 2 == 1 ? -$1 : $1 })
    }

    private mutating func applySchedules(
        _ polynomials: ChannelPolynomials, value: Int, factors: [Double], constants: [Double],
        node: RealNetwork.Node
    ) throws(QuantizationError) -> Encoding {
        // The real is factor (v - k) + remainder, k an integer: claimed shifts are such.
        let removed = zip(constants, factors).map { -($0 / $1).rounded() }
        let remainders = constants.indices.map { index in
            let remainder = constants[index] + factors[index] * removed[index]
            return abs(remainder) < 1e-9 * abs(factors[index]) ? 0 : remainder
        }
        let elements = try schedules(
            polynomials, factors: factors, offsets: remainders, node: node.name)
        let first = elements.schedules[0]
        let isAlike = elements.schedules.allSatisfy { $0.steps.count == first.steps.count }
        guard isAlike else {
            throw .outOfRange(
                node: node.name,
                reason: "channels need different steps; take one polynomial for all")
        }
        let offsets = zip(elements.shifts, removed).map { $0 - $1 }
        var values = [try offset(value, by: offsets, shape: node.shape, name: node.name)]
        for step in first.steps.indices {
            let left = try combined(elements, values, node) { $0.steps[step].left }
            let isSquare = elements.schedules.allSatisfy { $0.steps[step].isSquare }
            let right =
                isSquare ? left : try combined(elements, values, node) { $0.steps[step].right }
            values.append(multiply(left, right, name: node.name))
        }
        let scales = elements.indices.map { elements.schedules[$0].outputScale }
        var encoding = Encoding(
            terms: [],
            constants: elements.indices.indices.map {
                scales[$0] * Double(elements.schedules[elements.indices[$0]].result.constant)
            })
        for (index, value) in values.enumerated() {
            let coefficients = Self.coefficients(elements, of: index) { $0.result }
            guard coefficients.contains(where: { $0 != 0 }) else { continue }
            encoding.terms.append(
                Encoding.Term(value: value, factors: zip(coefficients, scales).map { $0 * $1 }))
        }
        return encoding
    }

    /// Of each element, the factor of a value in a combination.
    private static func coefficients(
        _ elements: ElementSchedules, of value: Int,
        _ combination: (PolynomialSchedule) -> PolynomialSchedule.Combination
    ) -> [Double] {
        let distinct = elements.schedules.map { schedule in
            combination(schedule).terms.reduce(0.0) {
                $1.value == value ? $0 + Double($1.coefficient) : $0
            }
        }
        return elements.indices.map { distinct[$0] }
    }

    /// The value of an operand of a step: an operation more only where it isn't one of the values.
    private mutating func combined(
        _ elements: ElementSchedules, _ values: [Int], _ node: RealNetwork.Node,
        _ combination: (PolynomialSchedule) -> PolynomialSchedule.Combination
    ) throws(QuantizationError) -> Int {
        let constants = elements.indices.map {
            Double(combination(elements.schedules[$0]).constant)
        }
        var sources: [Int] = []
        var maps: [LinearMap] = []
        for (index, value) in values.enumerated() {
            let factors = Self.coefficients(elements, of: index, combination)
            guard factors.contains(where: { $0 != 0 }) else { continue }
            sources.append(value)
            maps.append(
                factors.allSatisfy { $0 == 1 }
                    ? .identity(factors.count) : .matrix(.diagonal(factors)))
        }
        if maps.count == 1, case .identity = maps[0] {
            return try offset(sources[0], by: constants, shape: node.shape, name: node.name)
        }
        guard !maps.isEmpty else {
            throw .outOfRange(node: node.name, reason: "its polynomial has no integer form here")
        }
        let batch = LinearKernel.apply(maps, to: sources.map { batches[$0] }, bias: constants)
        let range = LinearKernel.bounds(maps, of: sources.map { ranges[$0] }, bias: constants)
        return append(
            .affine(RealAffine(maps: maps, bias: constants, shape: node.shape)), sources: sources,
            batch: batch, range: range, node: node.name)
    }
}
