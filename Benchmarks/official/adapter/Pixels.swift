// SPDX-License-Identifier: Apache-2.0

/// The harness writes an image a line: 784 grey values g / 255 with six decimals. The models take g itself.
enum Pixels {
    static let side = 28

    /// Writes the images as an IDX file of bytes.
    static func convert(_ path: String, to output: String) throws {
        let text = try FileText(reading: path)
        var words = Words(text)
        var images: [UInt8] = []
        images.reserveCapacity(text.bytes.count / 9)
        let size = side * side
        while words.nextLine() {
            let before = images.count
            while let word = words.next() {
                guard let grey = grey(word) else {
                    throw AdapterError.line(
                        path, words.line, "\(word.text) is not g / 255 for a whole g of 0 to 255")
                }
                images.append(grey)
            }
            guard images.count - before == size else {
                throw AdapterError.line(
                    path, words.line, "\(images.count - before) values; there must be \(size)")
            }
        }
        guard !images.isEmpty else { throw AdapterError.content(path, "holds no image") }
        let file = try FileOutput(writing: output)
        // Bytes, three dimensions, big endian.
        try file.append([0, 0, 8, 3])
        for length in [images.count / size, side, side] {
            try file.append(
                (0..<4).reversed().map { UInt8(truncatingIfNeeded: length >> (8 * $0)) })
        }
        try file.append(images)
        try file.flush()
    }

    /// 255 times a decimal fraction, where that is a whole number but for a few millionths.
    static func grey(_ word: UnsafeRawBufferPointer) -> UInt8? {
        var (value, unit, digits) = (0, 1, 0)
        var isFraction = false
        for byte in word {
            if byte == UInt8(ascii: "."), !isFraction {
                isFraction = true
                continue
            }
            let digit = Int(byte) - Int(UInt8(ascii: "0"))
            guard 0..<10 ~= digit, digits < 12 else { return nil }
            digits += 1
            value = value * 10 + digit
            if isFraction { unit *= 10 }
        }
        guard digits > 0 else { return nil }
        let scaled = value * 255
        let grey = (scaled + unit / 2) / unit
        guard grey <= 255, abs(scaled - grey * unit) <= unit / 1000 else { return nil }
        return UInt8(grey)
    }
}
