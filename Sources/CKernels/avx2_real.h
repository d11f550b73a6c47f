// SPDX-License-Identifier: Apache-2.0

// Private to CKernels: residues as doubles, for AVX2. It has no wide integer products, but fused multiply-adds give both halves of a
// product of doubles exactly. Values are integers, signed, of at most 4q < 2^52 in magnitude, so that every sum and
// every remainder below is exact.
#ifndef BSK_AVX2_REAL_H
#define BSK_AVX2_REAL_H

#include "internal.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2_TARGET __attribute__((target("avx2,fma")))
#define AVX2_INLINE static inline __attribute__((always_inline)) AVX2_TARGET

typedef __m256d d4;

typedef struct {
    d4 q, q_inverse;
} field;

typedef struct {
    d4 w, w_over_q;
} factor;

AVX2_INLINE field field_of(const bsk_modulus *m) {
    return (field){_mm256_set1_pd((double)m->q), _mm256_set1_pd(1 / (double)m->q)};
}

AVX2_INLINE factor spread(const double *p) {
    return (factor){_mm256_set1_pd(p[0]), _mm256_set1_pd(p[1])};
}

AVX2_INLINE d4 rounded(d4 x) {
    return _mm256_round_pd(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

// x mod q in [-q/2, q/2], up to an ulp of the quotient: at most 0.51 q for |x| <= 4q.
AVX2_INLINE d4 reduced(d4 x, field f) {
    return _mm256_fnmadd_pd(rounded(_mm256_mul_pd(x, f.q_inverse)), f.q, x);
}

// x * w mod q in [-q, q], for |x| <= 4q and |w| <= q/2. high + low is the product. The quotient's two roundings are off by
// at most |x w / q| 2^-52 <= 2 q 2^-52 <= 1/2, so the remainder by at most q.
AVX2_INLINE d4 multiplied(d4 x, factor t, field f) {
    d4 high = _mm256_mul_pd(x, t.w);
    d4 low = _mm256_fmsub_pd(x, t.w, high);
    d4 quotient = rounded(_mm256_mul_pd(x, t.w_over_q));
    return _mm256_add_pd(_mm256_fnmadd_pd(quotient, f.q, high), low);
}

// x * y mod q in (-q, q), for |x|, |y| < q: the quotient is off by 1/2 + 3 q 2^-53 < 7/8 at most.
AVX2_INLINE d4 product(d4 x, d4 y, field f) {
    d4 high = _mm256_mul_pd(x, y);
    d4 low = _mm256_fmsub_pd(x, y, high);
    d4 quotient = rounded(_mm256_mul_pd(high, f.q_inverse));
    return _mm256_add_pd(_mm256_fnmadd_pd(quotient, f.q, high), low);
}

// w as a factor: its centered residue.
AVX2_INLINE factor factor_of(const bsk_modulus *m, uint64_t w) {
    const double real = w > m->q / 2 ? -(double)(m->q - w) : (double)w;
    return (factor){_mm256_set1_pd(real), _mm256_set1_pd(real / (double)m->q)};
}

// Words below 2^52 to doubles, and residues in [-q, q] to words in [0, q).
AVX2_INLINE d4 to_real(const uint64_t *x) {
    const __m256i exponent = _mm256_set1_epi64x(0x4330000000000000);
    __m256i words = _mm256_or_si256(_mm256_loadu_si256((const __m256i *)x), exponent);
    return _mm256_sub_pd(_mm256_castsi256_pd(words), _mm256_set1_pd(0x1p52));
}
AVX2_INLINE void from_real(uint64_t *x, d4 r, field f) {
    r = _mm256_add_pd(r, _mm256_and_pd(f.q, _mm256_cmp_pd(r, _mm256_setzero_pd(), _CMP_LT_OQ)));
    const __m256i exponent = _mm256_set1_epi64x(0x4330000000000000);
    __m256i bits = _mm256_castpd_si256(_mm256_add_pd(r, _mm256_set1_pd(0x1p52)));
    _mm256_storeu_si256((__m256i *)x, _mm256_xor_si256(bits, exponent));
}

AVX2_INLINE d4 load(const uint64_t *x) { return _mm256_loadu_pd((const double *)x); }
AVX2_INLINE void store(uint64_t *x, d4 r) { _mm256_storeu_pd((double *)x, r); }

#endif
#endif
