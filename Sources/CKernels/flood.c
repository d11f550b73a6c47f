// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

void bsk_add_fields(int64_t *x, const uint64_t *words, uint32_t bits, size_t n) {
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    for (size_t i = 0; i < n; i++) x[i] = (int64_t)((uint64_t)x[i] + (words[i] & mask));
}

void bsk_add_half_fields(int64_t *x, const uint64_t *words, uint32_t bits, size_t n) {
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    for (size_t i = 0; i < n; i++)
        x[i] = (int64_t)((uint64_t)x[i] + (words[i] & mask) + (words[i] >> 32 & mask));
}

void bsk_add_triple_fields(int64_t *x, const uint64_t *words, uint32_t bits, size_t n) {
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    const uint64_t *second = words + n, *third = second + n;
    for (size_t i = 0; i < n; i++) {
        const uint64_t a = words[i], b = second[i], c = third[i];
        const uint64_t fourth = a >> 48 << 32 | b >> 48 << 16 | c >> 48;
        x[i] = (int64_t)((uint64_t)x[i] + (a & mask) + (b & mask) + (c & mask) + (fourth & mask));
    }
}

void bsk_draw_signs(int64_t *out, const uint64_t *words, const int64_t *thresholds, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const uint64_t sign = (uint64_t)(thresholds[i] >> 63);
        const uint64_t magnitude = ((uint64_t)thresholds[i] ^ sign) - sign;
        // All ones where the word's upper 63 bits are below the magnitude.
        const uint64_t hit = (uint64_t)((int64_t)((words[i] >> 1) - magnitude) >> 63);
        out[i] = (int64_t)(hit & (~sign | 1));
    }
}

void bsk_draw_quotients(
    int64_t *out, const uint64_t *words, const int64_t *x, uint64_t t, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const uint64_t sign = (uint64_t)(x[i] >> 63);
        const uint64_t magnitude = ((uint64_t)x[i] ^ sign) - sign;
        const uint64_t u = (uint64_t)(((bsk_u128)words[i] * t) >> 64);
        // All ones where u < magnitude.
        const uint64_t hit = (uint64_t)((int64_t)(u - magnitude) >> 63);
        out[i] = (int64_t)(hit & (~sign | 1));
    }
}

void bsk_add_signed(int64_t *sums, const uint64_t *x, int64_t sign, size_t n) {
    const uint64_t negative = (uint64_t)(sign >> 63);
    const uint64_t mask = 0 - ((uint64_t)sign & 1);
    for (size_t i = 0; i < n; i++)
        sums[i] = (int64_t)((uint64_t)sums[i] + (((x[i] & mask) ^ negative) - negative));
}
