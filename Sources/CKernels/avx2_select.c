// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))
#define UNROLL _Pragma("clang loop unroll(full)")

// Runs of 32 words, in eight registers; what is left is portable.
TARGET void bsk_avx2_select(
    uint64_t *out, const uint64_t *table, size_t words, size_t count, uint64_t index) {
    const __m256i wanted = _mm256_set1_epi64x((long long)index);
    size_t start = 0;
    for (; start + 32 <= words; start += 32) {
        __m256i run[8];
        UNROLL for (int i = 0; i < 8; i++) run[i] = _mm256_setzero_si256();
        for (size_t j = 0; j < count; j++) {
            const __m256i mask = _mm256_cmpeq_epi64(_mm256_set1_epi64x((long long)j), wanted);
            const uint64_t *row = table + j * words + start;
            UNROLL for (int i = 0; i < 8; i++) {
                const __m256i x = _mm256_loadu_si256((const __m256i *)(row + 4 * i));
                run[i] = _mm256_or_si256(run[i], _mm256_and_si256(x, mask));
            }
        }
        UNROLL for (int i = 0; i < 8; i++) _mm256_storeu_si256((__m256i *)(out + start + 4 * i), run[i]);
    }
    for (size_t i = start; i < words; i++) out[i] = 0;
    for (size_t j = 0; j < count; j++) {
        const uint64_t mask = bsk_equality_mask(j, index);
        for (size_t i = start; i < words; i++) out[i] |= table[j * words + i] & mask;
    }
}

#endif
