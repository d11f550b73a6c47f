// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

enum { BSK_CHUNK = 64 };

static void accumulate(bsk_u128 *sum, const uint64_t *a, const uint64_t *b, size_t size) {
    for (size_t i = 0; i < size; i++) sum[i] += (bsk_u128)a[i] * b[i];
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

void bsk_portable_packed_keys(
    const bsk_modulus *m, uint64_t *out0, uint64_t *out1, const uint64_t *const *a,
    const uint8_t *b, size_t count, const uint64_t *extra, uint64_t scale, size_t n) {
    const size_t half = n / 8 * m->bits;
    const uint64_t scaled = bsk_reduce_wide(m, (bsk_u128)scale << 52);
    uint64_t y[BSK_CHUNK];
    for (size_t i = 0; i < n; i += BSK_CHUNK) {
        const size_t size = n - i < BSK_CHUNK ? n - i : BSK_CHUNK;
        bsk_u128 sum0[BSK_CHUNK] = {0}, sum1[BSK_CHUNK] = {0};
        for (size_t k = 0; extra != NULL && k < size; k++) {
            sum0[k] = (bsk_u128)extra[i + k] * scaled;
        }
        for (size_t j = 0; j < count; j++) {
            const uint8_t *p = b + 2 * j * half + i / 8 * m->bits;
            bsk_portable_unpack(y, p, m->bits, size);
            accumulate(sum0, a[j] + i, y, size);
            bsk_portable_unpack(y, p + half, m->bits, size);
            accumulate(sum1, a[j] + i, y, size);
        }
        finish(m, out0 + i, sum0, size);
        finish(m, out1 + i, sum1, size);
    }
}

void bsk_portable_packed_weights(
    const bsk_modulus *m, uint64_t *const *out0, uint64_t *const *out1, const size_t *counts,
    size_t sums, const uint8_t *w, const uint64_t *const *b0, const uint64_t *const *b1,
    size_t n) {
    const size_t block = n < BSK_WEIGHT_BLOCK ? n : BSK_WEIGHT_BLOCK;
    uint64_t x[BSK_WEIGHT_BLOCK];
    for (size_t i = 0; i < n; i += block) {
        size_t j = 0;
        for (size_t g = 0; g < sums; g++) {
            bsk_u128 sum0[BSK_WEIGHT_BLOCK] = {0}, sum1[BSK_WEIGHT_BLOCK] = {0};
            for (size_t end = j + counts[g]; j < end; j++, w += block / 8 * m->bits) {
                bsk_portable_unpack(x, w, m->bits, block);
                accumulate(sum0, b0[j] + i, x, block);
                accumulate(sum1, b1[j] + i, x, block);
            }
            finish(m, out0[g] + i, sum0, block);
            finish(m, out1[g] + i, sum1, block);
        }
    }
}
