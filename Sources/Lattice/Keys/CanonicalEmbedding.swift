import CKernels

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The canonical embedding of Z[X]/(X^N+1): values at the N complex odd powers of exp(i pi / N). For
/// real polynomials they come in conjugate pairs; N/2 magnitudes say all.
package enum CanonicalEmbedding {
    /// |p(zeta_j)| with zeta_j = exp(i pi (4 j + 1) / N), j < N/2: one of each conjugate pair, by one
    /// complex FFT of length N/2 (fold X^(N/2) = i, as zeta_j^(N/2) = i).
    ///
    /// Rounding error: under 2^-45 of the largest magnitude at these sizes.
    package static func magnitudes(of coefficients: [Double]) -> [Double] {
        let half = coefficients.count / 2
        precondition(half > 0 && half & (half - 1) == 0)
        var re = Array(coefficients[..<half])
        var im = Array(coefficients[half...])
        // Twist by zeta_0^k, then an ordinary FFT gives sum_k a_k zeta_0^k exp(2 pi i j k / half).
        for k in 0..<half {
            let angle = Double.pi * Double(k) / Double(2 * half)
            let (c, s) = (cos(angle), sin(angle))
            (re[k], im[k]) = (re[k] * c - im[k] * s, re[k] * s + im[k] * c)
        }
        transform(&re, &im)
        let magnitudes = (0..<half).map { (re[$0] * re[$0] + im[$0] * im[$0]).squareRoot() }
        // The polynomial may be a secret.
        re.withUnsafeMutableBytes { bsk_wipe($0.baseAddress!, $0.count) }
        im.withUnsafeMutableBytes { bsk_wipe($0.baseAddress!, $0.count) }
        return magnitudes
    }

    package static func norm(of coefficients: [Double]) -> Double {
        magnitudes(of: coefficients).max() ?? 0
    }

    /// Iterative radix-2 FFT, exponent sign +, any order of outputs serves a maximum but not a sum
    /// across polynomials: outputs are in natural order.
    private static func transform(_ re: inout [Double], _ im: inout [Double]) {
        let n = re.count
        var j = 0
        for i in 1..<max(n, 1) where n > 1 {
            var bit = n >> 1
            while j & bit != 0 {
                j ^= bit
                bit >>= 1
            }
            j |= bit
            if i < j {
                re.swapAt(i, j)
                im.swapAt(i, j)
            }
        }
        let cosines = (0..<max(n / 2, 1)).map { cos(2 * .pi * Double($0) / Double(n)) }
        let sines = (0..<max(n / 2, 1)).map { sin(2 * .pi * Double($0) / Double(n)) }
        var length = 2
        while length <= n {
            let step = n / length
            for start in stride(from: 0, to: n, by: length) {
                for k in 0..<length / 2 {
                    let (c, s) = (cosines[k * step], sines[k * step])
                    let (a, b) = (start + k, start + k + length / 2)
                    let (x, y) = (re[b] * c - im[b] * s, re[b] * s + im[b] * c)
                    (re[b], im[b]) = (re[a] - x, im[a] - y)
                    (re[a], im[a]) = (re[a] + x, im[a] + y)
                }
            }
            length *= 2
        }
    }
}
