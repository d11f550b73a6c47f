// SPDX-License-Identifier: Apache-2.0

// The NTT in doubles.
#include <stdlib.h>

#include "real.h"

#if defined(BSK_HAS_REAL)

enum { BSK_REAL_MIN_N = 16 };

// (x + y w, x - y w).
REAL_INLINE void forward_butterfly(d4 *x, d4 *y, factor t, field f) {
    d4 d = multiplied(*y, t, f);
    *y = minus(*x, d);
    *x = plus(*x, d);
}

// (x + y, (x - y) w).
REAL_INLINE void inverse_butterfly(d4 *x, d4 *y, factor t, field f) {
    d4 d = minus(*x, *y);
    *x = plus(*x, *y);
    *y = multiplied(d, t, f);
}

// Twiddles of two neighbouring groups, each for two lanes; of four, each for one. They lie as pairs w, w/q.
REAL_INLINE factor two_factors(const double *p) {
    factor t;
    load_two_pairs(p, &t.w, &t.w_over_q);
    return t;
}
REAL_INLINE factor four_factors(const double *p) {
    factor t;
    load_four_pairs(p, &t.w, &t.w_over_q);
    return t;
}

// Two stages. Entry: at most 2.5q. x[0] and x[1] are reduced, so that after them all are at most 0.51q + q + q.
REAL_INLINE void forward_pass(
    uint64_t *x, size_t quarter, const double *w, size_t i, field f) {
    const factor t1 = spread(w + 2 * i), t2 = spread(w + 4 * i), t3 = spread(w + 4 * i + 2);
    for (size_t j = 0; j < quarter; j += 4) {
        d4 v[4];
        for (int k = 0; k < 4; k++) v[k] = load(x + j + (size_t)k * quarter);
        v[0] = reduced(v[0], f);
        v[1] = reduced(v[1], f);
        forward_butterfly(&v[0], &v[2], t1, f);
        forward_butterfly(&v[1], &v[3], t1, f);
        forward_butterfly(&v[0], &v[1], t2, f);
        forward_butterfly(&v[2], &v[3], t3, f);
        for (int k = 0; k < 4; k++) store(x + j + (size_t)k * quarter, v[k]);
    }
}

REAL_TARGET void REAL(ntt_forward)(const bsk_ntt *t, uint64_t *x) {
    if (t->n < BSK_REAL_MIN_N || t->forward_real == NULL) {
        bsk_portable_ntt_forward(t, x);
        return;
    }
    const field f = field_of(&t->m);
    const double *w = t->forward_real;
    size_t groups = 1, length = t->n;
    for (size_t j = 0; j < length; j += 4) store(x + j, to_real(x + j));
    if (t->log_n % 2 == 1) {
        const factor t1 = spread(w + 2);
        for (size_t j = 0; j < length / 2; j += 4) {
            d4 u = load(x + j), v = load(x + length / 2 + j);
            forward_butterfly(&u, &v, t1, f);
            store(x + j, u);
            store(x + length / 2 + j, v);
        }
        groups = 2;
        length /= 2;
    }
    for (; length > 4; groups *= 4, length /= 4) {
        for (size_t g = 0; g < groups; g++) {
            forward_pass(x + g * length, length / 4, w, groups + g, f);
        }
    }
    // Groups of four residues, two at a time.
    for (size_t g = 0; g < groups; g += 2) {
        uint64_t *p = x + 4 * g;
        d4 a = load(p), b = load(p + 4);
        swap_halves(&a, &b);
        a = reduced(a, f);
        forward_butterfly(&a, &b, two_factors(w + 2 * (groups + g)), f);
        swap_pairs(&a, &b);
        forward_butterfly(&a, &b, four_factors(w + 4 * (groups + g)), f);
        swap_pairs(&a, &b);
        swap_halves(&a, &b);
        from_real(p, reduced(a, f), f);
        from_real(p + 4, reduced(b, f), f);
    }
}

// Two stages. Entry: at most q. Sums reach 4q and are reduced once.
REAL_INLINE void inverse_pass(
    uint64_t *x, size_t quarter, const double *w, size_t i, field f) {
    const factor t1 = spread(w + 2 * i), t2 = spread(w + 4 * i), t3 = spread(w + 4 * i + 2);
    for (size_t j = 0; j < quarter; j += 4) {
        d4 v[4];
        for (int k = 0; k < 4; k++) v[k] = load(x + j + (size_t)k * quarter);
        inverse_butterfly(&v[0], &v[1], t2, f);
        inverse_butterfly(&v[2], &v[3], t3, f);
        inverse_butterfly(&v[0], &v[2], t1, f);
        inverse_butterfly(&v[1], &v[3], t1, f);
        v[0] = reduced(v[0], f);
        v[1] = reduced(v[1], f);
        for (int k = 0; k < 4; k++) store(x + j + (size_t)k * quarter, v[k]);
    }
}

REAL_TARGET void REAL(ntt_inverse)(const bsk_ntt *t, uint64_t *x) {
    if (t->n < BSK_REAL_MIN_N || t->inverse_real == NULL) {
        bsk_portable_ntt_inverse(t, x);
        return;
    }
    const field f = field_of(&t->m);
    const double *w = t->inverse_real;
    size_t groups = t->n / 4, length = 4;
    for (size_t g = 0; g < groups; g += 2) {
        uint64_t *p = x + 4 * g;
        d4 a = to_real(p), b = to_real(p + 4);
        swap_halves(&a, &b);
        swap_pairs(&a, &b);
        inverse_butterfly(&a, &b, four_factors(w + 4 * (groups + g)), f);
        swap_pairs(&a, &b);
        inverse_butterfly(&a, &b, two_factors(w + 2 * (groups + g)), f);
        a = reduced(a, f);
        swap_halves(&a, &b);
        store(p, a);
        store(p + 4, b);
    }
    for (; groups >= 4; groups /= 4, length *= 4) {
        for (size_t g = 0; g < groups / 4; g++) {
            inverse_pass(x + 4 * g * length, length, w, groups / 4 + g, f);
        }
    }
    if (groups == 2) {
        const factor t1 = spread(w + 2);
        for (size_t j = 0; j < length; j += 4) {
            d4 u = load(x + j), v = load(x + length + j);
            inverse_butterfly(&u, &v, t1, f);
            store(x + j, u);
            store(x + length + j, v);
        }
    }
    const factor scale = spread(w);  // 1/n
    for (size_t j = 0; j < t->n; j += 4) {
        from_real(x + j, reduced(multiplied(load(x + j), scale, f), f), f);
    }
}

static double *reals(const bsk_ntt *t, const uint64_t *w, uint64_t first) {
    double *out = aligned_alloc(64, 2 * t->n * sizeof(double));
    if (out == NULL) return NULL;
    const double q = (double)t->m.q;
    for (size_t i = 0; i < t->n; i++) {
        const uint64_t value = i == 0 ? first : w[i];
        out[2 * i] = value > t->m.q / 2 ? -(double)(t->m.q - value) : (double)value;
        out[2 * i + 1] = out[2 * i] / q;
    }
    return out;
}

int REAL(ntt_tables)(bsk_ntt *t) {
    t->forward_real = reals(t, t->forward, 1);
    t->inverse_real = reals(t, t->inverse, t->n_inverse);
    return t->forward_real != NULL && t->inverse_real != NULL;
}

#endif
