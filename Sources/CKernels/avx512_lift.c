// SPDX-License-Identifier: Apache-2.0

#include "avx512.h"

#if BSK_HAS_AVX512

// x mod q for signed x, |x| < 2^50: a multiple of q at or above 2^50 makes it positive and below
// 2^52, and Barrett's remainder is under 2q.
typedef struct {
    bsk_v8 q, bias, constant;
} small_signed;

BSK_AVX512_INLINE small_signed small_setup(const bsk_modulus *m) {
    const uint64_t bound = (uint64_t)1 << 50;
    return (small_signed){
        v_set(m->q), v_set((bound + m->q - 1) / m->q * m->q), v_set(m->barrett64 >> 12)};
}

BSK_AVX512_INLINE bsk_v8 reduce_small(bsk_v8 x, const small_signed *k) {
    bsk_v8 y = v_add(x, k->bias);
    bsk_v8 quotient = v_high(v_zero(), y, k->constant);
    return v_fold(v_sub(y, v_low(v_zero(), quotient, k->q)), k->q);
}

BSK_AVX512_INLINE bsk_v8 center(bsk_v8 x, bsk_v8 q, bsk_v8 half) {
    return _mm512_mask_sub_epi64(x, _mm512_cmpgt_epu64_mask(x, half), x, q);
}

BSK_AVX512_TARGET void bsk_avx512_center(
    const bsk_modulus *m, int64_t *out, const uint64_t *in, size_t n) {
    const bsk_v8 q = v_set(m->q), half = v_set(m->q >> 1);
    for (size_t i = 0; i < n; i += 8) v_store(out + i, center(v_load(in + i), q, half));
}

BSK_AVX512_TARGET void bsk_avx512_lift_centered(
    const bsk_modulus *from, const bsk_modulus *to, uint64_t *out, const uint64_t *in, size_t n) {
    const bsk_v8 q = v_set(from->q), half = v_set(from->q >> 1), p = v_set(to->q);
    if (from->q >> 1 < to->q) {
        for (size_t i = 0; i < n; i += 8) {
            v_store(out + i, v_lift(center(v_load(in + i), q, half), p));
        }
        return;
    }
    const small_signed k = small_setup(to);
    for (size_t i = 0; i < n; i += 8) {
        v_store(out + i, reduce_small(center(v_load(in + i), q, half), &k));
    }
}

BSK_AVX512_TARGET void bsk_avx512_balanced_digit(
    const bsk_modulus *from, const bsk_modulus *to, uint64_t *out, const uint64_t *in,
    uint32_t width, uint32_t count, uint32_t index, size_t n) {
    const bsk_digit_constants d = bsk_digit_setup(width, count, index);
    // The largest absolute value of the digit.
    const uint64_t bound =
        d.half != 0 ? d.half : (((from->q >> 1) + d.carry) >> d.shift) + 1;
    if (bound > (uint64_t)1 << 49) {
        bsk_portable_balanced_digit(from, to, out, in, width, count, index, n);
        return;
    }
    const bsk_v8 q = v_set(from->q), half = v_set(from->q >> 1), p = v_set(to->q);
    const bsk_v8 carry = v_set(d.carry), mask = v_set(d.mask), offset = v_set(d.half);
    const bsk_v8 shift = v_set(d.shift);
    const small_signed k = small_setup(to);
    const int fits = bound < to->q;
    for (size_t i = 0; i < n; i += 8) {
        bsk_v8 c = v_add(center(v_load(in + i), q, half), carry);
        bsk_v8 digit = _mm512_and_si512(_mm512_srav_epi64(c, shift), mask);
        digit = v_sub(digit, offset);
        v_store(out + i, fits ? v_lift(digit, p) : reduce_small(digit, &k));
    }
}

BSK_AVX512_TARGET void bsk_avx512_reduce_signed(
    const bsk_modulus *m, uint64_t *out, const int64_t *in, size_t n) {
    const uint64_t r = bsk_reduce_word(m, (uint64_t)1 << 52);
    const bsk_factor back = v_factor(m, r);
    const bsk_v8 q = v_set(m->q), q_inverse = v_set(bsk_inverse52(m->q) & BSK_MASK52);
    const bsk_v8 bias = v_set(m->signed_bias);
    for (size_t i = 0; i < n; i += 8) {
        bsk_v8 y = v_add(v_load(in + i), bias);
        v_store(out + i, v_multiply(v_divide_word(y, q, q_inverse), &back));
    }
}

BSK_AVX512_TARGET void bsk_avx512_center_add(
    const bsk_modulus *m, int64_t *out, const uint64_t *in, const uint64_t *c0, uint32_t lift,
    size_t n) {
    const bsk_v8 q = v_set(m->q), half = v_set(m->q >> 1);
    for (size_t i = 0; i < n; i += 8) {
        bsk_v8 lifted = _mm512_sllv_epi64(v_load(c0 + i), v_set(lift));
        v_store(out + i, v_add(center(v_load(in + i), q, half), lifted));
    }
}

BSK_AVX512_TARGET void bsk_avx512_sign_extend(
    int64_t *out, const int64_t *in, uint32_t bits, size_t n) {
    const bsk_v8 shift = v_set(64 - bits);
    for (size_t i = 0; i < n; i += 8) {
        v_store(out + i, _mm512_srav_epi64(_mm512_sllv_epi64(v_load(in + i), shift), shift));
    }
}

BSK_AVX512_TARGET uint64_t bsk_avx512_largest_magnitude(const int64_t *in, size_t n) {
    bsk_v8 largest = v_zero();
    for (size_t i = 0; i < n; i += 8) {
        largest = _mm512_max_epu64(largest, _mm512_abs_epi64(v_load(in + i)));
    }
    return _mm512_reduce_max_epu64(largest);
}

#endif
