// SPDX-License-Identifier: Apache-2.0

#include "avx512_nadic.h"

#if BSK_HAS_AVX512

#define TILE BSK_NADIC_TILE

// Adds the products of ten digits of x and ten of y to twenty columns. Columns are words, and a term is below 2^52: a column of
// the largest k gets 2 (3 k) of them, and stays below 2^52 * 481 < 2^61.
BSK_AVX512_INLINE void tile(bsk_v8 *columns, const uint64_t *x, const uint64_t *y) {
    bsk_v8 digits[TILE];
    BSK_UNROLL for (int i = 0; i < TILE; i++) digits[i] = v_load(x + 8 * i);
    BSK_UNROLL for (int j = 0; j < TILE; j++) {
        const bsk_v8 digit = v_load(y + 8 * j);
        BSK_UNROLL for (int i = 0; i < TILE; i++) {
            columns[i + j] = v_low(columns[i + j], digits[i], digit);
        }
        BSK_UNROLL for (int i = 0; i < TILE; i++) {
            columns[i + j + 1] = v_high(columns[i + j + 1], digits[i], digit);
        }
    }
}

// The products of two different digits of ten, once.
BSK_AVX512_INLINE void triangle(bsk_v8 *columns, const uint64_t *x) {
    bsk_v8 digits[TILE];
    BSK_UNROLL for (int i = 0; i < TILE; i++) digits[i] = v_load(x + 8 * i);
    BSK_UNROLL for (int j = 0; j < TILE; j++) {
        BSK_UNROLL for (int i = j + 1; i < TILE; i++) {
            columns[i + j] = v_low(columns[i + j], digits[i], digits[j]);
        }
        BSK_UNROLL for (int i = j + 1; i < TILE; i++) {
            columns[i + j + 1] = v_high(columns[i + j + 1], digits[i], digits[j]);
        }
    }
}

// The squares of ten digits.
BSK_AVX512_INLINE void diagonal(bsk_v8 *columns, const uint64_t *x) {
    BSK_UNROLL for (int i = 0; i < TILE; i++) {
        const bsk_v8 digit = v_load(x + 8 * i);
        columns[2 * i] = v_low(columns[2 * i], digit, digit);
        columns[2 * i + 1] = v_high(columns[2 * i + 1], digit, digit);
    }
}

// As `tile`, with ten digits of the modulus, equal in all lanes.
BSK_AVX512_INLINE void tile_of_modulus(bsk_v8 *columns, const uint64_t *x, const uint64_t *n) {
    bsk_v8 digits[TILE];
    BSK_UNROLL for (int i = 0; i < TILE; i++) digits[i] = v_load(x + 8 * i);
    BSK_UNROLL for (int j = 0; j < TILE; j++) {
        const bsk_v8 digit = v_set(n[j]);
        BSK_UNROLL for (int i = 0; i < TILE; i++) {
            columns[i + j] = v_low(columns[i + j], digits[i], digit);
        }
        BSK_UNROLL for (int i = 0; i < TILE; i++) {
            columns[i + j + 1] = v_high(columns[i + j + 1], digits[i], digit);
        }
    }
}

// Ten digits of the quotient: makes the lower ten columns multiples of 2^52, and moves what they hold up.
BSK_AVX512_INLINE void quotient(
    bsk_v8 *columns, uint64_t *q, const uint64_t *n, const bsk_v8 inverse) {
    BSK_UNROLL for (int i = 0; i < TILE; i++) {
        const bsk_v8 digit = v_low(v_zero(), columns[i], inverse);
        v_store(q + 8 * i, digit);
        BSK_UNROLL for (int j = 0; j < TILE; j++) {
            const bsk_v8 factor = v_set(n[j]);
            columns[i + j] = v_low(columns[i + j], digit, factor);
            columns[i + j + 1] = v_high(columns[i + j + 1], digit, factor);
        }
        columns[i + 1] = v_add(columns[i + 1], _mm512_srli_epi64(columns[i], 52));
    }
}

// Writes the lower ten columns as digits, and carries into the upper ones.
BSK_AVX512_INLINE void digits_of(bsk_v8 *columns, uint64_t *out) {
    const bsk_v8 mask = v_set(BSK_MASK52);
    BSK_UNROLL for (int i = 0; i < TILE; i++) {
        v_store(out + 8 * i, _mm512_and_si512(columns[i], mask));
        columns[i + 1] = v_add(columns[i + 1], _mm512_srli_epi64(columns[i], 52));
    }
}

BSK_AVX512_INLINE void move_down(bsk_v8 *columns) {
    BSK_UNROLL for (int i = 0; i < TILE; i++) {
        columns[i] = columns[i + TILE];
        columns[i + TILE] = v_zero();
    }
}

// What is reduced: x y + z w + initial, or x^2.
typedef struct {
    const uint64_t *x, *y, *z, *w;
    int is_square;
} bsk_terms;

BSK_AVX512_INLINE void add_terms(
    bsk_v8 *columns, const bsk_terms *t, size_t block, size_t first, size_t last) {
    const size_t step = 8 * TILE;
    if (t->is_square) {
        bsk_v8 carried[TILE];
        BSK_UNROLL for (int i = 0; i < TILE; i++) {
            carried[i] = columns[i];
            columns[i] = v_zero();
        }
        // Half of the products, doubled.
        for (size_t i = first; 2 * i < block; i++) {
            tile(columns, t->x + i * step, t->x + (block - i) * step);
        }
        const uint64_t *middle = t->x + block / 2 * step;
        if (block % 2 == 0) triangle(columns, middle);
        BSK_UNROLL for (int i = 0; i < 2 * TILE; i++) columns[i] = v_add(columns[i], columns[i]);
        BSK_UNROLL for (int i = 0; i < TILE; i++) columns[i] = v_add(columns[i], carried[i]);
        if (block % 2 == 0) diagonal(columns, middle);
        return;
    }
    for (size_t i = first; i <= last; i++) {
        tile(columns, t->x + i * step, t->y + (block - i) * step);
    }
    if (t->z != NULL) {
        for (size_t i = first; i <= last; i++) {
            tile(columns, t->z + i * step, t->w + (block - i) * step);
        }
    }
}

// out = (terms + initial + q n) / R, by columns, ten at a time; q is written too.
BSK_AVX512_INLINE void reduce(
    const bsk_nadic *m, uint64_t *out, uint64_t *q, const bsk_terms *terms,
    const uint64_t *initial) {
    const size_t tiles = m->k / TILE, step = 8 * TILE;
    const bsk_v8 inverse = v_set(m->inverse);
    bsk_v8 columns[2 * TILE];
    BSK_UNROLL for (int i = 0; i < 2 * TILE; i++) columns[i] = v_zero();
    for (size_t block = 0; block < 2 * tiles - 1; block++) {
        const size_t first = block < tiles ? 0 : block - tiles + 1;
        add_terms(columns, terms, block, first, block < tiles ? block : tiles - 1);
        const size_t end = block < tiles ? block : tiles;
        for (size_t i = first; i < end; i++) {
            tile_of_modulus(columns, q + i * step, m->n + (block - i) * TILE);
        }
        if (block < tiles) {
            if (initial != NULL) {
                BSK_UNROLL for (int i = 0; i < TILE; i++) {
                    columns[i] = v_add(columns[i], v_load(initial + block * step + 8 * i));
                }
            }
            quotient(columns, q + block * step, m->n, inverse);
        } else {
            digits_of(columns, out + (block - tiles) * step);
        }
        move_down(columns);
    }
    digits_of(columns, out + (tiles - 1) * step);
}

// bias + (R - 1 - q): n-adically, -q.
BSK_AVX512_INLINE void negate_quotient(const bsk_nadic *m, uint64_t *q) {
    const bsk_v8 mask = v_set(BSK_MASK52);
    for (size_t i = 0; i < m->k; i++) {
        const bsk_v8 complement = _mm512_xor_si512(v_load(q + 8 * i), mask);
        v_store(q + 8 * i, v_add(complement, v_set(m->bias[i])));
    }
}

// Carries in a number of k digits.
BSK_AVX512_INLINE void add_digits(
    size_t k, uint64_t *out, const uint64_t *a, const uint64_t *b) {
    const bsk_v8 mask = v_set(BSK_MASK52);
    bsk_v8 carry = v_zero();
    for (size_t i = 0; i < 8 * k; i += 8) {
        const bsk_v8 sum = v_add(v_add(v_load(a + i), v_load(b + i)), carry);
        v_store(out + i, _mm512_and_si512(sum, mask));
        carry = _mm512_srli_epi64(sum, 52);
    }
}

BSK_AVX512_TARGET void bsk_nadic_multiply(
    const bsk_nadic *m, uint64_t *out, const uint64_t *a, const uint64_t *b) {
    BSK_ALIGNED uint64_t first[8 * BSK_NADIC_MAX], q[8 * BSK_NADIC_MAX], q1[8 * BSK_NADIC_MAX];
    const size_t half = 8 * m->k;
    reduce(m, first, q, &(bsk_terms){a, b, NULL, NULL, 0}, NULL);
    negate_quotient(m, q);
    reduce(m, out + half, q1, &(bsk_terms){a, b + half, a + half, b, 0}, q);
    memcpy(out, first, half * 8);
}

BSK_AVX512_TARGET void bsk_nadic_square(const bsk_nadic *m, uint64_t *out, const uint64_t *a) {
    BSK_ALIGNED uint64_t first[8 * BSK_NADIC_MAX], q[8 * BSK_NADIC_MAX], q1[8 * BSK_NADIC_MAX];
    BSK_ALIGNED uint64_t twice[8 * BSK_NADIC_MAX];
    const size_t half = 8 * m->k;
    reduce(m, first, q, &(bsk_terms){a, NULL, NULL, NULL, 1}, NULL);
    negate_quotient(m, q);
    add_digits(m->k, twice, a + half, a + half);
    reduce(m, out + half, q1, &(bsk_terms){a, twice, NULL, NULL, 0}, q);
    memcpy(out, first, half * 8);
}

BSK_AVX512_TARGET void bsk_nadic_add(
    const bsk_nadic *m, uint64_t *out, const uint64_t *a, const uint64_t *b) {
    add_digits(m->k, out, a, b);
    add_digits(m->k, out + 8 * m->k, a + 8 * m->k, b + 8 * m->k);
}

#else

// No other machine says that they are available.
void bsk_nadic_multiply(const bsk_nadic *m, uint64_t *out, const uint64_t *a, const uint64_t *b) {
    (void)m, (void)out, (void)a, (void)b;
    __builtin_trap();
}
void bsk_nadic_square(const bsk_nadic *m, uint64_t *out, const uint64_t *a) {
    (void)m, (void)out, (void)a;
    __builtin_trap();
}
void bsk_nadic_add(const bsk_nadic *m, uint64_t *out, const uint64_t *a, const uint64_t *b) {
    (void)m, (void)out, (void)a, (void)b;
    __builtin_trap();
}

#endif
