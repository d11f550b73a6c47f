// SPDX-License-Identifier: Apache-2.0

#include "avx512.h"

#if BSK_HAS_AVX512

// pi x at one place, as in the portable version: eight places of a block at once.
BSK_AVX512_INLINE bsk_v8 product_at(
    size_t i, const bsk_v8 *x, const int64_t *generator, size_t k) {
    bsk_v8 sum = v_zero();
    for (size_t l = 0; l <= i; l++) {
        sum = v_add(sum, _mm512_mullo_epi64(v_set((uint64_t)generator[l]), x[i - l]));
    }
    for (size_t l = i + 1; l < k; l++) {
        sum = v_sub(sum, _mm512_mullo_epi64(v_set((uint64_t)generator[l]), x[k + i - l]));
    }
    return sum;
}

// With r = h 2^52 + l, 0 <= l < 2^52, and a < 2^50: a r = (a h + floor(a l / 2^52)) 2^52 + rest, 0 <= rest < 2^52, so
// floor((a r + 2^62) / 2^63) = floor((a h + floor(a l / 2^52) + 2^10) / 2^11): the portable quotient, exactly.
BSK_AVX512_INLINE void reduce_ideal(
    int64_t *out, const uint64_t *a, const int64_t *generator, const int64_t *reciprocal, size_t k,
    size_t m) {
    for (size_t j = 0; j < m; j += 8) {
        const bsk_v8 value = v_load(a + j);
        bsk_v8 quotient[BSK_IDEAL_MAX];
        for (size_t i = 0; i < k; i++) {
            const uint64_t low = (uint64_t)reciprocal[i] & BSK_MASK52;
            const uint64_t high = (uint64_t)(reciprocal[i] >> 52);
            bsk_v8 sum = v_high(v_set(1 << 10), value, v_set(low));
            sum = v_add(sum, _mm512_mullo_epi64(value, v_set(high)));
            quotient[i] = _mm512_srai_epi64(sum, 11);
        }
        for (size_t i = 0; i < k; i++) {
            v_store(
                out + j + i * m,
                v_sub(i == 0 ? value : v_zero(), product_at(i, quotient, generator, k)));
        }
    }
}

BSK_AVX512_INLINE void multiply_add_ideal(
    int64_t *acc, const int64_t *a, const int64_t *generator, size_t k, size_t m) {
    for (size_t j = 0; j < m; j += 8) {
        bsk_v8 x[BSK_IDEAL_MAX];
        for (size_t i = 0; i < k; i++) x[i] = v_load(a + j + i * m);
        for (size_t i = 0; i < k; i++) {
            v_store(
                acc + j + i * m,
                v_add(v_load(acc + j + i * m), product_at(i, x, generator, k)));
        }
    }
}

// A constant k lets the compiler keep all of it in registers.
BSK_AVX512_TARGET void bsk_avx512_reduce_ideal(
    int64_t *out, const uint64_t *a, const int64_t *generator, const int64_t *reciprocal, size_t k,
    size_t m) {
    switch (k) {
    case 1: reduce_ideal(out, a, generator, reciprocal, 1, m); break;
    case 2: reduce_ideal(out, a, generator, reciprocal, 2, m); break;
    case 4: reduce_ideal(out, a, generator, reciprocal, 4, m); break;
    default: reduce_ideal(out, a, generator, reciprocal, k, m);
    }
}

BSK_AVX512_TARGET void bsk_avx512_multiply_add_ideal(
    int64_t *acc, const int64_t *a, const int64_t *generator, size_t k, size_t m) {
    switch (k) {
    case 1: multiply_add_ideal(acc, a, generator, 1, m); break;
    case 2: multiply_add_ideal(acc, a, generator, 2, m); break;
    case 4: multiply_add_ideal(acc, a, generator, 4, m); break;
    default: multiply_add_ideal(acc, a, generator, k, m);
    }
}

#endif
