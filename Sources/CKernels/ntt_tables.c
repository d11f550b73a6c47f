#include <stdlib.h>

#include "internal.h"

static uint32_t bit_reverse(uint32_t x, uint32_t bits) {
    uint32_t r = 0;
    for (uint32_t i = 0; i < bits; i++) r |= ((x >> i) & 1) << (bits - 1 - i);
    return r;
}

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

static void fill(const bsk_ntt *t, uint64_t root, uint64_t *w, uint64_t *quotient) {
    uint64_t power = 1;
    for (uint32_t i = 0; i < t->n; i++) {
        uint32_t j = bit_reverse(i, t->log_n);
        w[j] = power;
        quotient[j] = bsk_shoup_quotient(power, t->m.q);
        power = mul_mod(&t->m, power, root);
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
    fill(t, psi, t->forward, t->forward_quotient);
    fill(t, pow_mod(&t->m, psi, q - 2), t->inverse, t->inverse_quotient);
    t->n_inverse = pow_mod(&t->m, t->n % q, q - 2);
    t->n_inverse_quotient = bsk_shoup_quotient(t->n_inverse, q);
    t->last_inverse = mul_mod(&t->m, t->inverse[1], t->n_inverse);
    t->last_inverse_quotient = bsk_shoup_quotient(t->last_inverse, q);
#if defined(__x86_64__)
    const int is_complete = (!bsk_avx512_available() || bsk_avx512_ntt_tables(t))
        && (!bsk_avx2_available() || bsk_avx2_ntt_tables(t));
    if (!is_complete) {
        bsk_ntt_destroy(t);
        return NULL;
    }
#endif
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
