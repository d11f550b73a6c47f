// SPDX-License-Identifier: Apache-2.0

// Sums of products with one reduction. The high and the low 52-bit halves of the products are added
// apart; 1024 halves make at most 1024 * (2^52 - 1) < 2^62, and the low sum's carries into the high
// sum leave that below 2^63.
#include "avx512.h"

#if BSK_HAS_AVX512

// Words ahead of what is read.
enum { AHEAD = 96 };

typedef struct {
    bsk_wide wide;
    bsk_v8 q_inverse;
    bsk_factor back;
} constants;

// Whether count products stay below 2^(bits + 51), where Barrett reduces them at once.
static int is_small(const bsk_modulus *m, size_t count) {
    return m->bits >= 51 ? 0 : count <= (size_t)1 << (51 - m->bits < 10 ? 51 - m->bits : 10);
}

// Larger sums are divided by 2^52 twice, exactly mod q, and multiplied by 2^104 (Montgomery). The
// first quotient, hi - high(m*q) + q with high(m*q) < q, is positive and below 2^63.
BSK_AVX512_INLINE bsk_v8 reduce(bsk_v8 hi, bsk_v8 lo, const constants *c, int small) {
    if (small) return v_reduce_sum(hi, lo, &c->wide);
    const bsk_v8 q = c->wide.q;
    bsk_v8 m = v_low(v_zero(), lo, c->q_inverse);
    hi = v_add(v_add(hi, _mm512_srli_epi64(lo, 52)), q);
    bsk_v8 once = v_sub(hi, v_high(v_zero(), m, q));
    return v_multiply(v_divide_word(once, q, c->q_inverse), &c->back);
}

BSK_AVX512_INLINE constants setup(const bsk_modulus *m) {
    const uint64_t r = bsk_reduce_word(m, (uint64_t)1 << 52);
    const uint64_t back = bsk_reduce_wide(m, (bsk_u128)r * r);
    return (constants){
        v_wide(m), v_set(bsk_inverse52(m->q) & BSK_MASK52), v_factor(m, back)};
}

BSK_AVX512_INLINE void columns(
    uint64_t *out, const uint64_t *const *a, const uint64_t *const *b, size_t count, size_t i,
    int vectors, const constants *c, int small) {
    bsk_v8 hi[4], lo[4];
    for (int k = 0; k < vectors; k++) hi[k] = lo[k] = v_zero();
    for (size_t j = 0; j < count; j++) {
        const uint64_t *p = a[j] + i, *r = b[j] + i;
        for (int k = 0; k < vectors; k++) {
            v_fetch(p + 8 * k + AHEAD);
            v_fetch(r + 8 * k + AHEAD);
            bsk_v8 x = v_load(p + 8 * k), y = v_load(r + 8 * k);
            hi[k] = v_high(hi[k], x, y);
            lo[k] = v_low(lo[k], x, y);
        }
    }
    for (int k = 0; k < vectors; k++) v_store(out + i + 8 * k, reduce(hi[k], lo[k], c, small));
}

BSK_AVX512_INLINE void all_columns(
    uint64_t *out, const uint64_t *const *a, const uint64_t *const *b, size_t count, size_t n,
    const constants *c, int small) {
    size_t i = 0;
    for (; i + 32 <= n; i += 32) columns(out, a, b, count, i, 4, c, small);
    for (; i < n; i += 8) columns(out, a, b, count, i, 1, c, small);
}

BSK_AVX512_TARGET void bsk_avx512_inner_product(
    const bsk_modulus *m, uint64_t *out, const uint64_t *const *a, const uint64_t *const *b,
    size_t count, size_t n) {
    const constants c = setup(m);
    if (is_small(m, count)) {
        all_columns(out, a, b, count, n, &c, 1);
    } else {
        all_columns(out, a, b, count, n, &c, 0);
    }
}

BSK_AVX512_INLINE void joined(
    uint64_t *out, const uint64_t *const *digits, const bsk_modulus *const *from,
    const uint64_t *weights, size_t count, bsk_v8 start, size_t i, int vectors, const constants *c,
    int small) {
    bsk_v8 hi[4], lo[4];
    for (size_t j = 0; j < count; j++) {
        const bsk_v8 q = v_set(from[j]->q), half = v_set(from[j]->q >> 1), w = v_set(weights[j]);
        const uint64_t *p = digits[j] + i;
        for (int k = 0; k < vectors; k++) {
            v_fetch(p + 8 * k + AHEAD);
            // Centered, plus half of q: in [0, q).
            const bsk_v8 x = v_fold(v_add(v_load(p + 8 * k), half), q);
            if (j == 0) {
                hi[k] = v_zero();
                lo[k] = v_add(start, x);
            } else {
                hi[k] = v_high(hi[k], x, w);
                lo[k] = v_low(lo[k], x, w);
            }
        }
    }
    for (int k = 0; k < vectors; k++) v_store(out + i + 8 * k, reduce(hi[k], lo[k], c, small));
}

// Four vectors at once: sums of one wait for each other.
BSK_AVX512_INLINE void join(
    uint64_t *out, const uint64_t *const *digits, const bsk_modulus *const *from,
    const uint64_t *weights, size_t count, uint64_t start, size_t n, const constants *c,
    int small) {
    const bsk_v8 first = v_set(start);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) joined(out, digits, from, weights, count, first, i, 4, c, small);
    for (; i < n; i += 8) joined(out, digits, from, weights, count, first, i, 1, c, small);
}

BSK_AVX512_TARGET void bsk_avx512_join_digits(
    const bsk_modulus *to, uint64_t *out, const uint64_t *const *digits,
    const bsk_modulus *const *from, const uint64_t *weights, size_t count, size_t n) {
    // What the halves of q add up to is taken off first.
    uint64_t halves = 0;
    uint32_t bits = to->bits;
    for (size_t j = 0; j < count; j++) {
        const uint64_t half = bsk_reduce_word(to, from[j]->q >> 1);
        halves = bsk_reduce_wide(to, bsk_product(half, j == 0 ? 1 : weights[j]) + halves);
        if (from[j]->bits > bits) bits = from[j]->bits;
    }
    const uint64_t start = to->q - halves;
    const constants c = setup(to);
    // With one more for what isn't multiplied.
    const bsk_modulus widest = {.bits = bits};
    if (is_small(&widest, count + 1)) {
        join(out, digits, from, weights, count, start, n, &c, 1);
    } else {
        join(out, digits, from, weights, count, start, n, &c, 0);
    }
}

#endif
