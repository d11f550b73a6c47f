// SPDX-License-Identifier: Apache-2.0

/// Why a file was refused.
enum AdapterError: Error, CustomStringConvertible {
    /// The system refused to open, read or write a file.
    case file(String, String)
    /// What stands at a line isn't what the line must hold.
    case line(String, Int, String)
    /// A file as a whole isn't what it must be.
    case content(String, String)

    var description: String {
        switch self {
        case .file(let path, let reason): "\(path): \(reason)"
        case .line(let path, let line, let reason): "\(path), line \(line): \(reason)"
        case .content(let path, let reason): "\(path): \(reason)"
        }
    }
}
