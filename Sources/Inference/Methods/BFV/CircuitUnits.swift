// SPDX-License-Identifier: Apache-2.0

/// The units of a circuit's values at definite levels.
///
/// Maps of weights that are residues can have any unit, so theirs are left open until a sum asks for one: leaves of a
/// polynomial get the units of the products that they are added to, whatever levels these were made at.
struct CircuitUnits {
    /// Of every value.
    let units: [MessageUnit]

    /// A unit times one that is not known yet.
    private struct Open {
        var unit: MessageUnit
        var symbol: Int?
    }

    /// - Parameter isOne: whether products at a level bring no unit.
    init<Family: CircuitFamily>(
        _ circuit: Circuit<Family>, levels: [Int], maximumLevel: Int, isOne: (_ level: Int) -> Bool
    ) {
        func product(_ a: MessageUnit, _ b: MessageUnit, level: Int) -> MessageUnit {
            isOne(level) ? a.times(b) : a.times(b, level: level)
        }
        var symbols = Symbols()
        var level = maximumLevel
        var values = [Open](repeating: Open(unit: .one), count: circuit.inputsCount)
        for instruction in circuit.instructions {
            var operands = instruction.operands.map { symbols.resolved(values[$0]) }
            switch instruction.step {
            case .switchPoint(let point): level = levels[point]
            case .map(let map) where map.hasFreeUnit: values.append(symbols.new())
            case .own(let own) where own.hasFreeUnit: values.append(symbols.new())
            case .map(let map):
                symbols.unite(&operands)
                values.append(
                    Open(unit: map.unit(of: operands.map(\.unit)), symbol: operands[0].symbol))
            case .own(let own):
                symbols.unite(&operands)
                values.append(
                    Open(unit: own.unit(of: operands.map(\.unit)), symbol: operands[0].symbol))
            case .square:
                let closed = symbols.closed(operands[0])
                values.append(Open(unit: product(closed.unit, closed.unit, level: level)))
            case .product:
                // Of two open units one is enough.
                let other =
                    operands[0].symbol == nil ? operands[1] : symbols.closed(operands[1])
                let first = symbols.resolved(operands[0])
                values.append(
                    Open(
                        unit: product(first.unit, other.unit, level: level),
                        symbol: first.symbol ?? other.symbol))
            }
        }
        units = values.map { symbols.closed($0).unit }
    }

    private struct Symbols {
        /// What each is; nil: open.
        private var known: [Open?] = []

        mutating func new() -> Open {
            known.append(nil)
            return Open(unit: .one, symbol: known.count - 1)
        }

        func resolved(_ value: Open) -> Open {
            var out = value
            while let symbol = out.symbol, let found = known[symbol] {
                out = Open(unit: out.unit.times(found.unit), symbol: found.symbol)
            }
            return out
        }

        /// What was left open is 1.
        mutating func closed(_ value: Open) -> Open {
            let out = resolved(value)
            if let symbol = out.symbol { known[symbol] = Open(unit: .one) }
            return Open(unit: out.unit)
        }

        /// Makes values that are added have one unit, where one of two is open.
        mutating func unite(_ values: inout [Open]) {
            for index in values.indices.dropFirst() {
                let (first, other) = (resolved(values[0]), resolved(values[index]))
                if let symbol = other.symbol, symbol != first.symbol {
                    known[symbol] = Open(
                        unit: first.unit.over(other.unit), symbol: first.symbol)
                } else if let symbol = first.symbol, other.symbol == nil {
                    known[symbol] = Open(unit: other.unit.over(first.unit))
                }
            }
            values = values.map { resolved($0) }
            // Different multiples of one open unit: it is 1, and weights make up for the rest.
            if values.contains(where: { $0.unit != values[0].unit }) {
                values = values.map { closed($0) }
            }
        }
    }
}
