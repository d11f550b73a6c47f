// SPDX-License-Identifier: Apache-2.0

/// One line of a report: a name, and a value with its unit.
package struct ReportEntry: Sendable, Equatable, CustomStringConvertible {
    package enum Value: Sendable, Equatable {
        case text(String)
        case count(Int)
        case bytes(Int)
        case bits(Double)
        case seconds(Double)
        /// Whole numbers of any size, in decimal.
        case integers([String])
        case numbers([Double])
        case flag(Bool)
    }

    /// Where it belongs.
    package enum Section: Sendable, Hashable {
        /// What is proven, and for which parameters.
        case certificate
        case cost
    }

    /// In JSON: lower case, underscores.
    package let key: String
    /// For people; nil: for JSON only.
    package let title: String?
    package let value: Value
    /// What people read in place of the value.
    package let text: String?
    package let section: Section

    package init(
        _ key: String, _ title: String?, _ value: Value, text: String? = nil,
        in section: Section = .certificate
    ) {
        self.key = key
        self.title = title
        self.value = value
        self.text = text
        self.section = section
    }
    /// For people: the name, and the value with its unit, as "margin of noise: 12.5 bits".
    package var description: String { "\(title ?? key): \(text ?? value.description)" }
}

extension ReportEntry.Value: CustomStringConvertible {
    package var description: String {
        switch self {
        case .text(let text): text
        case .count(let count): "\(count)"
        case .bytes(let count): "\(count) bytes"
        case .bits(let bits): "\(bits) bits"
        case .seconds(let seconds): "\(seconds) s"
        case .integers(let integers): integers.joined(separator: " ")
        case .numbers(let numbers): numbers.map(\.description).joined(separator: " ")
        case .flag(let flag): flag ? "yes" : "no"
        }
    }
}
