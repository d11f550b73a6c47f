// SPDX-License-Identifier: Apache-2.0

import Samples
import Testing

/// Tables whose columns a model names.
@Suite struct CSVTableTests {
    private static let named = [
        SampleColumn(name: "age", kind: .number),
        SampleColumn(name: "city", kind: .text(["a", "b"])),
        SampleColumn(name: "kids", kind: .whole),
    ]

    private static func read(
        _ text: String, _ columns: [SampleColumn] = named, _ header: CSVHeader = .automatic
    ) throws -> [[Float]] {
        var reading = SampleReading(header: header)
        reading.columns = columns
        let set = try SampleFile.parse(Array(text.utf8), as: reading)
        return (0..<set.count).map { set.sample(at: $0) }
    }

    private static func refusal(
        _ text: String, _ columns: [SampleColumn] = named, _ header: CSVHeader = .automatic
    ) -> String {
        do {
            _ = try read(text, columns, header)
            return ""
        } catch { return "\(error)" }
    }

    @Test func byName() throws {
        #expect(
            try Self.read("id,kids,city,age,note\n1,2,b,3.5,x\n2,0,\"a\",4,\n")
                == [[3.5, 1, 2], [4, 0, 0]])
        // In the model's order, where there is no header.
        #expect(try Self.read("3,b,1\n", Self.named, .absent) == [[3, 1, 1]])
        #expect(try Self.read("1,unknown,2\n", Self.named, .absent) == [[1, -1, 2]])
    }

    @Test func missing() throws {
        let row = try Self.read("age,city,kids\n,,\nNaN,a,NA\n")
        #expect(row[0][0].isNaN && row[0][1] == -1 && row[0][2].isNaN)
        #expect(row[1][0].isNaN && row[1][1] == 0 && row[1][2].isNaN)
    }

    @Test func refusals() {
        for (text, reason) in [
            ("age,kids\n1,2\n", "doesn't name the model's column 'city'"),
            ("age,city,kids,age\n1,a,2,3\n", "'age' 2 times"),
            ("age,city,kids\n1,a,2.5\n", "line 2, column 3: '2.5' is no whole number"),
            ("age,city,kids\nold,a,2\n", "line 2, column 1: 'old'"),
            ("age,city,kids\n1,a\n", "line 2 has 2 values; 3 are expected"),
            ("age,city,kids\n", "no line of values"), ("age;city;kids\n1,5;a;2\n", "has a comma"),
            ("age,city,kids\ninf,a,1\n", "is no finite number"),
        ] {
            let found = Self.refusal(text)
            #expect(found.contains(reason), "\(text): \(found)")
        }
        #expect(Self.refusal("1,2\n", Self.named, .absent).contains("has 2 values; 3 are expected"))
        #expect(Self.refusal("x\n1\n", Self.named, .present).contains("'age' nowhere"))
    }

    @Test func wholeNumbersThatFloatHolds() throws {
        #expect(try Self.read("age,city,kids\n1,a,16777215\n")[0][2] == 16_777_215)
        let found = Self.refusal("age,city,kids\n1,a,16777217\n")
        #expect(found.contains("no whole number below 2^24"), "\(found)")
    }

    /// Numbers are no texts, and only a table's header names a column.
    @Test func otherFormats() {
        // IDX: a row of three bytes.
        let file: [UInt8] = [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3]
        func refusal(_ reading: SampleReading) -> String {
            do {
                _ = try SampleFile.parse(file, as: reading)
                return ""
            } catch { return "\(error)" }
        }
        var reading = SampleReading()
        #expect(refusal(reading).isEmpty)
        reading.columns = Self.named
        #expect(refusal(reading).contains("the model takes texts"))
        reading.columns = nil
        reading.identifier = "who"
        #expect(refusal(reading).contains("no column that names rows"))
        for columns in [nil, Self.named] {
            reading = SampleReading(header: .absent)
            reading.columns = columns
            reading.identifier = "age"
            #expect {
                _ = try SampleFile.parse(Array("age,city,kids\n1,a,2\n".utf8), as: reading)
            } throws: {
                "\($0)".contains("found by the header")
            }
        }
    }

    /// Numbers with gaps: a header is one where all cells are names; a text may be one or not.
    @Test func withoutNames() throws {
        let numbers = [SampleColumn](repeating: SampleColumn(name: nil, kind: .number), count: 2)
        #expect(try Self.read("a,b\n1,2\n", numbers) == [[1, 2]])
        #expect(try Self.read("1,2\n3,4\n", numbers) == [[1, 2], [3, 4]])
        #expect(try Self.read(",2\n", numbers)[0][0].isNaN)
        #expect(Self.refusal("a,2\n1,2\n", numbers).contains("'a' is no number"))
        let texts = [SampleColumn(name: nil, kind: .text(["p", "q"]))]
        #expect(Self.refusal("p\nq\n", texts).contains("state whether the file has a header"))
        #expect(try Self.read("p\nq\n", texts, .absent) == [[0], [1]])
        #expect(try Self.read("p\nq\n", texts, .present) == [[1]])
    }
}
