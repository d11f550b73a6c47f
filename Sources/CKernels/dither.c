// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

void bsk_dither(int64_t *x, const uint64_t *words, uint64_t t, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const uint64_t sign = (uint64_t)(x[i] >> 63);
        const uint64_t magnitude = ((uint64_t)x[i] ^ sign) - sign;
        const uint64_t u = (uint64_t)(((bsk_u128)words[i] * t) >> 64);
        // All ones where u < magnitude.
        const uint64_t moves = (uint64_t)((int64_t)(u - magnitude) >> 63);
        x[i] = (int64_t)((uint64_t)x[i] - (((t & moves) ^ sign) - sign));
    }
}
