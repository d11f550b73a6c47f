// SPDX-License-Identifier: Apache-2.0

#include "avx512.h"

#if BSK_HAS_AVX512

BSK_AVX512_TARGET void bsk_avx512_add(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    const bsk_v8 q = v_set(m->q);
    for (size_t i = 0; i < n; i += 8) {
        v_store(out + i, v_fold(v_add(v_load(a + i), v_load(b + i)), q));
    }
}

BSK_AVX512_TARGET void bsk_avx512_sub(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    const bsk_v8 q = v_set(m->q);
    for (size_t i = 0; i < n; i += 8) {
        v_store(out + i, v_lift(v_sub(v_load(a + i), v_load(b + i)), q));
    }
}

BSK_AVX512_TARGET void bsk_avx512_neg(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, size_t n) {
    const bsk_v8 q = v_set(m->q);
    for (size_t i = 0; i < n; i += 8) {
        v_store(out + i, v_lift(v_sub(v_zero(), v_load(a + i)), q));
    }
}

BSK_AVX512_TARGET void bsk_avx512_mul(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    const bsk_wide k = v_wide(m);
    for (size_t i = 0; i < n; i += 8) {
        bsk_v8 x = v_load(a + i), y = v_load(b + i);
        v_store(out + i, v_reduce_wide(v_high(v_zero(), x, y), v_low(v_zero(), x, y), &k));
    }
}

BSK_AVX512_TARGET void bsk_avx512_mul_add(
    const bsk_modulus *m, uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n) {
    const bsk_wide k = v_wide(m);
    for (size_t i = 0; i < n; i += 8) {
        bsk_v8 x = v_load(a + i), y = v_load(b + i);
        bsk_v8 lo = v_low(v_load(acc + i), x, y);
        v_store(acc + i, v_reduce_sum(v_high(v_zero(), x, y), lo, &k));
    }
}

BSK_AVX512_TARGET void bsk_avx512_mul_scalar(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, uint64_t s, size_t n) {
    const bsk_factor f = v_factor(m, s);
    for (size_t i = 0; i < n; i += 8) v_store(out + i, v_multiply(v_load(a + i), &f));
}

BSK_AVX512_TARGET void bsk_avx512_sub_mul_scalar(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t s,
    size_t n) {
    const bsk_factor f = v_factor(m, s);
    for (size_t i = 0; i < n; i += 8) {
        bsk_v8 d = v_sub(v_add(v_load(a + i), f.q), v_load(b + i));
        v_store(out + i, v_multiply(d, &f));
    }
}

// The middle sum is under 2q^2 < 2^(2*bits + 1) <= 2^(bits + 51).
BSK_AVX512_TARGET void bsk_avx512_tensor(
    const bsk_modulus *m, uint64_t *d0, uint64_t *d1, uint64_t *d2, const uint64_t *a0,
    const uint64_t *a1, const uint64_t *b0, const uint64_t *b1, size_t n) {
    const bsk_wide k = v_wide(m);
    for (size_t i = 0; i < n; i += 8) {
        bsk_v8 x0 = v_load(a0 + i), x1 = v_load(a1 + i);
        bsk_v8 y0 = v_load(b0 + i), y1 = v_load(b1 + i), zero = v_zero();
        bsk_v8 hi = v_high(v_high(zero, x0, y1), x1, y0);
        bsk_v8 lo = v_low(v_low(zero, x0, y1), x1, y0);
        v_store(d0 + i, v_reduce_wide(v_high(zero, x0, y0), v_low(zero, x0, y0), &k));
        v_store(d1 + i, v_reduce_sum(hi, lo, &k));
        v_store(d2 + i, v_reduce_wide(v_high(zero, x1, y1), v_low(zero, x1, y1), &k));
    }
}

// Eight outputs from one group of eight inputs: a permutation in a register.
BSK_AVX512_INLINE bsk_v8 permuted(const uint64_t *in, const uint32_t *index) {
    const __m256i lanes = _mm256_loadu_si256((const __m256i *)index);
    const bsk_v8 group = v_load(in + (index[0] & ~(uint32_t)7));
    // The permutation uses the low three bits of each lane.
    return _mm512_permutexvar_epi64(_mm512_cvtepu32_epi64(lanes), group);
}

BSK_AVX512_TARGET void bsk_avx512_automorphism(
    uint64_t *out, const uint64_t *in, const uint32_t *index, size_t n) {
    for (size_t i = 0; i < n; i += 8) v_store(out + i, permuted(in, index + i));
}

BSK_AVX512_TARGET void bsk_avx512_automorphism_add(
    const bsk_modulus *m, uint64_t *acc, const uint64_t *in, const uint32_t *index, size_t n) {
    const bsk_v8 q = v_set(m->q);
    for (size_t i = 0; i < n; i += 8) {
        v_store(acc + i, v_fold(v_add(v_load(acc + i), permuted(in, index + i)), q));
    }
}

#endif
