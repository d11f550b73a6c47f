// SPDX-License-Identifier: Apache-2.0

/// What a file is that was taken for a model, by its first bytes, and what makes a model of it.
enum ForeignFormat {
    static func name(_ bytes: [UInt8]) -> String? {
        if bytes.isEmpty { return "the file is empty" }
        func starts(_ magic: [UInt8], at offset: Int = 0) -> Bool {
            bytes.dropFirst(offset).starts(with: magic)
        }
        func starts(_ magic: String, at offset: Int = 0) -> Bool {
            starts(Array(magic.utf8), at: offset)
        }
        if starts("version https://git-lfs") {
            return "it is a Git LFS pointer, not the file itself; fetch that with 'git lfs pull'"
        }
        if starts([0x89, 0x48, 0x44, 0x46]) {
            return "it is HDF5 (Keras or TensorFlow); convert it with tf2onnx"
        }
        if starts("PK\u{3}\u{4}") { return zip(bytes) }
        if starts("TFL3", at: 4) {
            return
                "it is a TensorFlow Lite model; convert it with 'python -m tf2onnx.convert --tflite'"
        }
        if starts("ORTM", at: 4) {
            return "it is in onnxruntime's own format; take the ONNX file that it was made from"
        }
        if starts("{\"", at: 8), bytes.count > 8, bytes[5...7].allSatisfy({ $0 == 0 }) {
            return
                "it is safetensors, weights without a network; export the model with torch.onnx.export"
        }
        if starts([0x93]), starts("NUMPY", at: 1) { return "it is a NumPy array" }
        if starts("GGUF") { return "it is GGUF, weights without a network" }
        if starts([0x1F, 0x8B]) { return "it is compressed with gzip; unpack it first" }
        if bytes[0] == 0x80, bytes.count > 1, (2...5).contains(bytes[1]) {
            return
                "it is a Python pickle, which is never read; export the model with skl2onnx (scikit-learn) or torch.onnx.export (PyTorch)"
        }
        return text(bytes)
    }

    private static func zip(_ bytes: [UInt8]) -> String {
        // Names of a zip's files stand in it as they are.
        func contains(_ name: String) -> Bool {
            let name = Array(name.utf8)
            let places = bytes.indices.dropLast(name.count - 1)
            return places.contains { bytes[$0] == name[0] && bytes[$0...].starts(with: name) }
        }
        if contains("data.pkl") || contains("constants.pkl") {
            return "it is a PyTorch file (a zip); export the model with torch.onnx.export"
        }
        if contains("model.weights.h5") {
            return "it is a Keras file (a zip); convert the model with tf2onnx"
        }
        return "it is a zip archive; unpack it first"
    }

    private static func text(_ bytes: [UInt8]) -> String? {
        let start = bytes.prefix(512).drop { [0xEF, 0xBB, 0xBF, 9, 10, 13, 32].contains($0) }
        let lower = start.map { (65...90).contains($0) ? $0 + 32 : $0 }
        if ["<!doctype html", "<html", "<head"].contains(where: { lower.starts(with: $0.utf8) }) {
            return "it is an HTML page: download the file itself, not the page that shows it"
        }
        if lower.first == UInt8(ascii: "{") || lower.first == UInt8(ascii: "[") {
            return "it is JSON; an ONNX file is binary"
        }
        return nil
    }
}
