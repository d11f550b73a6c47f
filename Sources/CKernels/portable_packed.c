// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

enum { CHUNK = 64, ROWS = 4, AHEAD = 1024 };

// Memory answers meanwhile.
static void fetch(const uint8_t *p, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(p + i);
}

// Adds products of a few rows from `at` on to each sum, which stays in registers meanwhile.
static void accumulate(
    bsk_u128 *sum, const uint64_t *const *a, size_t at, const uint64_t y[ROWS][CHUNK], size_t rows,
    size_t size) {
    if (rows == ROWS) {
        for (size_t i = 0; i < size; i++) {
            bsk_u128 s = sum[i];
            for (size_t r = 0; r < ROWS; r++) s += (bsk_u128)a[r][at + i] * y[r][i];
            sum[i] = s;
        }
    } else {
        for (size_t r = 0; r < rows; r++) {
            for (size_t i = 0; i < size; i++) sum[i] += (bsk_u128)a[r][at + i] * y[r][i];
        }
    }
}

// Montgomery: sum / 2^52 mod q, for sums below 2^114.
static void finish(const bsk_modulus *m, uint64_t *out, const bsk_u128 *sum, size_t size) {
    const uint64_t q = m->q, inverse = bsk_inverse52(q);
    for (size_t i = 0; i < size; i++) {
        const uint64_t k = (uint64_t)sum[i] * inverse & BSK_MASK52;
        const uint64_t high = (uint64_t)((bsk_u128)k * q >> 52);
        out[i] = bsk_reduce_word(m, (uint64_t)(sum[i] >> 52) + q - high);
    }
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

void bsk_portable_packed_keys(
    const bsk_modulus *m, uint64_t *out0, uint64_t *out1, const uint64_t *const *a,
    const uint8_t *b, size_t count, const uint64_t *extra, uint64_t scale, size_t n) {
    const size_t half = n / 8 * m->bits;
    const uint64_t scaled = bsk_reduce_wide(m, (bsk_u128)scale << 52);
    uint64_t y[2][ROWS][CHUNK];
    for (size_t i = 0; i < n; i += CHUNK) {
        const size_t size = least(CHUNK, n - i), done = i / 8 * m->bits;
        bsk_u128 sum0[CHUNK] = {0}, sum1[CHUNK] = {0};
        for (size_t k = 0; extra != NULL && k < size; k++) {
            sum0[k] = (bsk_u128)extra[i + k] * scaled;
        }
        for (size_t j = 0; j < count; j += ROWS) {
            const size_t rows = least(ROWS, count - j);
            for (size_t r = 0; r < 2 * rows; r++) {
                const uint8_t *p = b + (2 * j + r) * half + done;
                bsk_portable_unpack_within(y[r % 2][r / 2], p, half - done, m->bits, size);
                fetch(p + AHEAD, size / 8 * m->bits);
            }
            accumulate(sum0, a + j, i, y[0], rows, size);
            accumulate(sum1, a + j, i, y[1], rows, size);
        }
        finish(m, out0 + i, sum0, size);
        finish(m, out1 + i, sum1, size);
    }
}

void bsk_portable_packed_weights(
    const bsk_modulus *m, uint64_t *const *out0, uint64_t *const *out1, const size_t *counts,
    size_t sums, const uint8_t *w, const uint64_t *const *b0, const uint64_t *const *b1,
    size_t n, int repeats) {
    const uint8_t *const start = w;
    const size_t block = least(BSK_WEIGHT_BLOCK, n), bytes = block / 8 * m->bits;
    uint64_t x[ROWS][CHUNK];
    size_t all = 0, left = 0;
    for (size_t g = 0; g < sums; g++) all += counts[g] * bytes;
    for (size_t i = 0; i < n; i += block) {
        size_t first = 0;
        if (repeats) w = start;
        if (repeats || i == 0) left = repeats ? all : all * (n / block);
        for (size_t g = 0; g < sums; first += counts[g], g++) {
            bsk_u128 sum0[BSK_WEIGHT_BLOCK] = {0}, sum1[BSK_WEIGHT_BLOCK] = {0};
            for (size_t j = 0; j < counts[g]; j += ROWS) {
                const size_t rows = least(ROWS, counts[g] - j);
                for (size_t r = 0; r < rows; r++, w += bytes, left -= bytes) {
                    bsk_portable_unpack_within(x[r], w, left, m->bits, block);
                }
                accumulate(sum0, b0 + first + j, i, x, rows, block);
                accumulate(sum1, b1 + first + j, i, x, rows, block);
            }
            finish(m, out0[g] + i, sum0, block);
            finish(m, out1[g] + i, sum1, block);
        }
    }
}
