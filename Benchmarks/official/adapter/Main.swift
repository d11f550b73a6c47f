// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the harnesses of HomomorphicEncryption.org and `blindsight` say to each other: files of one become files of the
/// other. Nothing here is encrypted or decrypted.
@main
enum Main {
    private static let usage = """
        usage: official-adapter pixels PIXELS.txt IMAGES.idx     grey values of 0 to 1 as bytes, 28 x 28
               official-adapter labels TABLE.csv LABELS.txt      the column "label" alone
               official-adapter digits LHS.txt RHS.txt PAIRS.npy each number modulo 2^64 as four digits of base 2^16
               official-adapter products SUMS.npy PRODUCTS.txt   sums of products of digits as numbers modulo 2^64

        """

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            switch (arguments.first, arguments.count) {
            case ("pixels", 3): try Pixels.convert(arguments[1], to: arguments[2])
            case ("labels", 3): try Labels.convert(arguments[1], to: arguments[2])
            case ("digits", 4): try Digits.split(arguments[1], arguments[2], to: arguments[3])
            case ("products", 3): try Digits.join(arguments[1], to: arguments[2])
            default:
                try FileText.standardError.write(Array(usage.utf8))
                exit(64)
            }
        } catch {
            try? FileText.standardError.write(Array("official-adapter: \(error)\n".utf8))
            exit(1)
        }
    }
}
