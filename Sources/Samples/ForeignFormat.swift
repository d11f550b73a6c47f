// SPDX-License-Identifier: Apache-2.0

/// Formats that are not read, told by their first bytes so that a refusal can name them.
enum ForeignFormat {
    private static let convert =
        "convert it to NPY or CSV, such as by numpy.save(path, table.to_numpy())"
    private static let unpack = "unpack it first; gzip is read as it is"

    /// First bytes of files that are not text.
    private static let magics: [(bytes: [UInt8], format: String, remedy: String)] = [
        (Array("\u{89}HDF\r\n\u{1A}\n".unicodeScalars.map { UInt8($0.value) }), "HDF5", convert),
        (Array("PAR1".utf8), "Parquet", convert),
        (Array("PARE".utf8), "encrypted Parquet", convert),
        (Array("ARROW1".utf8), "Arrow", convert), (Array("FEA1".utf8), "Feather", convert),
        ([0xFF, 0xFF, 0xFF, 0xFF], "a stream of Arrow", convert),
        (Array("MATLAB 5.0".utf8), "MATLAB", convert),
        (Array("SQLite format 3\0".utf8), "SQLite", convert),
        (
            [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "Excel or another office document",
            "save the sheet as CSV"
        ),
        ([0x89, 0x50, 0x4E, 0x47], "a PNG picture", "save the pictures' pixels as one NPY"),
        ([0xFF, 0xD8, 0xFF], "a JPEG picture", "save the pictures' pixels as one NPY"),
        ([0xFF, 0xFE], "text in UTF-16", "save it as UTF-8"),
        ([0xFE, 0xFF], "text in UTF-16", "save it as UTF-8"),
        ([0x28, 0xB5, 0x2F, 0xFD], "compressed by zstd", unpack),
        (Array("BZh".utf8), "compressed by bzip2", unpack),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "compressed by xz", unpack),
        (Array("%PDF-".utf8), "PDF", "save its table as CSV"),
        (
            Array("version https://git-lfs".utf8), "a pointer of Git LFS, not the file itself",
            "fetch the file with `git lfs pull`"
        ),
    ]

    /// First words of text that is no table, in lower case.
    private static let words: [(prefix: String, format: String, remedy: String)] = [
        (
            "<!doctype html", "HTML",
            "a web page came in place of the file; download the file itself"
        ),
        ("<html", "HTML", "a web page came in place of the file; download the file itself"),
        ("<?xml", "XML", convert), ("{", "JSON", convert), ("[", "JSON", convert),
        ("@relation", "ARFF", convert),
    ]

    static func refusal(_ bytes: [UInt8]) -> SampleError? {
        for magic in magics where bytes.starts(with: magic.bytes) {
            return .foreign(format: magic.format, remedy: magic.remedy)
        }
        // Protocols 2 to 5: a frame, or an opcode of an object that tools pickle.
        if bytes.count > 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) {
            return .foreign(
                format: "a Python pickle",
                remedy: "it can run code and is never read; save the array with numpy.save")
        }
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let head = bytes[start...].prefix(256).drop { $0 == 0x20 || (9...13).contains($0) }
        let text = String(decoding: head, as: UTF8.self).lowercased()
        for word in words where text.hasPrefix(word.prefix) {
            return .foreign(format: word.format, remedy: word.remedy)
        }
        return nil
    }

    /// What a zip archive is, by the names in it.
    static func refusal(zipOf names: [String]) -> SampleError {
        func has(_ test: (String) -> Bool) -> Bool { names.contains(where: test) }
        if has({ $0.hasPrefix("xl/") }) {
            return .foreign(format: "Excel", remedy: "save the sheet as CSV")
        }
        if has({ $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }) {
            return .foreign(
                format: "PyTorch",
                remedy:
                    "it holds a pickle, which is never read; save the tensor with numpy.save(path, "
                    + "tensor.numpy())")
        }
        return .foreign(
            format: "a zip archive without arrays",
            remedy: "an NPZ file holds .npy members; \(unpack)")
    }
}
