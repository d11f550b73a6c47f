// SPDX-License-Identifier: Apache-2.0

// Sums of products with one factor packed in memory: keys and weights are read once, and are what a server waits for.
#include "avx512_unpack.h"

#if BSK_HAS_AVX512

// Bytes, and words, ahead of what is read.
enum { KEYS_AHEAD = 1024, WEIGHTS_AHEAD = 4096, VALUES_AHEAD = 64 };

// Montgomery reduction of hi * 2^52 + lo, a sum of count products: divides by 2^52. The low halves of the sum and of m*q are
// equal, so the difference of the high ones is exact, in (-q, count * q^2 / 2^52): one lift, and as many folds as count * q
// has bits above 2^52.
typedef struct {
    bsk_v8 q, q_inverse, multiples[10];
    int folds;
} reducer;

BSK_AVX512_INLINE reducer v_reducer(const bsk_modulus *m, size_t count) {
    reducer r = {.q = v_set(m->q), .q_inverse = v_set(bsk_inverse52(m->q) & BSK_MASK52)};
    r.folds = 0;
    while ((bsk_u128)count * m->q > (bsk_u128)1 << (52 + r.folds)) r.folds++;
    for (int i = 0; i < r.folds; i++) r.multiples[i] = v_set(m->q << (r.folds - 1 - i));
    return r;
}

BSK_AVX512_INLINE bsk_v8 v_reduced(bsk_v8 hi, bsk_v8 lo, const reducer *r, int folds) {
    bsk_v8 m = v_low(v_zero(), lo, r->q_inverse);
    hi = v_add(hi, _mm512_srli_epi64(lo, 52));
    bsk_v8 x = v_lift(v_sub(hi, v_high(v_zero(), m, r->q)), r->q);
    for (int i = 0; i < folds; i++) x = v_fold(x, r->multiples[i]);
    return x;
}

typedef struct {
    uint64_t *out0, *out1;
    const uint64_t *const *a;
    const uint8_t *b;
    size_t half, count;
    const uint64_t *extra;
    bsk_v8 scale;
} key_sum;

BSK_AVX512_INLINE void key_columns(
    const key_sum *k, const uint8_t *b, size_t i, int vectors, const bsk_unpacker *u,
    const reducer *r, int folds) {
    bsk_v8 hi0[2], lo0[2], hi1[2], lo1[2];
    for (int v = 0; v < vectors; v++) {
        hi0[v] = lo0[v] = hi1[v] = lo1[v] = v_zero();
        if (k->extra != NULL) {
            bsk_v8 x = v_load(k->extra + i + 8 * v);
            hi0[v] = v_high(v_zero(), x, k->scale);
            lo0[v] = v_low(v_zero(), x, k->scale);
        }
    }
    for (size_t j = 0; j < k->count; j++, b += 2 * k->half) {
        for (int v = 0; v < vectors; v++) {
            const uint8_t *first = b + v * u->bits, *second = first + k->half;
            v_fetch(first + KEYS_AHEAD);
            v_fetch(second + KEYS_AHEAD);
            bsk_v8 x = v_load(k->a[j] + i + 8 * v);
            bsk_v8 y0 = v_unpack(first, u), y1 = v_unpack(second, u);
            hi0[v] = v_high(hi0[v], x, y0);
            lo0[v] = v_low(lo0[v], x, y0);
            hi1[v] = v_high(hi1[v], x, y1);
            lo1[v] = v_low(lo1[v], x, y1);
        }
    }
    for (int v = 0; v < vectors; v++) {
        v_store(k->out0 + i + 8 * v, v_reduced(hi0[v], lo0[v], r, folds));
        v_store(k->out1 + i + 8 * v, v_reduced(hi1[v], lo1[v], r, folds));
    }
}

BSK_AVX512_INLINE void all_key_columns(
    const key_sum *k, const bsk_modulus *m, size_t n, const reducer *r, int folds) {
    const bsk_unpacker u = v_unpacker(m->bits);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) key_columns(k, k->b + i / 8 * u.bits, i, 2, &u, r, folds);
    for (; i < n; i += 8) key_columns(k, k->b + i / 8 * u.bits, i, 1, &u, r, folds);
}

BSK_AVX512_TARGET void bsk_avx512_packed_keys(
    const bsk_modulus *m, uint64_t *out0, uint64_t *out1, const uint64_t *const *a,
    const uint8_t *b, size_t count, const uint64_t *extra, uint64_t scale, size_t n) {
    const key_sum k = {
        out0, out1, a, b, n / 8 * m->bits, count, extra, v_set(bsk_montgomery_form(m, scale))};
    const reducer r = v_reducer(m, count + 1);
    if (r.folds == 0) {
        all_key_columns(&k, m, n, &r, 0);
    } else {
        all_key_columns(&k, m, n, &r, r.folds);
    }
}

BSK_AVX512_INLINE const uint8_t *weight_columns(
    uint64_t *out0, uint64_t *out1, const uint8_t *w, const uint64_t *const *b0,
    const uint64_t *const *b1, size_t count, size_t i, int vectors, const bsk_unpacker *u,
    const reducer *r, int folds, int repeats) {
    bsk_v8 hi0[2], lo0[2], hi1[2], lo1[2];
    for (int v = 0; v < vectors; v++) hi0[v] = lo0[v] = hi1[v] = lo1[v] = v_zero();
    for (size_t j = 0; j < count; j++) {
        if (repeats) {
            for (int v = 0; v < vectors; v++) {
                v_fetch(b0[j] + i + VALUES_AHEAD + 8 * v);
                v_fetch(b1[j] + i + VALUES_AHEAD + 8 * v);
            }
        } else {
            v_fetch(w + WEIGHTS_AHEAD);
            v_fetch(w + WEIGHTS_AHEAD + 64);
        }
        for (int v = 0; v < vectors; v++, w += u->bits) {
            bsk_v8 x = v_unpack(w, u);
            bsk_v8 y0 = v_load(b0[j] + i + 8 * v), y1 = v_load(b1[j] + i + 8 * v);
            hi0[v] = v_high(hi0[v], x, y0);
            lo0[v] = v_low(lo0[v], x, y0);
            hi1[v] = v_high(hi1[v], x, y1);
            lo1[v] = v_low(lo1[v], x, y1);
        }
    }
    for (int v = 0; v < vectors; v++) {
        v_store(out0 + i + 8 * v, v_reduced(hi0[v], lo0[v], r, folds));
        v_store(out1 + i + 8 * v, v_reduced(hi1[v], lo1[v], r, folds));
    }
    return w;
}

BSK_AVX512_TARGET void bsk_avx512_packed_weights(
    const bsk_modulus *m, uint64_t *const *out0, uint64_t *const *out1, const size_t *counts,
    size_t sums, const uint8_t *w, const uint64_t *const *b0, const uint64_t *const *b1,
    size_t n, int repeats) {
    const uint8_t *const start = w;
    size_t most = 1;
    for (size_t g = 0; g < sums; g++) most = counts[g] > most ? counts[g] : most;
    const reducer r = v_reducer(m, most);
    const bsk_unpacker u = v_unpacker(m->bits);
    const int vectors = n < BSK_WEIGHT_BLOCK ? 1 : 2;
    for (size_t i = 0; i < n; i += 8 * (size_t)vectors) {
        size_t first = 0;
        if (repeats) w = start;
        for (size_t g = 0; g < sums; first += counts[g], g++) {
            const uint64_t *const *x0 = b0 + first, *const *x1 = b1 + first;
            if (vectors == 1) {
                w = weight_columns(
                    out0[g], out1[g], w, x0, x1, counts[g], i, 1, &u, &r, r.folds, repeats);
            } else if (r.folds == 0) {
                w = weight_columns(
                    out0[g], out1[g], w, x0, x1, counts[g], i, 2, &u, &r, 0, repeats);
            } else {
                w = weight_columns(
                    out0[g], out1[g], w, x0, x1, counts[g], i, 2, &u, &r, r.folds, repeats);
            }
        }
    }
}

#endif
