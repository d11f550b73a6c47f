// SPDX-License-Identifier: Apache-2.0

#include "avx512_ntt.h"

#if BSK_HAS_AVX512

// How values are kept in [0, 2^52), by the size of q. In a butterfly (x, y) -> (x + d, x - d) the
// product d = y*w is in (-q, q) and y must be in [0, 2^52); so x gets q more than it needs to stay
// positive, and a stage widens the range by 2q.
typedef enum {
    LAZY,   // (1 + 2 log_n) q <= 2^52 (for log_n = 13, q < 2^47.2): never, and the first pass adds
            // the offset for all stages
    MIDDLE, // q < 2^48: every other pass of two stages: 8q, 12q, 16q -> 8q
    TIGHT,  // q < 2^50: every pass: 4q, inside a pass 4q, 8q -> 4q
} headroom;

typedef struct {
    bsk_v8 q, q2, q4, q8, q_inverse, barrett, first_offset;
} constants;

typedef struct {
    bsk_v8 w, w_over_q;
} twiddle;

BSK_AVX512_INLINE twiddle load_twiddle(const uint64_t *p) {
    return (twiddle){v_set(p[0]), v_set(p[1])};
}

// (x + d, x - d), d = y*w. The sum comes straight from the accumulator, the difference from it.
BSK_AVX512_INLINE void butterfly(bsk_v8 *x, bsk_v8 *y, twiddle t, const constants *c) {
    bsk_v8 m = v_low(v_zero(), *y, t.w_over_q);
    bsk_v8 sum = v_sub(v_high(*x, *y, t.w), v_high(v_zero(), m, c->q));
    *y = v_sub(v_add(*x, *x), sum);
    *x = sum;
}

// Two stages on four vectors. x[0] is added into all four results, so it alone needs the offset of
// both stages. reduce: fold the results (MIDDLE: to 8q, TIGHT: to 4q).
BSK_AVX512_INLINE void two_stages(
    bsk_v8 x[4], twiddle t1, twiddle t2, twiddle t3, const constants *c, headroom h, int reduce) {
    if (h == TIGHT) x[1] = v_fold(x[1], c->q2);
    if (h != LAZY) {
        x[1] = v_add(x[1], c->q);
        x[0] = v_add(x[0], c->q2);
    }
    butterfly(&x[0], &x[2], t1, c);
    butterfly(&x[1], &x[3], t1, c);
    butterfly(&x[0], &x[1], t2, c);
    butterfly(&x[2], &x[3], t3, c);
    if (h == TIGHT || (h == MIDDLE && reduce)) {
        for (int i = 0; i < 4; i++) x[i] = v_fold(x[i], h == TIGHT ? c->q4 : c->q8);
    }
}

BSK_AVX512_INLINE void pass4(
    uint64_t *x, size_t quarter, const uint64_t *w, size_t i, const constants *c, headroom h,
    int reduce, int first) {
    const twiddle t1 = load_twiddle(w + 2 * i), t2 = load_twiddle(w + 4 * i);
    const twiddle t3 = load_twiddle(w + 4 * i + 2);
    for (size_t j = 0; j < quarter; j += 8) {
        uint64_t *p = x + j;
        bsk_v8 v[4];
        for (int k = 0; k < 4; k++) v[k] = v_load(p + (size_t)k * quarter);
        if (h == LAZY && first) {
            v[0] = v_add(v[0], c->first_offset);
            v[1] = v_add(v[1], c->q);
        }
        two_stages(v, t1, t2, t3, c, h, reduce);
        for (int k = 0; k < 4; k++) v_store(p + (size_t)k * quarter, v[k]);
    }
}

BSK_AVX512_INLINE void pass2(uint64_t *x, size_t half, twiddle t, const constants *c) {
    for (size_t j = 0; j < half; j += 8) {
        bsk_v8 u = v_add(v_load(x + j), c->first_offset), v = v_load(x + half + j);
        butterfly(&u, &v, t, c);
        v_store(x + j, u);
        v_store(x + half + j, v);
    }
}

// Two vectors of 8 hold residues 0-7 (a) and 8-15 (b). split4 puts partners at distance 4 in the
// same lane, split2 then partners at distance 2, split1 at distance 1; join1 restores the order:
//   split4: a = 0 1 2 3 8 9 10 11    b = 4 5 6 7 12 13 14 15
//   split2: a = 0 1 8 9 4 5 12 13    b = 2 3 10 11 6 7 14 15
//   split1: a = 0 2 8 10 4 6 12 14   b = 1 3 9 11 5 7 13 15
BSK_AVX512_INLINE void v_split4(bsk_v8 *a, bsk_v8 *b) {
    bsk_v8 x = _mm512_shuffle_i64x2(*a, *b, 0x44), y = _mm512_shuffle_i64x2(*a, *b, 0xEE);
    *a = x;
    *b = y;
}
BSK_AVX512_INLINE void v_split2(bsk_v8 *a, bsk_v8 *b) {
    bsk_v8 x = _mm512_shuffle_i64x2(*a, *b, 0x88), y = _mm512_shuffle_i64x2(*a, *b, 0xDD);
    *a = x;
    *b = y;
}
BSK_AVX512_INLINE void v_split1(bsk_v8 *a, bsk_v8 *b) {
    bsk_v8 x = _mm512_unpacklo_epi64(*a, *b), y = _mm512_unpackhi_epi64(*a, *b);
    *a = x;
    *b = y;
}
BSK_AVX512_INLINE void v_join1(bsk_v8 *a, bsk_v8 *b) {
    const bsk_v8 low = _mm512_setr_epi64(0, 8, 1, 9, 4, 12, 5, 13);
    const bsk_v8 high = _mm512_setr_epi64(2, 10, 3, 11, 6, 14, 7, 15);
    bsk_v8 x = _mm512_permutex2var_epi64(*a, low, *b);
    bsk_v8 y = _mm512_permutex2var_epi64(*a, high, *b);
    *a = x;
    *b = y;
}
// Twiddles of one block for distance 4 and 2, spread over the lanes of pair 0 or 1.
BSK_AVX512_INLINE bsk_v8 v_twiddles4(const uint64_t *block, int pair) {
    const bsk_v8 spread = pair == 0 ? _mm512_setr_epi64(0, 0, 0, 0, 1, 1, 1, 1)
                                    : _mm512_setr_epi64(2, 2, 2, 2, 3, 3, 3, 3);
    return _mm512_permutexvar_epi64(spread, v_load(block + 24));
}
BSK_AVX512_INLINE bsk_v8 v_twiddles2(const uint64_t *block, int pair) {
    const bsk_v8 spread = pair == 0 ? _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3)
                                    : _mm512_setr_epi64(4, 4, 5, 5, 6, 6, 7, 7);
    return _mm512_permutexvar_epi64(spread, v_load(block + 16));
}

BSK_AVX512_INLINE void inner_stage(
    bsk_v8 *x, bsk_v8 *y, bsk_v8 w, const constants *c, headroom h) {
    if (h == TIGHT) *x = v_fold(*x, c->q2);
    if (h != LAZY) *x = v_add(*x, c->q);
    butterfly(x, y, (twiddle){w, v_low(v_zero(), w, c->q_inverse)}, c);
}

BSK_AVX512_INLINE bsk_v8 finish(bsk_v8 x, const constants *c, headroom h) {
    if (h == TIGHT) return v_fold(v_fold(x, c->q2), c->q);
    bsk_v8 quotient = v_high(v_zero(), x, c->barrett);
    return v_fold(v_sub(x, v_low(v_zero(), quotient, c->q)), c->q);
}

// The last five stages of count <= 3 blocks of 32 residues. MIDDLE: at most 12q on entry, 8q after
// two stages, 14q at the end.
BSK_AVX512_INLINE void last_stages(
    uint64_t *x, const uint64_t *block, int count, const constants *c, headroom h) {
    bsk_v8 v[12];
    for (int k = 0; k < 4 * count; k++) v[k] = v_load(x + 8 * k);
    for (int k = 0; k < count; k++) {
        const uint64_t *b = block + 40 * k;
        two_stages(
            v + 4 * k, load_twiddle(b + 28), load_twiddle(b + 30), load_twiddle(b + 32), c, h, 1);
    }
    for (int k = 0; k < 4 * count; k += 2) v_split4(&v[k], &v[k + 1]);
    for (int k = 0; k < 4 * count; k += 2) {
        inner_stage(&v[k], &v[k + 1], v_twiddles4(block + 40 * (k / 4), k / 2 % 2), c, h);
    }
    for (int k = 0; k < 4 * count; k += 2) v_split2(&v[k], &v[k + 1]);
    for (int k = 0; k < 4 * count; k += 2) {
        inner_stage(&v[k], &v[k + 1], v_twiddles2(block + 40 * (k / 4), k / 2 % 2), c, h);
    }
    for (int k = 0; k < 4 * count; k += 2) v_split1(&v[k], &v[k + 1]);
    for (int k = 0; k < 4 * count; k += 2) {
        inner_stage(&v[k], &v[k + 1], v_load(block + 40 * (k / 4) + 8 * (k / 2 % 2)), c, h);
    }
    for (int k = 0; k < 4 * count; k++) v[k] = finish(v[k], c, h);
    for (int k = 0; k < 4 * count; k += 2) v_join1(&v[k], &v[k + 1]);
    for (int k = 0; k < 4 * count; k++) v_store(x + 8 * k, v[k]);
}

// The same for any count. Two or three blocks go stage by stage together: the chain of one is
// longer than the processor's window, and the registers of more don't fit.
BSK_AVX512_INLINE void all_last_stages(
    uint64_t *x, const uint64_t *block, size_t count, const constants *c, headroom h) {
    const int batch = h == LAZY ? 3 : 2;
    for (; count >= (size_t)batch; count -= (size_t)batch, x += 32 * batch, block += 40 * batch) {
        last_stages(x, block, batch, c, h);
    }
    for (; count > 0; count--, x += 32, block += 40) last_stages(x, block, 1, c, h);
}

BSK_AVX512_INLINE void transform(const bsk_ntt *t, uint64_t *x, headroom h) {
    const uint64_t q = t->m.q, *w = t->forward52, *blocks = w + bsk_block_offset(t);
    const constants c = {
        v_set(q), v_set(2 * q), v_set(4 * q), v_set(8 * q),
        v_set(bsk_inverse52(q) & BSK_MASK52), v_set(((uint64_t)1 << 52) / q),
        v_set(h == LAZY ? t->log_n * q : q),
    };
    size_t groups = 1, length = t->n;
    int reduce = 0;
    if ((t->log_n - 5) % 2 == 1) {
        pass2(x, length / 2, load_twiddle(w + 2), &c);
        groups = 2;
    } else {
        pass4(x, length / 4, w, 1, &c, h, 0, 1);
        groups = 4;
        reduce = 1;
    }
    length /= groups;
    // Whole passes while a group is larger than the first-level cache, then group by group.
    for (; length > BSK_AVX512_CACHED_N; groups *= 4, length /= 4, reduce = !reduce) {
        for (size_t g = 0; g < groups; g++) {
            pass4(x + g * length, length / 4, w, groups + g, &c, h, reduce, 0);
        }
    }
    for (size_t g = 0; g < groups; g++) {
        uint64_t *group = x + g * length;
        int fold = reduce;
        size_t parts = 1, part = length;
        for (; part > 32; parts *= 4, part /= 4, fold = !fold) {
            for (size_t i = 0; i < parts; i++) {
                const size_t index = (groups + g) * parts + i;
                pass4(group + i * part, part / 4, w, index, &c, h, fold, 0);
            }
        }
        all_last_stages(group, blocks + 40 * g * parts, parts, &c, h);
    }
}

BSK_AVX512_TARGET static void lazy(const bsk_ntt *t, uint64_t *x) { transform(t, x, LAZY); }
BSK_AVX512_TARGET static void middle(const bsk_ntt *t, uint64_t *x) { transform(t, x, MIDDLE); }
BSK_AVX512_TARGET static void tight(const bsk_ntt *t, uint64_t *x) { transform(t, x, TIGHT); }

void bsk_avx512_ntt_forward(const bsk_ntt *t, uint64_t *x) {
    if (t->n < BSK_AVX512_MIN_N) {
        bsk_portable_ntt_forward(t, x);
    } else if ((1 + 2 * t->log_n) * t->m.q <= BSK_MASK52) {
        lazy(t, x);
    } else if (t->m.bits <= 48) {
        middle(t, x);
    } else {
        tight(t, x);
    }
}

#endif
