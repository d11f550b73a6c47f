// SPDX-License-Identifier: Apache-2.0

// Packs lines into panels (gemm.h).
#include <stdlib.h>

#include "gemm_lines.h"

// The steps of some lines, one after the other.
typedef struct {
    const bsk_csr *m;
    const bsk_gemm_line *lines;
    size_t count;
    size_t at[BSK_GEMM_LINES];
    size_t steps, filled; // so far; `filled` without the lines that have no weight in a step
    uint32_t pair;
    int16_t weights[2 * BSK_GEMM_LINES];
} walk;

static walk walk_of(const bsk_csr *m, const bsk_gemm_line *lines, size_t count) {
    walk w = {.m = m, .lines = lines, .count = count};
    for (size_t r = 0; r < count; r++) w.at[r] = m->row_start[lines[r].row];
    return w;
}

// Whether there is one more pair of features where a weight isn't zero.
static int next(walk *w) {
    const bsk_csr *m = w->m;
    for (;;) {
        w->pair = UINT32_MAX;
        for (size_t r = 0; r < w->count; r++) {
            if (w->at[r] == m->row_start[w->lines[r].row + 1]) continue;
            const uint32_t pair = m->columns[w->at[r]] / 2;
            w->pair = pair < w->pair ? pair : w->pair;
        }
        if (w->pair == UINT32_MAX) return 0;
        size_t filled = 0;
        for (size_t r = 0; r < w->count; r++) {
            const size_t end = m->row_start[w->lines[r].row + 1];
            int is_filled = 0;
            w->weights[2 * r] = w->weights[2 * r + 1] = 0;
            for (; w->at[r] < end && m->columns[w->at[r]] / 2 == w->pair; w->at[r]++) {
                const int16_t d = bsk_gemm_digit(&w->lines[r], m->weights[w->at[r]]);
                w->weights[2 * r + m->columns[w->at[r]] % 2] = d;
                is_filled |= d != 0;
            }
            filled += (size_t)is_filled;
        }
        w->filled += filled;
        w->steps += filled > 0;
        if (filled > 0) return 1;
    }
}

typedef struct {
    bsk_gemm *g;
    size_t steps, weights;
    size_t panel_room, step_room, weight_room;
} builder;

// p with room for `count` elements, twice what it had where that was too little; NULL when memory runs out.
static void *grown(void *p, size_t *room, size_t count, size_t size) {
    if (count <= *room) return p;
    const size_t wanted = count > 2 * *room ? count : 2 * *room;
    void *moved = realloc(p, wanted * size);
    if (moved != NULL) *room = wanted;
    return moved;
}

static bsk_gemm_panel *add_panel(builder *b, const walk *w, int is_first) {
    bsk_gemm *g = b->g;
    void *panels = grown(g->panel, &b->panel_room, g->panels + 1, sizeof *g->panel);
    if (panels == NULL) return NULL;
    g->panel = panels;
    bsk_gemm_panel *panel = &g->panel[g->panels++];
    *panel = (bsk_gemm_panel){.lines = (uint32_t)w->count};
    for (size_t r = 0; r < w->count; r++) {
        const bsk_gemm_line line = w->lines[r];
        panel->to[r] = (bsk_gemm_target){
            line.row, (uint8_t)(8 * line.part), (uint8_t)(is_first && line.part == 0)};
    }
    return panel;
}

// Room for one more step of eight lines.
static int reserve_step(builder *b) {
    bsk_gemm *g = b->g;
    void *pairs = grown(g->pairs, &b->step_room, b->steps + 1, sizeof *g->pairs);
    if (pairs != NULL) g->pairs = pairs;
    void *weights = grown(
        g->weights, &b->weight_room, b->weights + 2 * BSK_GEMM_LINES, sizeof *g->weights);
    if (weights != NULL) g->weights = weights;
    return pairs != NULL && weights != NULL;
}

static int add_step(builder *b, bsk_gemm_panel *panel, const walk *w) {
    bsk_gemm *g = b->g;
    if (!reserve_step(b)) return 0;
    g->pairs[b->steps++] = w->pair;
    for (size_t i = 0; i < 2 * w->count; i++) g->weights[b->weights++] = w->weights[i];
    panel->steps++;
    g->cost += w->count;
    return 1;
}

// The panels of one to eight lines: a new one where 32 bits could not hold the sums.
static int add_lines(builder *b, walk w) {
    uint32_t sum[BSK_GEMM_LINES] = {0};
    bsk_gemm_panel *panel = add_panel(b, &w, 1);
    while (panel != NULL && next(&w)) {
        uint32_t largest = 0, added[BSK_GEMM_LINES];
        for (size_t r = 0; r < w.count; r++) {
            added[r] = (uint32_t)(abs(w.weights[2 * r]) + abs(w.weights[2 * r + 1]));
            largest = sum[r] + added[r] > largest ? sum[r] + added[r] : largest;
        }
        const int is_full = largest > BSK_GEMM_LIMIT;
        if (is_full) panel = add_panel(b, &w, 0);
        for (size_t r = 0; r < w.count; r++) sum[r] = (is_full ? 0 : sum[r]) + added[r];
        if (panel == NULL || !add_step(b, panel, &w)) return 0;
    }
    return panel != NULL;
}

// What lines cost at best, together or in halves: a step's dot products and, once, its digits.
static size_t least_cost(
    const bsk_csr *m, const bsk_gemm_line *lines, size_t count, int *is_split) {
    const size_t half = count / 2;
    walk w = walk_of(m, lines, count);
    while (next(&w)) continue;
    const size_t together = w.steps * (count + 1);
    *is_split = 0;
    // A step of h <= half lines costs h + 1 and is filled in h at most, so halves cost filled (half + 1) / half at least.
    if (half == 0 || together * half <= w.filled * (half + 1)) return together;
    int ignored;
    const size_t apart =
        least_cost(m, lines, half, &ignored) + least_cost(m, lines + half, half, &ignored);
    *is_split = apart < together;
    return *is_split ? apart : together;
}

static int add_best(builder *b, const bsk_csr *m, const bsk_gemm_line *lines, size_t count) {
    const size_t half = count / 2;
    int is_split;
    least_cost(m, lines, count, &is_split);
    if (!is_split) return add_lines(b, walk_of(m, lines, count));
    return add_best(b, m, lines, half) && add_best(b, m, lines + half, half);
}

int bsk_gemm_pack(bsk_gemm *g, const bsk_csr *m, const bsk_gemm_line *lines, size_t count) {
    builder b = {.g = g};
    int is_complete = reserve_step(&b);
    for (size_t i = 0, size = BSK_GEMM_LINES; is_complete && i < count; i += size) {
        while (size > count - i) size /= 2;
        is_complete = add_best(&b, m, lines + i, size);
    }
    return is_complete;
}
