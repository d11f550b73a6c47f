#include "internal.h"

// Arithmetic with an element pi = sum c_i X^(i M) of Z[X]/(X^(k M)+1). Portable: clients only, and a small part of
// what they do. Constant time in the polynomials.

void bsk_reduce_ideal(
    int64_t *out, const uint64_t *a, const int64_t *generator, const int64_t *reciprocal, size_t k,
    size_t m) {
    for (size_t j = 0; j < m; j++) {
        const __int128 value = (__int128)a[j];
        int64_t quotient[BSK_IDEAL_MAX];
        for (size_t i = 0; i < k; i++) {
            const __int128 scaled = value * reciprocal[i] + ((__int128)1 << 62);
            quotient[i] = (int64_t)(scaled >> 63);
        }
        for (size_t i = 0; i < k; i++) {
            uint64_t sum = i == 0 ? a[j] : 0;
            for (size_t l = 0; l <= i; l++) {
                sum -= (uint64_t)generator[l] * (uint64_t)quotient[i - l];
            }
            for (size_t l = i + 1; l < k; l++) {
                sum += (uint64_t)generator[l] * (uint64_t)quotient[k + i - l];
            }
            out[j + i * m] = (int64_t)sum;
        }
    }
}

void bsk_multiply_ideal(
    int64_t *out, const int64_t *a, const int64_t *generator, size_t k, size_t m) {
    for (size_t i = 0; i < k; i++) {
        for (size_t j = 0; j < m; j++) out[i * m + j] = 0;
        for (size_t l = 0; l < k; l++) {
            const uint64_t c = l <= i ? (uint64_t)generator[l] : -(uint64_t)generator[l];
            const int64_t *x = a + ((i + k - l) % k) * m;
            for (size_t j = 0; j < m; j++) {
                out[i * m + j] = (int64_t)((uint64_t)out[i * m + j] + c * (uint64_t)x[j]);
            }
        }
    }
}
