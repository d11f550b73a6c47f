// SPDX-License-Identifier: Apache-2.0

/// A sample as text: two rows of pixels a line, by half blocks; greys where there is colour.
enum Picture {
    /// - Parameters:
    ///   - sample: 0 is black, 255 white.
    ///   - shape: its last two sizes are rows and columns; anything else has no picture.
    static func lines(_ sample: [Float], _ shape: [Int]) -> [String] {
        guard shape.count >= 2 else { return [] }
        let columns = shape[shape.count - 1]
        let rows = shape[shape.count - 2]
        guard rows * columns == sample.count, columns <= 32, rows <= 64 else { return [] }
        func pixel(_ row: Int, _ column: Int) -> Float {
            row < rows ? sample[row * columns + column] : 0
        }
        return stride(from: 0, to: rows, by: 2).map { row in
            let cells = (0..<columns).map { cell(pixel(row, $0), pixel(row + 1, $0)) }
            return cells.joined() + (Terminal.hasColour ? "\u{1B}[0m" : "")
        }
    }

    private static func cell(_ top: Float, _ bottom: Float) -> String {
        if Terminal.hasColour {
            return "\u{1B}[38;5;\(grey(top));48;5;\(grey(bottom))m▀"
        }
        switch (top > 100, bottom > 100) {
        case (true, true): return "█"
        case (true, false): return "▀"
        case (false, true): return "▄"
        case (false, false): return max(top, bottom) > 50 ? "░" : " "
        }
    }

    /// Of the 24 greys of 256-colour terminals.
    private static func grey(_ value: Float) -> Int {
        232 + Int(min(max(value, 0), 255) * 23 / 255)
    }
}
