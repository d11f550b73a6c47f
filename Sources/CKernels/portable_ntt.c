// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

// Decimation in time, natural order in, bit-reversed order out (Longa and Naehrig, 2016).
// No correction between stages: a stage adds less than 2q to the largest value, so values stay
// under (1 + 2*16) q < 2^56, and the Shoup product is under 2q for any word.
void bsk_portable_ntt_forward(const bsk_ntt *t, uint64_t *x) {
    const uint64_t q = t->m.q, two_q = 2 * q;
    for (size_t groups = 1, half = t->n / 2; half >= 1; groups *= 2, half /= 2) {
        for (size_t g = 0; g < groups; g++) {
            const uint64_t w = t->forward[groups + g], quotient = t->forward_quotient[groups + g];
            uint64_t *lo = x + 2 * g * half, *hi = lo + half;
            for (size_t i = 0; i < half; i++) {
                uint64_t u = lo[i], v = bsk_shoup_lazy(hi[i], w, quotient, q);
                lo[i] = u + v;
                hi[i] = u + two_q - v;
            }
        }
    }
    for (size_t i = 0; i < t->n; i++) x[i] = bsk_reduce_word(&t->m, x[i]);
}

// Decimation in frequency (Gentleman and Sande). Values are in [0, 2q) between stages; the last
// stage carries the factor 1/n.
void bsk_portable_ntt_inverse(const bsk_ntt *t, uint64_t *x) {
    const uint64_t q = t->m.q, two_q = 2 * q;
    size_t half = 1;
    for (size_t groups = t->n / 2; groups > 1; groups /= 2, half *= 2) {
        for (size_t g = 0; g < groups; g++) {
            const uint64_t w = t->inverse[groups + g], quotient = t->inverse_quotient[groups + g];
            uint64_t *lo = x + 2 * g * half, *hi = lo + half;
            for (size_t i = 0; i < half; i++) {
                uint64_t u = lo[i], v = hi[i];
                lo[i] = bsk_reduce_once(u + v, two_q);
                hi[i] = bsk_shoup_lazy(u + two_q - v, w, quotient, q);
            }
        }
    }
    for (size_t i = 0; i < half; i++) {
        uint64_t u = x[i], v = x[i + half];
        uint64_t a = bsk_shoup_lazy(u + v, t->n_inverse, t->n_inverse_quotient, q);
        uint64_t b =
            bsk_shoup_lazy(u + two_q - v, t->last_inverse, t->last_inverse_quotient, q);
        x[i] = bsk_reduce_once(a, q);
        x[i + half] = bsk_reduce_once(b, q);
    }
}
