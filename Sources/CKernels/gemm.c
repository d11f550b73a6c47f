// SPDX-License-Identifier: Apache-2.0

// A matrix of small weights: making and freeing it.
#include <stdlib.h>

#include "gemm_lines.h"

static int fill(bsk_gemm *g, const bsk_csr *m) {
    size_t count;
    bsk_gemm_line *lines = bsk_gemm_lines(m, &count);
    g->row_sums = calloc(m->rows + 1, sizeof *g->row_sums);
    const int is_complete =
        lines != NULL && g->row_sums != NULL && bsk_gemm_pack(g, m, lines, count);
    free(lines);
    for (size_t r = 0; is_complete && r < m->rows; r++) {
        for (size_t i = m->row_start[r]; i < m->row_start[r + 1]; i++) {
            g->row_sums[r] += m->weights[i];
        }
    }
    return is_complete;
}

bsk_gemm *bsk_gemm_create_csr(
    const size_t *row_start, const uint32_t *columns, const int32_t *weights, size_t rows) {
    const bsk_csr m = {rows, row_start, columns, weights};
    bsk_gemm *g = calloc(1, sizeof *g);
    if (g == NULL || fill(g, &m)) return g;
    bsk_gemm_destroy(g);
    return NULL;
}

bsk_gemm *bsk_gemm_create(const int32_t *weights, size_t rows, size_t features) {
    size_t count = 0, at = 0;
    for (size_t i = 0; i < rows * features; i++) count += weights[i] != 0;
    size_t *row_start = malloc((rows + 1) * sizeof *row_start);
    uint32_t *columns = malloc((count + 1) * sizeof *columns);
    int32_t *values = malloc((count + 1) * sizeof *values);
    bsk_gemm *g = NULL;
    if (row_start != NULL && columns != NULL && values != NULL) {
        for (size_t r = 0; r < rows; r++) {
            row_start[r] = at;
            for (size_t f = 0; f < features; f++) {
                const int32_t w = weights[r * features + f];
                if (w == 0) continue;
                columns[at] = (uint32_t)f;
                values[at++] = w;
            }
        }
        row_start[rows] = at;
        g = bsk_gemm_create_csr(row_start, columns, values, rows);
    }
    free(row_start);
    free(columns);
    free(values);
    return g;
}

void bsk_gemm_destroy(bsk_gemm *g) {
    if (g == NULL) return;
    free(g->panel);
    free(g->pairs);
    free(g->weights);
    free(g->row_sums);
    free(g);
}

size_t bsk_gemm_cost(const bsk_gemm *g) { return g->cost; }
