// SPDX-License-Identifier: Apache-2.0

// Private to CKernels: what the AVX-512 IFMA files share.
#ifndef BSK_AVX512_H
#define BSK_AVX512_H

#include "internal.h"

#if defined(__x86_64__)
#define BSK_HAS_AVX512 1

#include <immintrin.h>

#define BSK_AVX512_TARGET                                                                         \
    __attribute__((target("avx512f,avx512ifma,avx512dq,avx512vl,avx512bw,avx512vbmi")))
#define BSK_AVX512_INLINE static inline __attribute__((always_inline)) BSK_AVX512_TARGET

typedef __m512i bsk_v8;

// w * 2^52 mod q, w < q: the Montgomery form.
BSK_INLINE uint64_t bsk_montgomery_form(const bsk_modulus *m, uint64_t w) {
    return bsk_reduce_wide(m, (bsk_u128)w * bsk_reduce_word(m, (uint64_t)1 << 52));
}

BSK_AVX512_INLINE bsk_v8 v_set(uint64_t x) { return _mm512_set1_epi64((long long)x); }
BSK_AVX512_INLINE bsk_v8 v_zero(void) { return _mm512_setzero_si512(); }
BSK_AVX512_INLINE bsk_v8 v_load(const void *p) { return _mm512_loadu_si512(p); }
// Of what is read later: memory answers meanwhile. Processors follow few streams by themselves, and none into another page.
BSK_AVX512_INLINE void v_fetch(const void *p) { _mm_prefetch((const char *)p, _MM_HINT_T0); }
BSK_AVX512_INLINE void v_store(void *p, bsk_v8 x) { _mm512_storeu_si512(p, x); }
BSK_AVX512_INLINE bsk_v8 v_add(bsk_v8 a, bsk_v8 b) { return _mm512_add_epi64(a, b); }
BSK_AVX512_INLINE bsk_v8 v_sub(bsk_v8 a, bsk_v8 b) { return _mm512_sub_epi64(a, b); }
// acc plus the low, or the high, 52 bits of the product of the low 52 bits of a and b.
BSK_AVX512_INLINE bsk_v8 v_low(bsk_v8 acc, bsk_v8 a, bsk_v8 b) {
    return _mm512_madd52lo_epu64(acc, a, b);
}
BSK_AVX512_INLINE bsk_v8 v_high(bsk_v8 acc, bsk_v8 a, bsk_v8 b) {
    return _mm512_madd52hi_epu64(acc, a, b);
}
// x - k if x >= k, else x, for x under 2^63: the difference wraps to a large number.
BSK_AVX512_INLINE bsk_v8 v_fold(bsk_v8 x, bsk_v8 k) {
    return _mm512_min_epu64(x, v_sub(x, k));
}
// x + k if x < 0, else x, for signed x in (-k, 2^63).
BSK_AVX512_INLINE bsk_v8 v_lift(bsk_v8 x, bsk_v8 k) {
    return _mm512_min_epu64(x, v_add(x, k));
}

// x * w in (-q, q), Montgomery: w is scaled by 2^52, w_over_q = w / q mod 2^52, x < 2^52. The low
// halves of x*w and of m*q are equal, so the difference of the high halves is exact.
BSK_AVX512_INLINE bsk_v8 v_montgomery(bsk_v8 x, bsk_v8 w, bsk_v8 w_over_q, bsk_v8 q) {
    bsk_v8 m = v_low(v_zero(), x, w_over_q);
    return v_sub(v_high(v_zero(), x, w), v_high(v_zero(), m, q));
}

// Multiplies by one fixed residue.
typedef struct {
    bsk_v8 w, w_over_q, q;
} bsk_factor;

BSK_AVX512_INLINE bsk_factor v_factor(const bsk_modulus *m, uint64_t w) {
    const uint64_t scaled = bsk_montgomery_form(m, w);
    return (bsk_factor){
        v_set(scaled), v_set(scaled * bsk_inverse52(m->q) & BSK_MASK52), v_set(m->q)};
}

// x * w mod q for x < 2^52.
BSK_AVX512_INLINE bsk_v8 v_multiply(bsk_v8 x, const bsk_factor *f) {
    return v_lift(v_montgomery(x, f->w, f->w_over_q, f->q), f->q);
}

// Reduces wide values hi * 2^52 + lo, lo < 2^52, below 2^(bits + 51) (Barrett).
typedef struct {
    bsk_v8 q, q2, constant, up, down, mask;
} bsk_wide;

BSK_AVX512_INLINE bsk_wide v_wide(const bsk_modulus *m) {
    return (bsk_wide){v_set(m->q), v_set(2 * m->q), v_set(m->barrett52), v_set(53 - m->bits),
                      v_set(m->bits - 1), v_set(BSK_MASK52)};
}

// With c = floor(x / 2^(bits-1)) < 2^52, x/q - c*barrett52/2^52 < 2^(bits-1)/q + c/2^52 < 2, so the
// remainder is under 3q < 2^52 and its low 52 bits are all of it.
BSK_AVX512_INLINE bsk_v8 v_reduce_wide(bsk_v8 hi, bsk_v8 lo, const bsk_wide *k) {
    bsk_v8 c = _mm512_or_si512(_mm512_sllv_epi64(hi, k->up), _mm512_srlv_epi64(lo, k->down));
    bsk_v8 quotient = v_high(v_zero(), c, k->constant);
    bsk_v8 r = v_sub(lo, v_low(v_zero(), quotient, k->q));
    return v_fold(v_fold(_mm512_and_si512(r, k->mask), k->q2), k->q);
}

// Reduces sums whose low parts may have grown past 52 bits.
BSK_AVX512_INLINE bsk_v8 v_reduce_sum(bsk_v8 hi, bsk_v8 lo, const bsk_wide *k) {
    hi = v_add(hi, _mm512_srli_epi64(lo, 52));
    return v_reduce_wide(hi, _mm512_and_si512(lo, k->mask), k);
}

// y * 2^-52 mod q in (0, q + 2^12), for any word y.
BSK_AVX512_INLINE bsk_v8 v_divide_word(bsk_v8 y, bsk_v8 q, bsk_v8 q_inverse) {
    bsk_v8 m = v_low(v_zero(), y, q_inverse);
    return v_sub(v_add(_mm512_srli_epi64(y, 52), q), v_high(v_zero(), m, q));
}

#endif
#endif
