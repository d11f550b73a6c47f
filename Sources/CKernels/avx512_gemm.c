// SPDX-License-Identifier: Apache-2.0

// Sums of a matrix of small weights by VNNI: 32 multiply-adds an instruction.
#include "avx512.h"
#include "gemm.h"

#if BSK_HAS_AVX512

#define VNNI_TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx512vnni")))
#define VNNI_INLINE static inline __attribute__((always_inline)) VNNI_TARGET
#define UNROLL _Pragma("clang loop unroll(full)")

// A transposition of four by four fields in each word, of two features at two positions.
BSK_AVX512_TARGET void bsk_avx512_tile_digits(
    const bsk_modulus *m, uint64_t *out, const uint64_t *x, size_t features) {
    const size_t k = bsk_digit_count(m->bits);
    const bsk_v8 q = v_set(m->q), half = v_set(m->q >> 1);
    // By step16 fields 0 and 1 of two words, by up16 fields 2 and 3; by step32 the lower halves of two words, by up32 the upper.
    const bsk_v8 step16 = _mm512_set_epi16(
        61, 29, 60, 28, 57, 25, 56, 24, 53, 21, 52, 20, 49, 17, 48, 16, 45, 13, 44, 12, 41, 9, 40, 8,
        37, 5, 36, 4, 33, 1, 32, 0);
    const bsk_v8 step32 =
        _mm512_set_epi32(30, 14, 28, 12, 26, 10, 24, 8, 22, 6, 20, 4, 18, 2, 16, 0);
    const bsk_v8 up16 = _mm512_add_epi16(step16, _mm512_set1_epi16(2));
    const bsk_v8 up32 = _mm512_add_epi32(step32, _mm512_set1_epi32(1));
    const bsk_v8 flip = _mm512_set1_epi16(-0x8000);
    for (size_t f = 0; f < features; f += 2, x += 2 * BSK_TILE, out += 8 * k) {
        bsk_v8 c[4], digit[4];
        const int is_pair = f + 1 < features;
        for (size_t p = 0; p < 4; p++) {
            c[p] = p % 2 == 0 || is_pair ? v_load(x + p % 2 * BSK_TILE + p / 2 * 8) : v_zero();
            c[p] = _mm512_mask_sub_epi64(c[p], _mm512_cmpgt_epu64_mask(c[p], half), c[p], q);
        }
        bsk_v8 a = _mm512_permutex2var_epi16(c[0], step16, c[1]);
        bsk_v8 b = _mm512_permutex2var_epi16(c[2], step16, c[3]);
        digit[0] = _mm512_permutex2var_epi32(a, step32, b);
        digit[1] = _mm512_permutex2var_epi32(a, up32, b);
        if (k > 2) {
            a = _mm512_permutex2var_epi16(c[0], up16, c[1]);
            b = _mm512_permutex2var_epi16(c[2], up16, c[3]);
            digit[2] = _mm512_permutex2var_epi32(a, step32, b);
            digit[3] = _mm512_permutex2var_epi32(a, up32, b);
        }
        for (size_t i = 0; i + 1 < k; i++) v_store(out + 8 * i, _mm512_xor_si512(digit[i], flip));
        v_store(out + 8 * (k - 1), digit[k - 1]);
    }
}

typedef struct {
    const bsk_gemm *g;
    const bsk_gemm_panel *panel;
    const uint32_t *pairs;
    const int16_t *weights;
    const uint64_t *digits; // the first that is wanted, of pair 0
    int64_t *acc;
    size_t k, first; // digits a pair; the first that is wanted
} task;

// The sums of positions 0...7, and 8...15, as 64-bit numbers.
VNNI_INLINE __m512i lower(__m512i s) { return _mm512_srai_epi64(_mm512_slli_epi64(s, 32), 32); }
VNNI_INLINE __m512i upper(__m512i s) { return _mm512_srai_epi64(s, 32); }

VNNI_INLINE void flush(const task *t, bsk_gemm_target to, const __m512i *s, size_t count) {
    int64_t *out = t->acc + BSK_TILE * to.row;
    const __m128i shift = _mm_cvtsi64_si128((long long)(16 * t->first + to.shift));
    __m512i low = lower(s[0]), high = upper(s[0]);
    UNROLL for (size_t i = 1; i < count; i++) {
        low = _mm512_add_epi64(low, _mm512_slli_epi64(lower(s[i]), (unsigned)(16 * i)));
        high = _mm512_add_epi64(high, _mm512_slli_epi64(upper(s[i]), (unsigned)(16 * i)));
    }
    low = _mm512_sll_epi64(low, shift);
    high = _mm512_sll_epi64(high, shift);
    __m512i low_start, high_start;
    if (to.is_first && t->first == 0) {
        low_start = _mm512_set1_epi64((long long)bsk_gemm_start(t->g, to, NULL, 0, t->k));
        high_start = low_start;
    } else {
        low_start = _mm512_loadu_si512(out);
        high_start = _mm512_loadu_si512(out + 8);
    }
    _mm512_storeu_si512(out, _mm512_add_epi64(low_start, low));
    _mm512_storeu_si512(out + 8, _mm512_add_epi64(high_start, high));
}

// `count` digits of a panel of `lines`: both constants, so that all sums stay in registers.
VNNI_INLINE void multiply(const task *t, size_t lines, size_t count) {
    __m512i s[3 * BSK_GEMM_LINES], x[3];
    const size_t stride = 8 * t->k, steps = t->panel->steps;
    const int16_t *weights = t->weights;
    UNROLL for (size_t i = 0; i < lines * count; i++) s[i] = _mm512_setzero_si512();
    for (size_t n = 0; n < steps; n++, weights += 2 * lines) {
        const uint64_t *digits = t->digits + stride * t->pairs[n];
        UNROLL for (size_t i = 0; i < count; i++) x[i] = _mm512_loadu_si512(digits + 8 * i);
        UNROLL for (size_t r = 0; r < lines; r++) {
            int32_t pair;
            __builtin_memcpy(&pair, weights + 2 * r, sizeof pair);
            const __m512i w = _mm512_set1_epi32(pair);
            UNROLL for (size_t i = 0; i < count; i++) {
                s[r * count + i] = _mm512_dpwssd_epi32(s[r * count + i], x[i], w);
            }
        }
    }
    UNROLL for (size_t r = 0; r < lines; r++) flush(t, t->panel->to[r], s + r * count, count);
}

VNNI_INLINE void multiply_digits(const task *t, size_t count) {
    switch (t->panel->lines) {
    case 8: multiply(t, 8, count); break;
    case 4: multiply(t, 4, count); break;
    case 2: multiply(t, 2, count); break;
    default: multiply(t, 1, count);
    }
}

VNNI_TARGET static void sums(
    const bsk_gemm *g, int64_t *acc, const uint64_t *digits, uint32_t bits) {
    const size_t k = bsk_digit_count(bits);
    task t = {g, NULL, g->pairs, g->weights, digits, acc, k, 0};
    for (size_t p = 0; p < g->panels; p++) {
        t.panel = &g->panel[p];
        switch (k) {
        case 1: multiply_digits(&t, 1); break;
        case 2: multiply_digits(&t, 2); break;
        case 3: multiply_digits(&t, 3); break;
        default: // 32 sums would not fit
            multiply_digits(&t, 2);
            t.first = 2;
            t.digits = digits + 16;
            multiply_digits(&t, 2);
            t.first = 0;
            t.digits = digits;
        }
        t.pairs += t.panel->steps;
        t.weights += 2 * t.panel->lines * t.panel->steps;
    }
}

void bsk_avx512_gemm_sums(
    const bsk_gemm *g, int64_t *acc, const uint64_t *digits, uint32_t bits) {
    if (__builtin_cpu_supports("avx512vnni")) {
        sums(g, acc, digits, bits);
    } else {
        bsk_avx2_gemm_sums(g, acc, digits, bits);
    }
}

#endif
