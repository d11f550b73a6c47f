// SPDX-License-Identifier: Apache-2.0

#include "avx512_ntt.h"

#if BSK_HAS_AVX512

// How values are kept below 2^52, by the size of q. A butterfly is
// (x, y) -> (x + y, (x + B - y) * w) for x, y in [0, B); the product is in (0, 2q).
typedef enum {
    ROOMY, // q < 2^48: values under 4q between passes, factors under 16q
    TIGHT, // q < 2^50: values under 2q between stages, factors under 4q
} headroom;

typedef struct {
    bsk_v8 q, q2, q4, q8, q_inverse;
} constants;

typedef struct {
    bsk_v8 w, w_over_q;
} twiddle;

BSK_AVX512_INLINE twiddle load_twiddle(const uint64_t *p) {
    return (twiddle){v_set(p[0]), v_set(p[1])};
}

// bound: a multiple of q at or above every *y.
BSK_AVX512_INLINE void butterfly(
    bsk_v8 *x, bsk_v8 *y, twiddle t, bsk_v8 bound, const constants *c) {
    bsk_v8 d = v_sub(v_add(*x, bound), *y);
    *x = v_add(*x, *y);
    *y = v_montgomery_positive(d, t.w, t.w_over_q, c->q);
}

// The first of two stages on four vectors: the sums are left below 8q (ROOMY) or 2q (TIGHT).
BSK_AVX512_INLINE void first_of_two(
    bsk_v8 x[4], twiddle t2, twiddle t3, const constants *c, headroom h) {
    const bsk_v8 bound = h == TIGHT ? c->q2 : c->q4;
    butterfly(&x[0], &x[1], t2, bound, c);
    butterfly(&x[2], &x[3], t3, bound, c);
    if (h == TIGHT) {
        x[0] = v_fold(x[0], c->q2);
        x[2] = v_fold(x[2], c->q2);
    }
}

BSK_AVX512_INLINE void two_stages(
    bsk_v8 x[4], twiddle t1, twiddle t2, twiddle t3, const constants *c, headroom h) {
    first_of_two(x, t2, t3, c, h);
    butterfly(&x[0], &x[2], t1, h == TIGHT ? c->q2 : c->q8, c);
    butterfly(&x[1], &x[3], t1, c->q2, c);
    if (h == TIGHT) {
        x[0] = v_fold(x[0], c->q2);
        x[1] = v_fold(x[1], c->q2);
    } else {
        x[0] = v_fold(v_fold(x[0], c->q8), c->q4);
    }
}

BSK_AVX512_INLINE void pass4(
    uint64_t *x, size_t quarter, const uint64_t *w, size_t i, const constants *c, headroom h) {
    const twiddle t1 = load_twiddle(w + 2 * i), t2 = load_twiddle(w + 4 * i);
    const twiddle t3 = load_twiddle(w + 4 * i + 2);
    for (size_t j = 0; j < quarter; j += 8) {
        uint64_t *p = x + j;
        bsk_v8 v[4];
        for (int k = 0; k < 4; k++) v[k] = v_load(p + (size_t)k * quarter);
        two_stages(v, t1, t2, t3, c, h);
        for (int k = 0; k < 4; k++) v_store(p + (size_t)k * quarter, v[k]);
    }
}

BSK_AVX512_INLINE bsk_v8 multiply_reduced(bsk_v8 x, twiddle t, const constants *c) {
    return v_lift(v_montgomery(x, t.w, t.w_over_q, c->q), c->q);
}

// The last pass scales by 1/n. Odd stage counts: one stage.
BSK_AVX512_INLINE void final2(
    uint64_t *x, size_t half, const uint64_t *scaled, const constants *c, headroom h) {
    const twiddle t0 = load_twiddle(scaled), t1 = load_twiddle(scaled + 2);
    const bsk_v8 bound = h == TIGHT ? c->q2 : c->q4;
    for (size_t j = 0; j < half; j += 8) {
        bsk_v8 u = v_load(x + j), v = v_load(x + half + j);
        v_store(x + j, multiply_reduced(v_add(u, v), t0, c));
        v_store(x + half + j, multiply_reduced(v_sub(v_add(u, bound), v), t1, c));
    }
}

// Even stage counts: two stages. 1/n goes into the first stage's products and, for the sums, which
// have had no product yet, into the second stage.
BSK_AVX512_INLINE void final4(
    uint64_t *x, size_t quarter, const uint64_t *w, const uint64_t *scaled, const constants *c,
    headroom h) {
    const twiddle t1 = load_twiddle(w + 2), s0 = load_twiddle(scaled);
    const twiddle s1 = load_twiddle(scaled + 2), s2 = load_twiddle(scaled + 4);
    const twiddle s3 = load_twiddle(scaled + 6);
    const bsk_v8 bound = h == TIGHT ? c->q2 : c->q8;
    for (size_t j = 0; j < quarter; j += 8) {
        uint64_t *p = x + j;
        bsk_v8 v[4];
        for (int k = 0; k < 4; k++) v[k] = v_load(p + (size_t)k * quarter);
        first_of_two(v, s2, s3, c, h);
        v_store(p, multiply_reduced(v_add(v[0], v[2]), s0, c));
        v_store(
            p + 2 * quarter, multiply_reduced(v_sub(v_add(v[0], bound), v[2]), s1, c));
        v_store(p + quarter, v_fold(v_fold(v_add(v[1], v[3]), c->q2), c->q));
        v_store(
            p + 3 * quarter, multiply_reduced(v_sub(v_add(v[1], c->q2), v[3]), t1, c));
    }
}

// Two vectors of 8 hold residues 0-7 (a) and 8-15 (b). split1 puts partners at distance 1 in the
// same lane, split2 then partners at distance 2, split4 at distance 4; join4 restores the order:
//   split1: a = 0 8 2 10 4 12 6 14   b = 1 9 3 11 5 13 7 15
//   split2: a = 0 8 4 12 1 9 5 13    b = 2 10 6 14 3 11 7 15
//   split4: a = 0 8 1 9 2 10 3 11    b = 4 12 5 13 6 14 7 15
// The twiddles of a stage are then its groups' once, or over and over: plain or broadcast loads.
BSK_AVX512_INLINE void v_split1(bsk_v8 *a, bsk_v8 *b) {
    bsk_v8 x = _mm512_unpacklo_epi64(*a, *b), y = _mm512_unpackhi_epi64(*a, *b);
    *a = x;
    *b = y;
}
BSK_AVX512_INLINE void v_split2(bsk_v8 *a, bsk_v8 *b) {
    bsk_v8 x = _mm512_shuffle_i64x2(*a, *b, 0x88), y = _mm512_shuffle_i64x2(*a, *b, 0xDD);
    *a = x;
    *b = y;
}
BSK_AVX512_INLINE void v_split4(bsk_v8 *a, bsk_v8 *b) { v_split2(a, b); }
BSK_AVX512_INLINE void v_join4(bsk_v8 *a, bsk_v8 *b) {
    const bsk_v8 even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
    const bsk_v8 odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
    bsk_v8 x = _mm512_permutex2var_epi64(*a, even, *b);
    bsk_v8 y = _mm512_permutex2var_epi64(*a, odd, *b);
    *a = x;
    *b = y;
}
BSK_AVX512_INLINE bsk_v8 v_twiddles2(const uint64_t *block, int pair) {
    return _mm512_broadcast_i64x4(_mm256_load_si256((const __m256i *)(block + 16 + 4 * pair)));
}
BSK_AVX512_INLINE bsk_v8 v_twiddles4(const uint64_t *block, int pair) {
    return _mm512_broadcast_i64x2(_mm_load_si128((const __m128i *)(block + 24 + 2 * pair)));
}

BSK_AVX512_INLINE void inner_stage(
    bsk_v8 *x, bsk_v8 *y, bsk_v8 w, bsk_v8 bound, const constants *c) {
    butterfly(x, y, (twiddle){w, v_low(v_zero(), w, c->q_inverse)}, bound, c);
}

// The first five stages of count <= 2 blocks of 32 residues in [0, q).
BSK_AVX512_INLINE void first_stages(
    uint64_t *x, const uint64_t *block, int count, const constants *c, headroom h) {
    bsk_v8 v[8];
    for (int k = 0; k < 4 * count; k++) v[k] = v_load(x + 8 * k);
    for (int k = 0; k < 4 * count; k += 2) v_split1(&v[k], &v[k + 1]);
    for (int k = 0; k < 4 * count; k += 2) {
        const bsk_v8 w = v_load(block + 40 * (k / 4) + 8 * (k / 2 % 2));
        inner_stage(&v[k], &v[k + 1], w, c->q, c);
    }
    for (int k = 0; k < 4 * count; k += 2) v_split2(&v[k], &v[k + 1]);
    for (int k = 0; k < 4 * count; k += 2) {
        const bsk_v8 w = v_twiddles2(block + 40 * (k / 4), k / 2 % 2);
        inner_stage(&v[k], &v[k + 1], w, c->q2, c);
        if (h == TIGHT) v[k] = v_fold(v[k], c->q2);
    }
    for (int k = 0; k < 4 * count; k += 2) v_split4(&v[k], &v[k + 1]);
    for (int k = 0; k < 4 * count; k += 2) {
        const bsk_v8 w = v_twiddles4(block + 40 * (k / 4), k / 2 % 2);
        inner_stage(&v[k], &v[k + 1], w, h == TIGHT ? c->q2 : c->q4, c);
        v[k] = v_fold(v[k], h == TIGHT ? c->q2 : c->q4);
    }
    for (int k = 0; k < 4 * count; k += 2) v_join4(&v[k], &v[k + 1]);
    for (int k = 0; k < count; k++) {
        const uint64_t *b = block + 40 * k;
        two_stages(
            v + 4 * k, load_twiddle(b + 28), load_twiddle(b + 30), load_twiddle(b + 32), c, h);
    }
    for (int k = 0; k < 4 * count; k++) v_store(x + 8 * k, v[k]);
}

// The same for any count. Two blocks go stage by stage together: the chain of one is longer than
// the processor's window, and the registers of more don't fit.
BSK_AVX512_INLINE void all_first_stages(
    uint64_t *x, const uint64_t *block, size_t count, const constants *c, headroom h) {
    for (; count >= 2; count -= 2, x += 64, block += 80) first_stages(x, block, 2, c, h);
    for (; count > 0; count--, x += 32, block += 40) first_stages(x, block, 1, c, h);
}

BSK_AVX512_INLINE void transform(const bsk_ntt *t, uint64_t *x, headroom h) {
    const uint64_t q = t->m.q, *w = t->inverse52, *blocks = w + bsk_block_offset(t);
    const uint64_t *scaled = blocks + t->n / 32 * 40;
    const constants c = {
        v_set(q), v_set(2 * q), v_set(4 * q), v_set(8 * q),
        v_set(bsk_inverse52(q) & BSK_MASK52),
    };
    const int odd = (t->log_n - 5) % 2 == 1;
    // The passes of two stages but for the last pass work on groups up to this long.
    const size_t longest = odd ? t->n / 2 : t->n / 4;
    size_t cached = odd ? t->n / 2 : t->n;
    while (cached > BSK_AVX512_CACHED_N) cached /= 4;
    for (size_t start = 0; start < t->n; start += cached) {
        all_first_stages(x + start, blocks + start / 32 * 40, cached / 32, &c, h);
        for (size_t length = 128; length <= cached && length <= longest; length *= 4) {
            for (size_t i = start; i < start + cached; i += length) {
                pass4(x + i, length / 4, w, (t->n + i) / length, &c, h);
            }
        }
    }
    for (size_t length = 4 * cached; length <= longest; length *= 4) {
        for (size_t i = 0; i < t->n; i += length) {
            pass4(x + i, length / 4, w, (t->n + i) / length, &c, h);
        }
    }
    if (odd) {
        final2(x, t->n / 2, scaled, &c, h);
    } else {
        final4(x, t->n / 4, w, scaled, &c, h);
    }
}

BSK_AVX512_TARGET static void roomy(const bsk_ntt *t, uint64_t *x) { transform(t, x, ROOMY); }
BSK_AVX512_TARGET static void tight(const bsk_ntt *t, uint64_t *x) { transform(t, x, TIGHT); }

void bsk_avx512_ntt_inverse(const bsk_ntt *t, uint64_t *x) {
    if (t->n < BSK_AVX512_MIN_N) {
        bsk_portable_ntt_inverse(t, x);
    } else if (t->m.bits <= 48) {
        roomy(t, x);
    } else {
        tight(t, x);
    }
}

#endif
