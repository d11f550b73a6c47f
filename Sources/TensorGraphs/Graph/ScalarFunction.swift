// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A function of one real, applied to every element.
package enum ScalarFunction: Sendable, Hashable {
    case relu
    /// Negative values times a slope.
    case leakyRelu(Float)
    case sigmoid
    case tanh
    case gelu
    /// With the tanh formula.
    case geluTanh
    case softplus
    case silu
    case elu(Float)
    case hardSigmoid(alpha: Float, beta: Float)
    case hardSwish
    case clip(Float, Float)
    case erf
    case exponential
    case logarithm
    case squareRoot
    case absolute
    case negative
    case reciprocal
    /// x to a constant power.
    case power(Float)
    /// 1 above zero, 0 elsewhere: comparisons with constants.
    case step
    /// -1, 0 or 1.
    case sign
    /// To whole numbers: halves to even, down, up, and towards zero.
    case round
    case floor
    case ceiling
    case truncate
    /// 1 where it is so, 0 elsewhere.
    case isZero
    case isNaN
    case isInfinite
    /// The normal quantile of x as onnxruntime approximates it; no number outside 0...1.
    case probit
    case sine
    case cosine
    case tangent
    case arcSine
    case arcCosine
    case arcTangent
    case hyperbolicSine
    case hyperbolicCosine
    /// The inverses of the hyperbolic functions.
    case areaSine
    case areaCosine
    case areaTangent
    /// Rounded to half precision, and to bfloat16.
    case half
    case brainFloat

    /// Its value, in Double.
    package func callAsFunction(_ x: Double) -> Double {
        switch self {
        case .relu: return x < 0 ? 0 : x
        case .leakyRelu(let slope): return x < 0 ? Double(slope) * x : x
        case .sigmoid: return Self.sigmoid(x)
        case .tanh: return Self.hyperbolicTangent(x)
        case .gelu: return x / 2 * (1 + Self.errorFunction(x / 2.squareRoot()))
        case .geluTanh:
            let inner = (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
            return x / 2 * (1 + Self.hyperbolicTangent(inner))
        case .softplus: return max(x, 0) + log1p(exp(-abs(x)))
        case .silu: return x * Self.sigmoid(x)
        case .elu(let alpha): return x < 0 ? Double(alpha) * expm1(x) : x
        case .hardSigmoid(let alpha, let beta):
            return min(max(Double(alpha) * x + Double(beta), 0), 1)
        case .hardSwish: return x * min(max(x / 6 + 0.5, 0), 1)
        case .clip(let low, let high): return min(max(x, Double(low)), Double(high))
        case .erf: return Self.errorFunction(x)
        case .exponential: return exp(x)
        case .logarithm: return log(x)
        case .squareRoot: return x.squareRoot()
        case .absolute: return abs(x)
        case .negative: return -x
        case .reciprocal: return 1 / x
        case .power(let exponent): return pow(x, Double(exponent))
        case .step: return x > 0 ? 1 : 0
        case .sign: return x > 0 ? 1 : x < 0 ? -1 : x
        case .round: return x.rounded(.toNearestOrEven)
        case .floor: return x.rounded(.down)
        case .ceiling: return x.rounded(.up)
        case .truncate: return x.rounded(.towardZero)
        case .isZero: return x == 0 ? 1 : 0
        case .isNaN: return x.isNaN ? 1 : 0
        case .isInfinite: return x.isInfinite ? 1 : 0
        case .probit: return Self.probit(x)
        case .sine: return sin(x)
        case .cosine: return cos(x)
        case .tangent: return tan(x)
        case .arcSine: return asin(x)
        case .arcCosine: return acos(x)
        case .arcTangent: return atan(x)
        case .hyperbolicSine: return sinh(x)
        case .hyperbolicCosine: return cosh(x)
        case .areaSine: return asinh(x)
        case .areaCosine: return acosh(x)
        case .areaTangent: return atanh(x)
        case .half: return Self.rounded(x, bits: 11, least: -24, largest: 65504)
        case .brainFloat: return Self.rounded(x, bits: 8, least: -133, largest: 0x1.FEp127)
        }
    }

    /// Whether it does no more than to round.
    package var isRounding: Bool { self == .half || self == .brainFloat }

    /// To so many bits, halves to even, steps no smaller than 2^least.
    private static func rounded(
        _ x: Double, bits: Int, least: Int, largest: Double
    ) -> Double {
        guard x.isFinite, x != 0 else { return x }
        let step = Double(
            sign: .plus, exponent: max(Int(x.exponent) - bits + 1, least), significand: 1)
        let result = (x / step).rounded(.toNearestOrEven) * step
        return abs(result) > largest ? (x < 0 ? -.infinity : .infinity) : result
    }

    /// What it is made with.
    package var constants: [Float] {
        switch self {
        case .leakyRelu(let a), .elu(let a), .power(let a): [a]
        case .hardSigmoid(let a, let b), .clip(let a, let b): [a, b]
        default: []
        }
    }

    /// Winitzki's approximation of the inverse error function, constants and all.
    private static func probit(_ x: Double) -> Double {
        let y = 2 * x - 1
        let logarithm = log((1 - y) * (1 + y))
        let v = 2 / (3.14159 * 0.147) + logarithm / 2
        let root = ((v * v - logarithm / 0.147).squareRoot() - v).squareRoot()
        return 2.0.squareRoot() * (y < 0 ? -root : root)
    }

    private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    // By other names here, where the cases hide them.
    private static func hyperbolicTangent(_ x: Double) -> Double { mathTanh(x) }
    private static func errorFunction(_ x: Double) -> Double { mathErf(x) }
}

private func mathTanh(_ x: Double) -> Double { tanh(x) }
private func mathErf(_ x: Double) -> Double { erf(x) }
