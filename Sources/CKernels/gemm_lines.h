// SPDX-License-Identifier: Apache-2.0

// Private to CKernels: what packing a matrix goes through (gemm.h).
#ifndef BSK_GEMM_LINES_H
#define BSK_GEMM_LINES_H

#include "gemm.h"

// Weights by rows: those of row r at row_start[r]..<row_start[r + 1], columns ascending.
typedef struct {
    size_t rows;
    const size_t *row_start;
    const uint32_t *columns;
    const int32_t *weights;
} bsk_csr;

// Digit `part` of a row's weights, of `parts`.
typedef struct {
    uint32_t row;
    uint8_t part, parts;
} bsk_gemm_line;

// Lines of rows of like support follow each other, those of a row in the order of their digits. For the caller to free;
// NULL when memory runs out.
bsk_gemm_line *bsk_gemm_lines(const bsk_csr *m, size_t *count);

// Fills panel, pairs, weights and cost of an empty g. Returns 0 when memory runs out.
int bsk_gemm_pack(bsk_gemm *g, const bsk_csr *m, const bsk_gemm_line *lines, size_t count);

// The weight w as a line holds it: w = sum of digits 2^(8 part), each but the last in [-128, 128).
BSK_INLINE int16_t bsk_gemm_digit(const bsk_gemm_line *line, int32_t w) {
    int64_t rest = w;
    for (uint8_t i = 0; i < line->part; i++) rest = (rest + 128) >> 8;
    return line->part + 1 < line->parts ? (int8_t)rest : (int16_t)rest;
}

#endif
