// SPDX-License-Identifier: Apache-2.0

import Samples
import Testing

@Suite struct CSVTests {
    private func read(
        _ text: String, _ header: CSVHeader = .automatic, count: Int? = nil
    ) throws(SampleError) -> [[Float]] {
        let set = try SampleFile.parse(
            Array(text.utf8), as: SampleReading(header: header, expectedCount: count))
        return (0..<set.count).map { set.sample(at: $0) }
    }

    private func refusal(_ text: String, _ header: CSVHeader = .automatic) -> SampleError? {
        do {
            let rows = try read(text, header)
            Issue.record("\(text) was read as \(rows)")
            return nil
        } catch {
            return error
        }
    }

    // MARK: Headers

    @Test(arguments: [
        "a,b\n1.5,2\n", "sepal length (cm),\"petal, width\"\n1.5,2\n", "1x1,28x28\n1.5,2\n",
        "1stFlrSF,é\n1.5,2\n",
        "% fat,E°\n1.5,2\n", "d,e\n1.5,2\n", "\u{FEFF}a;b\r\n1,5;2\r\n", "a b\n1.5 2\n",
        "sep=;\na;b\n1.5;2\n",
    ])
    func namesAreAHeader(text: String) throws {
        #expect(try read(text) == [[1.5, 2]])
        #expect(try read(text, .present) == [[1.5, 2]])
        #expect(throws: SampleError.self) { try read(text, .absent) }
    }

    /// A first line with a value that is no number is neither.
    @Test(arguments: [
        "", "NaN", "nan", "NA", "inf", "-Infinity", "1e400", "5%", "$5", "True", "no", "0x10", "?",
        "-", "N/A", "1_0",
        "1.5d0", "12:30", "2020-01-01", "#N/A",
    ])
    func aFirstLineOfValuesIsNoHeader(cell: String) throws {
        for (line, column) in [("\(cell),2.5", 1), ("7,\(cell)", 2), ("x,\(cell)", 2)] {
            if line.hasPrefix("#") { continue }
            let error = refusal("\(line)\n1.5,2\n")
            guard case .notANumber(1, column, cell, _, true) = error else {
                Issue.record("\(line): \(String(describing: error))")
                continue
            }
            #expect(error?.choice == .header)
            #expect(try read("\(line)\n1.5,2\n", .present) == [[1.5, 2]])
            #expect(refusal("\(line)\n1.5,2\n", .absent)?.choice == nil)
        }
        // In any other line just as well.
        guard case .notANumber(2, 2, cell, _, false) = refusal("7,8.5\n1.5,\(cell)\n") else {
            Issue.record("\(cell) in the second line")
            return
        }
    }

    @Test(arguments: ["0,1,2", "1,2,3", "4 5 6", "\"0\",\"1\",\"2\"", "0", "0;1;2;"])
    func numbersOfColumnsMayBeAHeader(line: String) throws {
        let values =
            line.contains(",")
            ? "7,8,9" : line.contains(" ") ? "7 8 9" : line == "0" ? "7" : "7;8;9;"
        let row: [Float] = line == "0" ? [7] : [7, 8, 9]
        let error = refusal("\(line)\n\(values)\n")
        guard case .ambiguousHeader(1, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.choice == .header)
        #expect(try read("\(line)\n\(values)\n", .present) == [row])
        #expect(try read("\(line)\n\(values)\n", .absent).count == 2)
        // Where the number of samples is known, it tells.
        #expect(try read("\(line)\n\(values)\n", count: 1) == [row])
        #expect(try read("\(line)\n\(values)\n", count: 2).count == 2)
        // Without a line below it is a sample.
        #expect(try read("\(line)\n").count == 1)
    }

    @Test(arguments: ["0,2,1", "0.0,1.0,2.0", "3,2,1", "1,1,1", "1e0,2e0,3e0"])
    func otherNumbersAreASample(line: String) throws {
        #expect(try read("\(line)\n7,8,9\n").count == 2)
    }

    @Test func headersThatDoNotFit() {
        #expect(refusal(",a,b\n0,1.5,2.5\n") == .indexColumn(line: 1))
        // R's row names.
        #expect("\(refusal("a,b\n1,1.5,2.5\n")!)".contains("row names"))
        #expect("\(refusal("a,b,c\n1.5,\n")!)".contains("3 names"))
        #expect(refusal("a,b\n")?.description.contains("no line of numbers") == true)
        #expect(refusal("1,2\n", .present)?.description.contains("no line of numbers") == true)
        // Which of the two is the header?
        #expect("\(refusal("#a,b\n1,5\n3,4\n", .present)!)".contains("line 1 is a comment"))
        #expect("\(refusal("a,b\nc,d\n")!)".contains("line 2, column 1: 'c' is text"))
    }

    // MARK: As tools write them

    @Test(arguments: [
        "1.5,2\n-3,40\n", "1.5,2\r\n-3,40", "1.5,2\r-3,40\r", "1.5;2\n-3;40\n", "1.5\t2\n-3\t40\n",
        "1.5,2,\n-3,40,\n",
        "1,5;2\n-3;4e1\n", "1,5\t2,0\n-3\t40\n", " 1.5   2\n-3.0  4e+01 \n",
        "# x y\n1.5 2\n# more\n-3 40\n",
        "\"1.5\",\"2\"\n\"-3\",\"40\"\n", "1.5, 2\n\n-3, 40\n\n", "1.5,\t2\n-3,\t40\n",
        "sep=;\n1.5;2\n-3;40\n",
        "1.500000000000000000e+00 2.000000000000000000e+00\n-3.000000000000000000e+00 4.000000000000000000e+01\n",
    ])
    func readsWhatToolsWrite(text: String) throws {
        #expect(try read(text) == [[1.5, 2], [-3, 40]])
    }

    @Test func quotesHoldAnything() throws {
        #expect(try read("\"a \"\"quoted\"\", name\nof two lines\",b\n1,5.5\n") == [[1, 5.5]])
        #expect("\(refusal("\"a\nb\",c\n1.5,2\nx,3\n")!)".hasPrefix("line 4, column 1"))
        #expect("\(refusal("6,5\n\"1,2\n")!)".contains("line 2: a quote does not end"))
        #expect("\(refusal("6,5\n\"1\"2,3\n")!)".contains("line 2: text follows"))
    }

    @Test func commasThatMayGroupThousands() throws {
        #expect(try read("1,234;0,5\n") == [[1.234, 0.5]])
        #expect("\(refusal("1,234;5\n2,345;6\n")!)".contains("line 1, column 1: '1,234'"))
        #expect("\(refusal("1.234;5,5\n")!)".contains("'1.234' has a dot"))
        #expect("\(refusal("6;5\n1,234,567;6\n")!)".contains("line 2, column 1"))
        #expect("\(refusal("6,5\n\"1,5\",6\n")!)".contains("line 2, column 1: '1,5'"))
    }

    @Test func missingCellsAreNamed() {
        let text = "\(refusal("a,b,c\n1,2,3\n1,,3\n")!)"
        #expect(
            text.contains("line 3, column 2: '' is empty") && text.contains("leave the row out"))
        // A column that only some lines lack.
        #expect("\(refusal("1,5,3\n1,2,\n")!)".contains("line 2, column 3"))
        // In a column alone a blank line is a missing value.
        #expect("\(refusal("5\n\n7\n")!)".contains("line 2, column 1: '' is empty"))
        #expect("\(refusal("6,5\n1\u{202E},7\n")!)".unicodeScalars.contains("\u{202E}") == false)
    }

    // MARK: Labels

    @Test func labelsByName() throws {
        let names = ["setosa", "versicolor", "Iris virginica"]
        func labels(
            _ text: String, _ names: [String], _ reading: SampleReading = SampleReading()
        ) throws(SampleError) -> [Int] {
            try SampleFile.labels(Array(text.utf8), names: names, as: reading)
        }
        let rows = "versicolor\nsetosa\nIris virginica\n"
        #expect(try labels(rows, names) == [1, 0, 2])
        #expect(try labels("species\n" + rows, names) == [1, 0, 2])
        #expect(try labels("\"species\"\r\n\"setosa\",\r\n", names) == [0])
        #expect(
            try labels("species\n" + rows, names, SampleReading(header: .present)) == [1, 0, 2])
        // A typing error is no header where as many labels as samples are there with it.
        #expect(throws: SampleError.self) {
            try labels("setsa\nsetosa\n", names, SampleReading(expectedCount: 2))
        }
        for text in ["setosa\nother\n", "setosa\n\nsetosa\n", "setosa,1\n", "species\n1\nsetosa\n"]
        {
            #expect(throws: SampleError.self, "\(text)") { try labels(text, names) }
        }
        #expect(throws: SampleError.self) { try labels(rows, []) }
        #expect(try labels("label\n2\n0\n", names) == [2, 0])
        #expect(try labels("0\n2\n1\n", []) == [0, 2, 1])
        #expect(try labels("0\n2\n1\n", [], SampleReading(expectedCount: 2)) == [2, 1])
        // Numbers that are names, and those that can only be indices.
        #expect(try labels("3\n5\n-1\n", ["-1", "3", "5"]) == [1, 2, 0])
        #expect(try labels("0\n2\n", ["1", "2", "3"]) == [0, 2])
        #expect(throws: SampleError.self) { try labels("0\n3\n", ["1", "2", "3"]) }
        #expect(throws: SampleError.self) { try labels("0\n9\n", ["1", "2", "3"]) }
    }
}
