// SPDX-License-Identifier: Apache-2.0

// The lines of a matrix of small weights: rows in the order of their supports, wide ones as digits.
#include <stdlib.h>

#include "gemm_lines.h"

// Of the pairs of features where rows a and b have weights, the lexicographic order.
static int is_before(const bsk_csr *m, uint32_t a, uint32_t b) {
    const uint32_t *x = m->columns + m->row_start[a], *y = m->columns + m->row_start[b];
    const uint32_t *x_end = m->columns + m->row_start[a + 1];
    const uint32_t *y_end = m->columns + m->row_start[b + 1];
    for (; x < x_end && y < y_end; x++, y++) {
        if (*x / 2 != *y / 2) return *x / 2 < *y / 2;
    }
    return x == x_end && y < y_end;
}

// A stable merge sort.
static int sort_rows(const bsk_csr *m, uint32_t *order) {
    uint32_t *scratch = malloc((m->rows + 1) * sizeof *scratch);
    if (scratch == NULL) return 0;
    for (size_t i = 0; i < m->rows; i++) order[i] = (uint32_t)i;
    for (size_t size = 1; size < m->rows; size *= 2) {
        for (size_t first = 0; first < m->rows; first += 2 * size) {
            const size_t middle = first + size < m->rows ? first + size : m->rows;
            const size_t end = middle + size < m->rows ? middle + size : m->rows;
            size_t a = first, b = middle;
            for (size_t i = first; i < end; i++) {
                const int takes_b =
                    a == middle || (b < end && is_before(m, order[b], order[a]));
                scratch[i] = takes_b ? order[b++] : order[a++];
            }
        }
        for (size_t i = 0; i < m->rows; i++) order[i] = scratch[i];
    }
    free(scratch);
    return 1;
}

// How many lines a row is worth. As one, it is flushed each time its magnitudes have added up to BSK_GEMM_LIMIT, which
// takes as long as BSK_FLUSH_COST dot products a digit (4 measured, and panels end a little early); as two, it costs a
// second dot product a step.
enum { BSK_FLUSH_COST = 5 };

static uint8_t parts_of(const bsk_csr *m, uint32_t row) {
    uint64_t largest = 0, sum = 0, pairs = 0;
    for (size_t i = m->row_start[row]; i < m->row_start[row + 1]; i++) {
        const uint64_t magnitude = (uint64_t)llabs((long long)m->weights[i]);
        largest = magnitude > largest ? magnitude : largest;
        sum += magnitude;
        pairs += i == m->row_start[row] || m->columns[i] / 2 != m->columns[i - 1] / 2;
    }
    if (largest < 1 << 15 && sum / BSK_GEMM_LIMIT * BSK_FLUSH_COST <= pairs) return 1;
    uint8_t parts = 1;
    for (; largest > 128; parts++) largest = (largest + 128) >> 8;
    return parts;
}

bsk_gemm_line *bsk_gemm_lines(const bsk_csr *m, size_t *count) {
    uint32_t *order = malloc((m->rows + 1) * sizeof *order);
    bsk_gemm_line *lines = NULL;
    *count = 0;
    if (order == NULL || !sort_rows(m, order)) goto end;
    for (uint32_t row = 0; row < m->rows; row++) *count += parts_of(m, row);
    lines = malloc((*count + 1) * sizeof *lines);
    if (lines == NULL) goto end;
    *count = 0;
    for (size_t i = 0; i < m->rows; i++) {
        const uint8_t parts = parts_of(m, order[i]);
        for (uint8_t part = 0; part < parts; part++) {
            lines[(*count)++] = (bsk_gemm_line){order[i], part, parts};
        }
    }
end:
    free(order);
    return lines;
}
