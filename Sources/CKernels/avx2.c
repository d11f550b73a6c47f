// SPDX-License-Identifier: Apache-2.0

// AVX2: the kernels that need no wide products; those in doubles are in avx2_products.c and real_*.c.
#include "internal.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2_TARGET __attribute__((target("avx2")))
#define AVX2_INLINE static inline __attribute__((always_inline)) AVX2_TARGET

typedef __m256i v4;

AVX2_INLINE v4 set(uint64_t x) { return _mm256_set1_epi64x((long long)x); }
AVX2_INLINE v4 load(const void *p) { return _mm256_loadu_si256(p); }
AVX2_INLINE void store(void *p, v4 x) { _mm256_storeu_si256(p, x); }

// x + k if x < 0, else x.
AVX2_INLINE v4 lift(v4 x, v4 k) {
    v4 negative = _mm256_cmpgt_epi64(_mm256_setzero_si256(), x);
    return _mm256_add_epi64(x, _mm256_and_si256(k, negative));
}

AVX2_INLINE v4 center(v4 x, v4 q, v4 half) {
    return _mm256_sub_epi64(x, _mm256_and_si256(q, _mm256_cmpgt_epi64(x, half)));
}

AVX2_TARGET void bsk_avx2_add(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    const v4 q = set(m->q);
    for (size_t i = 0; i < n; i += 4) {
        v4 sum = _mm256_add_epi64(load(a + i), load(b + i));
        store(out + i, lift(_mm256_sub_epi64(sum, q), q));
    }
}

AVX2_TARGET void bsk_avx2_sub(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    const v4 q = set(m->q);
    for (size_t i = 0; i < n; i += 4) {
        store(out + i, lift(_mm256_sub_epi64(load(a + i), load(b + i)), q));
    }
}

AVX2_TARGET void bsk_avx2_neg(const bsk_modulus *m, uint64_t *out, const uint64_t *a, size_t n) {
    const v4 q = set(m->q);
    for (size_t i = 0; i < n; i += 4) {
        store(out + i, lift(_mm256_sub_epi64(_mm256_setzero_si256(), load(a + i)), q));
    }
}

AVX2_TARGET void bsk_avx2_center(
    const bsk_modulus *m, int64_t *out, const uint64_t *in, size_t n) {
    const v4 q = set(m->q), half = set(m->q >> 1);
    for (size_t i = 0; i < n; i += 4) store(out + i, center(load(in + i), q, half));
}

AVX2_TARGET void bsk_avx2_lift_centered(
    const bsk_modulus *from, const bsk_modulus *to, uint64_t *out, const uint64_t *in, size_t n) {
    if (from->q >> 1 >= to->q) {
        bsk_portable_lift_centered(from, to, out, in, n);
        return;
    }
    const v4 q = set(from->q), half = set(from->q >> 1), p = set(to->q);
    for (size_t i = 0; i < n; i += 4) {
        store(out + i, lift(center(load(in + i), q, half), p));
    }
}

int bsk_avx2_available(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
}

#endif
