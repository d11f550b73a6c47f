// SPDX-License-Identifier: Apache-2.0

// Private to CKernels: a matrix of small weights as bsk_gemm_create packs it, and how digits lie.
//
// Digits. c in (-q/2, q/2) has k = bsk_digit_count(bits) fields of 16 bits in two's complement, for |c| < 2^(16 k - 1).
// The top field is signed; the others, less 2^15, are too: c = bsk_gemm_offset(k) + sum over i < k of d_i 2^(16 i), each
// d_i in [-2^15, 2^15). (Without the offset a c near 2^(16 k - 1) would need one digit more.) The digits i of a pair of
// features f, f + 1 at the 16 positions of a tile are a vector of 8 words: word j is d_i of f at j, of f + 1 at j, of f at
// 8 + j, of f + 1 at 8 + j, lowest first. Vectors lie in the order pair, digit. So the sums of a dot product alternate:
// position j in 32-bit lane 2 j, position 8 + j in the next.
//
// Weights. A row is one line of weights below 2^15 in magnitude, or lines of its balanced digits to base 2^8. Up to 8 lines
// of like support make a panel: of each pair of features where one is not zero (a step) the weights of the lines, two a
// line. |d| <= 2^15, so a line's sums of w d fit 32 bits, with every partial sum, while its |w| add up to BSK_GEMM_LIMIT at
// most: 65535 2^15 < 2^31. A panel ends before that (two weights are 65534 at most), and its sums are added, each at its
// digits' place, to those of 64 bits. They may wrap on the way: what is below 2^62 in the end is right modulo 2^64.
#ifndef BSK_GEMM_H
#define BSK_GEMM_H

#include "internal.h"

enum { BSK_GEMM_LINES = 8, BSK_GEMM_LIMIT = 65535 };

typedef struct {
    uint32_t row;
    uint8_t shift;    // of the line's digit: 0, 8, 16 or 24
    uint8_t is_first; // whether nothing was added to the row before
} bsk_gemm_target;

typedef struct {
    size_t steps;
    uint32_t lines; // 8, 4, 2 or 1
    bsk_gemm_target to[BSK_GEMM_LINES];
} bsk_gemm_panel;

struct bsk_gemm {
    size_t panels, cost;
    bsk_gemm_panel *panel;
    // Of the steps of all panels, one after the other: the pair of features, then 2 lines weights.
    uint32_t *pairs;
    int16_t *weights;
    int64_t *row_sums; // of the weights
};

// sum over i < k - 1 of 2^15 2^(16 i).
BSK_INLINE uint64_t bsk_gemm_offset(size_t k) {
    return 0x0000800080008000 & (((uint64_t)1 << (16 * (k - 1))) - 1);
}

// What a row's sums begin with.
BSK_INLINE uint64_t bsk_gemm_start(
    const bsk_gemm *g, bsk_gemm_target to, const int64_t *acc, size_t position, size_t k) {
    return to.is_first ? (uint64_t)g->row_sums[to.row] * bsk_gemm_offset(k)
                       : (uint64_t)acc[BSK_TILE * to.row + position];
}

#endif
