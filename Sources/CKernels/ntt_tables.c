// SPDX-License-Identifier: Apache-2.0

#include <stdlib.h>

#include "internal.h"

static uint64_t mul_mod(const bsk_modulus *m, uint64_t a, uint64_t b) {
    return bsk_reduce_wide(m, (bsk_u128)a * b);
}

static uint64_t pow_mod(const bsk_modulus *m, uint64_t base, uint64_t exponent) {
    uint64_t r = 1;
    for (; exponent != 0; exponent >>= 1) {
        if (exponent & 1) r = mul_mod(m, r, base);
        base = mul_mod(m, base, base);
    }
    return r;
}

static uint64_t *allocate(size_t count) {
    return aligned_alloc(64, count * sizeof(uint64_t));
}

// floor(2^128 / q), q odd.
typedef struct {
    uint64_t high, low;
} reciprocal;

static reciprocal reciprocal_of(uint64_t q) {
    const bsk_u128 all = ~(bsk_u128)0 / q;
    return (reciprocal){(uint64_t)(all >> 64), (uint64_t)all};
}

// bsk_shoup_quotient without a division: the estimate is at most one short.
static uint64_t shoup_quotient(uint64_t w, uint64_t q, reciprocal r) {
    const uint64_t estimate = w * r.high + bsk_mul_high(w, r.low);
    return estimate + (0 - estimate * q >= q);
}

// Block s, words 2^s ..< 2^(s+1), has the odd multiples of n / 2^(s+1) as exponents: the words before it, in order, times
// psi to the n / 2^(s+1). As psi^n = -1, the inverses of a block are its negatives in the opposite order.
static void fill(bsk_ntt *t, uint64_t psi) {
    const uint64_t q = t->m.q;
    const reciprocal r = reciprocal_of(q);
    uint64_t *w = t->forward, *quotient = t->forward_quotient;
    w[0] = t->inverse[0] = 1;
    quotient[0] = t->inverse_quotient[0] = bsk_shoup_quotient(1, q);
    for (size_t size = 1; size < t->n; size *= 2) {
        const uint64_t factor = pow_mod(&t->m, psi, t->n / 2 / size);
        const uint64_t factor_quotient = bsk_shoup_quotient(factor, q);
        for (size_t i = 0; i < size; i++) {
            const uint64_t power =
                bsk_reduce_once(bsk_shoup_lazy(w[i], factor, factor_quotient, q), q);
            w[size + i] = power;
            quotient[size + i] = shoup_quotient(power, q, r);
        }
        for (size_t i = 0; i < size; i++) {
            t->inverse[size + i] = q - w[2 * size - 1 - i];
            t->inverse_quotient[size + i] = ~quotient[2 * size - 1 - i];
        }
    }
}

bsk_ntt *bsk_ntt_create(uint64_t q, uint32_t log_n, uint64_t psi) {
    bsk_ntt *t = calloc(1, sizeof *t);
    if (t == NULL) return NULL;
    bsk_modulus_init(&t->m, q);
    t->log_n = log_n;
    t->n = (size_t)1 << log_n;
    t->forward = allocate(t->n);
    t->forward_quotient = allocate(t->n);
    t->inverse = allocate(t->n);
    t->inverse_quotient = allocate(t->n);
    if (!t->forward || !t->forward_quotient || !t->inverse || !t->inverse_quotient) {
        bsk_ntt_destroy(t);
        return NULL;
    }
    fill(t, psi);
    t->n_inverse = pow_mod(&t->m, t->n % q, q - 2);
    t->n_inverse_quotient = bsk_shoup_quotient(t->n_inverse, q);
    t->last_inverse = mul_mod(&t->m, t->inverse[1], t->n_inverse);
    t->last_inverse_quotient = bsk_shoup_quotient(t->last_inverse, q);
#if defined(__aarch64__)
    const int is_complete = bsk_neon_ntt_tables(t);
#elif defined(__x86_64__)
    const int is_complete = (!bsk_avx512_available() || bsk_avx512_ntt_tables(t))
        && (!bsk_avx2_available() || bsk_avx2_ntt_tables(t));
#else
    const int is_complete = 1;
#endif
    if (!is_complete) {
        bsk_ntt_destroy(t);
        return NULL;
    }
    return t;
}

void bsk_ntt_destroy(bsk_ntt *t) {
    if (t == NULL) return;
    free(t->forward);
    free(t->forward_quotient);
    free(t->inverse);
    free(t->inverse_quotient);
    free(t->forward52);
    free(t->inverse52);
    free(t->forward_real);
    free(t->inverse_real);
    free(t);
}

const bsk_modulus *bsk_ntt_modulus(const bsk_ntt *t) { return &t->m; }
