// SPDX-License-Identifier: Apache-2.0

#include <string.h>

#include "gemm.h"

size_t bsk_digit_count(uint32_t bits) { return (bits + 15) / 16; }

size_t bsk_tile_digits_words(uint32_t bits, size_t features) {
    return (features + 1) / 2 * bsk_digit_count(bits) * 8;
}

void bsk_portable_tile_digits(
    const bsk_modulus *m, uint64_t *out, const uint64_t *x, size_t features) {
    static const uint64_t none[BSK_TILE];
    const size_t k = bsk_digit_count(m->bits);
    for (size_t f = 0; f < features; f += 2, x += 2 * BSK_TILE, out += 8 * k) {
        const uint64_t *y = f + 1 < features ? x + BSK_TILE : none;
        for (size_t j = 0; j < 8; j++) {
            const uint64_t in[4] = {x[j], y[j], x[8 + j], y[8 + j]};
            uint64_t digits[4] = {0};
            for (size_t p = 0; p < 4; p++) {
                const uint64_t c =
                    (uint64_t)bsk_center_one(in[p], m->q) ^ bsk_gemm_offset(k);
                for (size_t i = 0; i < k; i++) digits[i] |= (c >> 16 * i & 0xFFFF) << 16 * p;
            }
            for (size_t i = 0; i < k; i++) out[8 * i + j] = digits[i];
        }
    }
}

// One line's sums of one digit.
static void dot(
    int32_t *out, const bsk_gemm_panel *panel, const uint32_t *pairs, const int16_t *weights,
    const uint64_t *digits, size_t k) {
    int32_t sum[BSK_TILE] = {0}; // in registers
    for (size_t s = 0; s < panel->steps; s++, weights += 2 * panel->lines) {
        const int16_t v = weights[0], w = weights[1];
        int16_t x[2 * BSK_TILE];
        memcpy(x, digits + 8 * k * pairs[s], sizeof x);
        for (size_t j = 0; j < BSK_TILE; j++) sum[j] += v * x[2 * j] + w * x[2 * j + 1];
    }
    memcpy(out, sum, sizeof sum);
}

void bsk_portable_gemm_sums(
    const bsk_gemm *g, int64_t *acc, const uint64_t *digits, uint32_t bits) {
    const size_t k = bsk_digit_count(bits);
    const uint32_t *pairs = g->pairs;
    const int16_t *weights = g->weights;
    for (size_t p = 0; p < g->panels; p++) {
        const bsk_gemm_panel *panel = &g->panel[p];
        for (size_t r = 0; r < panel->lines; r++) {
            const bsk_gemm_target to = panel->to[r];
            uint64_t total[BSK_TILE];
            for (size_t j = 0; j < BSK_TILE; j++) total[j] = bsk_gemm_start(g, to, acc, j, k);
            for (size_t i = 0; i < k; i++) {
                int32_t sum[BSK_TILE];
                dot(sum, panel, pairs, weights + 2 * r, digits + 8 * i, k);
                for (size_t j = 0; j < BSK_TILE; j++) {
                    total[j / 2 + j % 2 * 8] += (uint64_t)(int64_t)sum[j] << 16 * i << to.shift;
                }
            }
            memcpy(acc + BSK_TILE * to.row, total, sizeof total);
        }
        pairs += panel->steps;
        weights += 2 * panel->lines * panel->steps;
    }
}
