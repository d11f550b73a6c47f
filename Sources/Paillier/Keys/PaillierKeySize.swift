// SPDX-License-Identifier: Apache-2.0

/// Bits of n. 3072 bits are taken to give 128-bit security (NIST SP 800-57 part 1, table 2, for factoring).
public enum PaillierKeySize: Hashable, Sendable {
    /// 112-bit security.
    case bits2048
    /// 128-bit security.
    case bits3072
    /// About 152-bit security.
    case bits4096
    /// For tests only: a multiple of 128 in 256...4096.
    case insecure(bits: Int)

    /// 128-bit security.
    package static let standard = PaillierKeySize.bits3072

    /// Bits of the modulus n.
    public var bits: Int {
        switch self {
        case .bits2048: 2048
        case .bits3072: 3072
        case .bits4096: 4096
        case .insecure(let bits): bits
        }
    }

    /// The size of that many bits. Under 2048, and for sizes that have no name, only where `insecure` is allowed.
    package init(bits: Int, allowsInsecure: Bool) throws(PaillierError) {
        switch bits {
        case 2048: self = .bits2048
        case 3072: self = .bits3072
        case 4096: self = .bits4096
        default:
            guard allowsInsecure, Self.insecureRange.contains(bits), bits % 128 == 0
            else {
                throw .invalidKey("\(bits) bits; 2048, 3072 or 4096 are secure")
            }
            self = .insecure(bits: bits)
        }
    }

    // A factor is then a whole number of limbs, two or more.
    static let insecureRange = 256...4096
}
