// SPDX-License-Identifier: Apache-2.0

// Private to CKernels, for real.h: four doubles in AVX2.
#ifndef BSK_REAL_AVX2_H
#define BSK_REAL_AVX2_H

#include <immintrin.h>

#define REAL(kernel) bsk_avx2_##kernel
#define REAL_TARGET __attribute__((target("avx2,fma")))
#define REAL_INLINE static inline __attribute__((always_inline)) REAL_TARGET

typedef __m256d d4;

REAL_INLINE d4 repeated(double x) { return _mm256_set1_pd(x); }
REAL_INLINE d4 plus(d4 a, d4 b) { return _mm256_add_pd(a, b); }
REAL_INLINE d4 minus(d4 a, d4 b) { return _mm256_sub_pd(a, b); }
REAL_INLINE d4 times(d4 a, d4 b) { return _mm256_mul_pd(a, b); }

// a - b c, rounded once.
REAL_INLINE d4 minus_product(d4 a, d4 b, d4 c) { return _mm256_fnmadd_pd(b, c, a); }

// To the nearest integer.
REAL_INLINE d4 rounded(d4 x) {
    return _mm256_round_pd(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

// x + k where x < 0, else x.
REAL_INLINE d4 lifted(d4 x, d4 k) {
    return plus(x, _mm256_and_pd(k, _mm256_cmp_pd(x, _mm256_setzero_pd(), _CMP_LT_OQ)));
}

REAL_INLINE d4 load(const uint64_t *x) { return _mm256_loadu_pd((const double *)x); }
REAL_INLINE void store(uint64_t *x, d4 r) { _mm256_storeu_pd((double *)x, r); }

// Words below 2^52, and integers in [0, 2^52) as words.
REAL_INLINE d4 words_to_real(__m256i x) {
    const __m256i exponent = _mm256_set1_epi64x(0x4330000000000000);
    return minus(_mm256_castsi256_pd(_mm256_or_si256(x, exponent)), repeated(0x1p52));
}
REAL_INLINE d4 to_real(const uint64_t *x) {
    return words_to_real(_mm256_loadu_si256((const __m256i *)x));
}
REAL_INLINE void store_words(uint64_t *x, d4 r) {
    const __m256i exponent = _mm256_set1_epi64x(0x4330000000000000);
    __m256i bits = _mm256_castpd_si256(plus(r, repeated(0x1p52)));
    _mm256_storeu_si256((__m256i *)x, _mm256_xor_si256(bits, exponent));
}

// From 0123 4567 to 0145 2367, and its own inverse.
REAL_INLINE void swap_halves(d4 *a, d4 *b) {
    d4 x = _mm256_permute2f128_pd(*a, *b, 0x20), y = _mm256_permute2f128_pd(*a, *b, 0x31);
    *a = x;
    *b = y;
}
// From 0145 2367 to 0246 1357 (in pairs of lanes), and its own inverse.
REAL_INLINE void swap_pairs(d4 *a, d4 *b) {
    d4 x = _mm256_unpacklo_pd(*a, *b), y = _mm256_unpackhi_pd(*a, *b);
    *a = x;
    *b = y;
}

// Of two pairs at p: the first of each, twice, and the second of each.
REAL_INLINE void load_two_pairs(const double *p, d4 *first, d4 *second) {
    d4 v = _mm256_loadu_pd(p);
    *first = _mm256_permute4x64_pd(v, 0xA0);
    *second = _mm256_permute4x64_pd(v, 0xF5);
}
// Of four pairs at p: the first of each, and the second of each.
REAL_INLINE void load_four_pairs(const double *p, d4 *first, d4 *second) {
    d4 a = _mm256_loadu_pd(p), b = _mm256_loadu_pd(p + 4);
    *first = _mm256_permute4x64_pd(_mm256_unpacklo_pd(a, b), 0xD8);
    *second = _mm256_permute4x64_pd(_mm256_unpackhi_pd(a, b), 0xD8);
}

#endif
