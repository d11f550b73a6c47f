// SPDX-License-Identifier: Apache-2.0

/// What the elements of a layer are tables of. Degrees grow with the longest run, so each element has its own range; where
/// another of its function holds it, such as a border's in that of an image's inside, it shares that one.
package struct TableDomains {
    package let domains: [(place: Int, range: ClosedRange<Int64>)]
    /// Of each element, its domain.
    package let choices: [Int]

    /// - Parameter place: of an element, its function.
    package init(_ ranges: [ClosedRange<Int64>], place: (Int) -> Int) {
        struct Domain: Hashable {
            let place: Int
            let range: ClosedRange<Int64>
        }
        let own = ranges.enumerated().map { Domain(place: place($0), range: $1) }
        var domains: [(place: Int, range: ClosedRange<Int64>)] = []
        var found: [Int: [Int]] = [:]
        var known: [Domain: Int] = [:]
        // The longest first, so that what holds others is there before them.
        for domain in Set(own).sorted(by: {
            Self.order($0.place, $0.range) < Self.order($1.place, $1.range)
        }) {
            let holding = found[domain.place, default: []].first {
                domains[$0].range.lowerBound <= domain.range.lowerBound
                    && domains[$0].range.upperBound >= domain.range.upperBound
            }
            if let holding {
                known[domain] = holding
            } else {
                known[domain] = domains.count
                found[domain.place, default: []].append(domains.count)
                domains.append((domain.place, domain.range))
            }
        }
        self.domains = domains
        choices = own.map { known[$0]! }
    }

    private static func order(_ place: Int, _ range: ClosedRange<Int64>) -> (Int64, Int, Int64) {
        (range.lowerBound - range.upperBound, place, range.lowerBound)
    }
}
