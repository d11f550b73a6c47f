// SPDX-License-Identifier: Apache-2.0

// y += W x for tiny weights: residues with the same weight are added up, then multiplied once.
//
// No overflow: a sum of k residues below 2^50 stays below 2^64 for k <= BSK_TILE_FEATURES < 2^14, and two's complement arithmetic gives
// the exact result whenever the result itself, acc + sum of w x, lies in [-2^63, 2^63), whatever wraps on the way.
#include "internal.h"

// Eight residues anywhere, in vectors that the compiler cuts to the target's width.
typedef uint64_t lanes __attribute__((vector_size(64), aligned(8), may_alias));

#define LANES(p) (*(const lanes *)(p))

// The code is read in order. Weights are public, so branches may depend on them.
#define ROW_SUMS_BODY                                                                             \
    for (size_t b = 0; b < blocks; b++, x += BSK_TILE_FEATURES * BSK_TILE) {                      \
        const size_t rows = (size_t)code[0] | (size_t)code[1] << 16;                              \
        code += 2;                                                                                \
        for (size_t r = 0; r < rows; r++) {                                                       \
            lanes *out =                                                                          \
                (lanes *)(acc + ((size_t)code[0] | (size_t)code[1] << 16) * BSK_TILE);            \
            size_t groups = code[2];                                                              \
            code += 3;                                                                            \
            lanes low = out[0], high = out[1];                                                    \
            for (; groups; groups--) {                                                            \
                const int64_t weight = (int16_t)code[0];                                          \
                const uint16_t *end = code + 2 + code[1];                                         \
                code += 2;                                                                        \
                lanes s = {0}, t = {0};                                                           \
                for (; end - code >= 2; code += 2) {                                              \
                    const uint64_t *f = x + (size_t)code[0] * BSK_TILE;                           \
                    const uint64_t *g = x + (size_t)code[1] * BSK_TILE;                           \
                    s += LANES(f);                                                                \
                    t += LANES(f + 8);                                                            \
                    s += LANES(g);                                                                \
                    t += LANES(g + 8);                                                            \
                }                                                                                 \
                if (code != end) {                                                                \
                    const uint64_t *f = x + (size_t)*code++ * BSK_TILE;                           \
                    s += LANES(f);                                                                \
                    t += LANES(f + 8);                                                            \
                }                                                                                 \
                if (weight == 1) {                                                                \
                    low += s;                                                                     \
                    high += t;                                                                    \
                } else if (weight == -1) {                                                        \
                    low -= s;                                                                     \
                    high -= t;                                                                    \
                } else {                                                                          \
                    low += s * (uint64_t)weight;                                                  \
                    high += t * (uint64_t)weight;                                                 \
                }                                                                                 \
            }                                                                                     \
            out[0] = low;                                                                         \
            out[1] = high;                                                                        \
        }                                                                                         \
    }

void bsk_portable_row_sums(
    int64_t *acc, const uint64_t *x, const uint16_t *code, size_t blocks) {
    ROW_SUMS_BODY
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) void bsk_avx2_row_sums(
    int64_t *acc, const uint64_t *x, const uint16_t *code, size_t blocks) {
    ROW_SUMS_BODY
}

__attribute__((target("avx512f,avx512dq"))) void bsk_avx512_row_sums(
    int64_t *acc, const uint64_t *x, const uint16_t *code, size_t blocks) {
    ROW_SUMS_BODY
}

#endif
