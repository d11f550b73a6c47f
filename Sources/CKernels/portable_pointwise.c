// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

void bsk_portable_add(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    const uint64_t q = m->q;
    for (size_t i = 0; i < n; i++) out[i] = bsk_reduce_once(a[i] + b[i], q);
}

void bsk_portable_sub(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    const uint64_t q = m->q;
    for (size_t i = 0; i < n; i++) out[i] = bsk_reduce_once(a[i] + q - b[i], q);
}

void bsk_portable_neg(const bsk_modulus *m, uint64_t *out, const uint64_t *a, size_t n) {
    const uint64_t q = m->q;
    for (size_t i = 0; i < n; i++) out[i] = bsk_reduce_once(q - a[i], q);
}

void bsk_portable_mul(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    const bsk_modulus k = *m;
    for (size_t i = 0; i < n; i++) out[i] = bsk_reduce_wide(&k, bsk_product(a[i], b[i]));
}

void bsk_portable_mul_add(
    const bsk_modulus *m, uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n) {
    const bsk_modulus k = *m;
    for (size_t i = 0; i < n; i++) acc[i] = bsk_reduce_wide(&k, bsk_product(a[i], b[i]) + acc[i]);
}

void bsk_portable_mul_scalar(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, uint64_t s, size_t n) {
    const uint64_t q = m->q, quotient = bsk_shoup_quotient(s, q);
    for (size_t i = 0; i < n; i++) {
        out[i] = bsk_reduce_once(bsk_shoup_lazy(a[i], s, quotient, q), q);
    }
}

void bsk_portable_sub_mul_scalar(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t s,
    size_t n) {
    const uint64_t q = m->q, quotient = bsk_shoup_quotient(s, q);
    for (size_t i = 0; i < n; i++) {
        out[i] = bsk_reduce_once(bsk_shoup_lazy(a[i] + q - b[i], s, quotient, q), q);
    }
}

void bsk_portable_inner_product(
    const bsk_modulus *m, uint64_t *out, const uint64_t *const *a, const uint64_t *const *b,
    size_t count, size_t n) {
    const bsk_modulus k = *m;
    for (size_t i = 0; i < n; i++) {
        bsk_u128 sum = 0;
        for (size_t j = 0; j < count; j++) sum += bsk_product(a[j][i], b[j][i]);
        out[i] = bsk_reduce_wide(&k, sum);
    }
}

void bsk_portable_tensor(
    const bsk_modulus *m, uint64_t *d0, uint64_t *d1, uint64_t *d2, const uint64_t *a0,
    const uint64_t *a1, const uint64_t *b0, const uint64_t *b1, size_t n) {
    const bsk_modulus k = *m;
    for (size_t i = 0; i < n; i++) {
        const uint64_t x0 = a0[i], x1 = a1[i], y0 = b0[i], y1 = b1[i];
        d0[i] = bsk_reduce_wide(&k, bsk_product(x0, y0));
        d1[i] = bsk_reduce_wide(&k, bsk_product(x0, y1) + bsk_product(x1, y0));
        d2[i] = bsk_reduce_wide(&k, bsk_product(x1, y1));
    }
}

void bsk_portable_permute(uint64_t *out, const uint64_t *in, const uint32_t *index, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = in[index[i]];
}

void bsk_portable_automorphism_add(
    const bsk_modulus *m, uint64_t *acc, const uint64_t *in, const uint32_t *index, size_t n) {
    const uint64_t q = m->q;
    for (size_t i = 0; i < n; i++) acc[i] = bsk_reduce_once(acc[i] + in[index[i]], q);
}
