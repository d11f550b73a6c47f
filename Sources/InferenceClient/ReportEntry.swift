/// One line of a report: a name for people and one for JSON, and a value with its unit.
public struct ReportEntry: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
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
    public enum Section: Sendable, Hashable {
        /// What is proven, and for which parameters.
        case certificate
        case cost
    }

    /// In JSON: lower case, underscores.
    public let key: String
    /// For people; nil: for JSON only.
    public let title: String?
    public let value: Value
    /// What people read in place of the value.
    public let text: String?
    public let section: Section

    public init(
        _ key: String, _ title: String?, _ value: Value, text: String? = nil,
        in section: Section = .certificate
    ) {
        self.key = key
        self.title = title
        self.value = value
        self.text = text
        self.section = section
    }
}
