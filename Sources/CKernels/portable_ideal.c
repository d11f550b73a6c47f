// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

// Arithmetic with an element pi = sum c_i X^(i M) of Z[X]/(X^(k M)+1). Constant time in the polynomials.

// pi x at one place: x has k coefficients, i steps of M apart.
BSK_INLINE uint64_t product_at(
    size_t i, const uint64_t *x, const int64_t *generator, size_t k) {
    uint64_t sum = 0;
    for (size_t l = 0; l <= i; l++) sum += (uint64_t)generator[l] * x[i - l];
    for (size_t l = i + 1; l < k; l++) sum -= (uint64_t)generator[l] * x[k + i - l];
    return sum;
}

BSK_INLINE void reduce(
    int64_t *out, const uint64_t *a, const int64_t *generator, const int64_t *reciprocal, size_t k,
    size_t m) {
    for (size_t j = 0; j < m; j++) {
        const uint64_t value = a[j];
        uint64_t quotient[BSK_IDEAL_MAX];
        for (size_t i = 0; i < k; i++) {
            const __int128 scaled = (__int128)value * reciprocal[i] + ((__int128)1 << 62);
            quotient[i] = (uint64_t)(int64_t)(scaled >> 63);
        }
        for (size_t i = 0; i < k; i++) {
            out[j + i * m] =
                (int64_t)((i == 0 ? value : 0) - product_at(i, quotient, generator, k));
        }
    }
}

// The usual k as constants, so that loops over them are unrolled.
void bsk_portable_reduce_ideal(
    int64_t *out, const uint64_t *a, const int64_t *generator, const int64_t *reciprocal, size_t k,
    size_t m) {
    switch (k) {
    case 1: reduce(out, a, generator, reciprocal, 1, m); break;
    case 2: reduce(out, a, generator, reciprocal, 2, m); break;
    case 4: reduce(out, a, generator, reciprocal, 4, m); break;
    case 8: reduce(out, a, generator, reciprocal, 8, m); break;
    default: reduce(out, a, generator, reciprocal, k, m);
    }
}

void bsk_portable_multiply_add_ideal(
    int64_t *acc, const int64_t *a, const int64_t *generator, size_t k, size_t m) {
    for (size_t j = 0; j < m; j++) {
        uint64_t x[BSK_IDEAL_MAX];
        for (size_t i = 0; i < k; i++) x[i] = (uint64_t)a[j + i * m];
        for (size_t i = 0; i < k; i++) {
            acc[j + i * m] =
                (int64_t)((uint64_t)acc[j + i * m] + product_at(i, x, generator, k));
        }
    }
}
