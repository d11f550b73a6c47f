// SPDX-License-Identifier: Apache-2.0

#include "avx512_nadic.h"

int bsk_nadic_supported(void) { return bsk_avx512_available(); }

int bsk_nadic_available(void) { return strcmp(bsk_path(), "avx512ifma") == 0; }

// R is above 2^8 n.
size_t bsk_nadic_digits(size_t bits) {
    const size_t tile = BSK_NADIC_TILE, k = ((bits + 8 + 51) / 52 + tile - 1) / tile * tile;
    return k <= BSK_NADIC_MAX ? k : 0;
}

size_t bsk_nadic_stride(size_t k) { return (2 * k + 7) / 8 * 8; }

void bsk_nadic_init(bsk_nadic *m, size_t k, const uint64_t *n, const uint64_t *bias) {
    memset(m, 0, sizeof *m);
    m->k = k;
    m->inverse = -bsk_inverse52(n[0] | n[1] << 52) & BSK_MASK52;
    memcpy(m->n, n, k * 8);
    memcpy(m->bias, bias, k * 8);
}

#if BSK_HAS_AVX512

// Rows to columns of eight by eight words.
BSK_AVX512_INLINE void transpose(bsk_v8 *r) {
    bsk_v8 t[8];
    BSK_UNROLL for (int i = 0; i < 8; i += 2) {
        t[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
    }
    BSK_UNROLL for (int i = 0; i < 2; i++) {
        const bsk_v8 a = _mm512_shuffle_i64x2(t[i], t[i + 2], 0x88);
        const bsk_v8 b = _mm512_shuffle_i64x2(t[i], t[i + 2], 0xDD);
        const bsk_v8 c = _mm512_shuffle_i64x2(t[i + 4], t[i + 6], 0x88);
        const bsk_v8 d = _mm512_shuffle_i64x2(t[i + 4], t[i + 6], 0xDD);
        r[i] = _mm512_shuffle_i64x2(a, c, 0x88);
        r[i + 4] = _mm512_shuffle_i64x2(a, c, 0xDD);
        r[i + 2] = _mm512_shuffle_i64x2(b, d, 0x88);
        r[i + 6] = _mm512_shuffle_i64x2(b, d, 0xDD);
    }
}

BSK_AVX512_TARGET void bsk_nadic_gather(
    const bsk_nadic *m, uint64_t *out, const uint64_t *const in[8]) {
    bsk_v8 rows[8];
    for (size_t i = 0; i < 2 * m->k; i += 8) {
        BSK_UNROLL for (int l = 0; l < 8; l++) rows[l] = v_load(in[l] + i);
        transpose(rows);
        BSK_UNROLL for (int l = 0; l < 8; l++) {
            if (i + l < 2 * m->k) v_store(out + 8 * (i + l), rows[l]);
        }
    }
}

BSK_AVX512_TARGET void bsk_nadic_scatter(
    const bsk_nadic *m, uint64_t *const out[8], const uint64_t *in) {
    bsk_v8 rows[8];
    for (size_t i = 0; i < 2 * m->k; i += 8) {
        BSK_UNROLL for (int l = 0; l < 8; l++) {
            rows[l] = i + l < 2 * m->k ? v_load(in + 8 * (i + l)) : v_zero();
        }
        transpose(rows);
        BSK_UNROLL for (int l = 0; l < 8; l++) {
            if (out[l] != NULL) v_store(out[l] + i, rows[l]);
        }
    }
}

void bsk_nadic_multiply_singles(
    const bsk_nadic *m, uint64_t *const *out, const uint64_t *const *a, const uint64_t *const *b,
    size_t count) {
    BSK_ALIGNED uint64_t x[BSK_NADIC_LANES_MAX], y[BSK_NADIC_LANES_MAX];
    for (size_t i = 0; i < 8 * count; i += 8) {
        bsk_nadic_gather(m, x, a + i);
        if (memcmp(a + i, b + i, 8 * sizeof *a) == 0) {
            bsk_nadic_square(m, x, x);
        } else {
            bsk_nadic_gather(m, y, b + i);
            bsk_nadic_multiply(m, x, x, y);
        }
        bsk_nadic_scatter(m, out + i, x);
    }
    bsk_wipe(x, sizeof x);
    bsk_wipe(y, sizeof y);
}

// Eight entries are a vector, of which a permutation picks one for each lane; all are read.
BSK_AVX512_TARGET void bsk_nadic_select(
    const bsk_nadic *m, uint64_t *out, const uint64_t *table, uint32_t bits,
    const uint64_t index[8], uint8_t chosen) {
    const bsk_v8 lanes = v_load(index);
    const size_t vectors = (size_t)1 << (bits - 3);
    __mmask8 is_run[32];
    for (size_t j = 0; j < vectors; j++) {
        is_run[j] = _mm512_cmpeq_epi64_mask(_mm512_srli_epi64(lanes, 3), v_set(j));
    }
    for (size_t i = 0; i < 2 * m->k; i++) {
        const uint64_t *entries = table + (i << bits);
        bsk_v8 digit = v_zero();
        for (size_t j = 0; j < vectors; j++) {
            digit = _mm512_mask_permutexvar_epi64(digit, is_run[j], lanes, v_load(entries + 8 * j));
        }
        _mm512_mask_storeu_epi64(out + 8 * i, chosen, digit);
    }
}

BSK_AVX512_TARGET void bsk_nadic_select_lanes(
    const bsk_nadic *m, uint64_t *out, const uint64_t *table, size_t count, uint64_t index) {
    const size_t words = 16 * m->k;
    for (size_t start = 0; start < words; start += 16 * BSK_NADIC_TILE) {
        bsk_v8 digits[2 * BSK_NADIC_TILE];
        BSK_UNROLL for (int i = 0; i < 2 * BSK_NADIC_TILE; i++) digits[i] = v_zero();
        for (size_t j = 0; j < count; j++) {
            const __mmask8 is_entry = _mm512_cmpeq_epi64_mask(v_set(j), v_set(index));
            const uint64_t *entry = table + j * words + start;
            BSK_UNROLL for (int i = 0; i < 2 * BSK_NADIC_TILE; i++) {
                digits[i] = _mm512_mask_mov_epi64(digits[i], is_entry, v_load(entry + 8 * i));
            }
        }
        BSK_UNROLL for (int i = 0; i < 2 * BSK_NADIC_TILE; i++) {
            v_store(out + start + 8 * i, digits[i]);
        }
    }
}

#else

// As in avx512_nadic.c.
void bsk_nadic_gather(const bsk_nadic *m, uint64_t *out, const uint64_t *const in[8]) {
    (void)m, (void)out, (void)in;
    __builtin_trap();
}
void bsk_nadic_scatter(const bsk_nadic *m, uint64_t *const out[8], const uint64_t *in) {
    (void)m, (void)out, (void)in;
    __builtin_trap();
}
void bsk_nadic_multiply_singles(
    const bsk_nadic *m, uint64_t *const *out, const uint64_t *const *a, const uint64_t *const *b,
    size_t count) {
    (void)m, (void)out, (void)a, (void)b, (void)count;
    __builtin_trap();
}
void bsk_nadic_select(
    const bsk_nadic *m, uint64_t *out, const uint64_t *table, uint32_t bits,
    const uint64_t index[8], uint8_t chosen) {
    (void)m, (void)out, (void)table, (void)bits, (void)index, (void)chosen;
    __builtin_trap();
}
void bsk_nadic_select_lanes(
    const bsk_nadic *m, uint64_t *out, const uint64_t *table, size_t count, uint64_t index) {
    (void)m, (void)out, (void)table, (void)count, (void)index;
    __builtin_trap();
}

#endif
