// SPDX-License-Identifier: Apache-2.0

// Sums of a matrix of small weights by vpmaddwd: 16 multiply-adds an instruction.
#include "gemm.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2_TARGET __attribute__((target("avx2")))
#define AVX2_INLINE static inline __attribute__((always_inline)) AVX2_TARGET
#define UNROLL _Pragma("clang loop unroll(full)")

typedef __m256i v4;

AVX2_INLINE v4 load(const void *p) { return _mm256_loadu_si256(p); }
AVX2_INLINE void store(void *p, v4 x) { _mm256_storeu_si256(p, x); }

AVX2_INLINE v4 centered(const uint64_t *x, v4 q, v4 half) {
    v4 word = load(x);
    return _mm256_sub_epi64(word, _mm256_and_si256(q, _mm256_cmpgt_epi64(word, half)));
}

AVX2_TARGET void bsk_avx2_tile_digits(
    const bsk_modulus *m, uint64_t *out, const uint64_t *x, size_t features) {
    static const uint64_t none[BSK_TILE];
    const size_t k = bsk_digit_count(m->bits);
    const v4 q = _mm256_set1_epi64x((long long)m->q);
    const v4 half = _mm256_set1_epi64x((long long)(m->q >> 1));
    const v4 flip = _mm256_set1_epi16(-0x8000);
    for (size_t f = 0; f < features; f += 2, x += 2 * BSK_TILE, out += 8 * k) {
        const uint64_t *y = f + 1 < features ? x + BSK_TILE : none;
        for (size_t j = 0; j < 8; j += 4) {
            const v4 a = centered(x + j, q, half), b = centered(y + j, q, half);
            const v4 c = centered(x + 8 + j, q, half), d = centered(y + 8 + j, q, half);
            // A transposition of four by four fields in each word: first by twos, fields 0 and 2, then 1 and 3.
            const v4 ab = _mm256_blend_epi16(a, _mm256_slli_epi64(b, 16), 0xAA);
            const v4 cd = _mm256_blend_epi16(c, _mm256_slli_epi64(d, 16), 0xAA);
            const v4 ab1 = _mm256_blend_epi16(_mm256_srli_epi64(a, 16), b, 0xAA);
            const v4 cd1 = _mm256_blend_epi16(_mm256_srli_epi64(c, 16), d, 0xAA);
            const v4 digit[4] = {
                _mm256_blend_epi32(ab, _mm256_slli_epi64(cd, 32), 0xAA),
                _mm256_blend_epi32(ab1, _mm256_slli_epi64(cd1, 32), 0xAA),
                _mm256_blend_epi32(_mm256_srli_epi64(ab, 32), cd, 0xAA),
                _mm256_blend_epi32(_mm256_srli_epi64(ab1, 32), cd1, 0xAA)};
            for (size_t i = 0; i + 1 < k; i++) {
                store(out + 8 * i + j, _mm256_xor_si256(digit[i], flip));
            }
            store(out + 8 * (k - 1) + j, digit[k - 1]);
        }
    }
}

// Adds s to the sums of positions j...j+3 and 8+j...8+j+3.
AVX2_INLINE void flush(v4 s, int64_t *out, v4 start_low, v4 start_high, __m128i shift) {
    const v4 sign = _mm256_srai_epi32(s, 31);
    const v4 low = _mm256_blend_epi32(s, _mm256_slli_epi64(sign, 32), 0xAA);
    const v4 high = _mm256_blend_epi32(_mm256_srli_epi64(s, 32), sign, 0xAA);
    store(out, _mm256_add_epi64(start_low, _mm256_sll_epi64(low, shift)));
    store(out + 8, _mm256_add_epi64(start_high, _mm256_sll_epi64(high, shift)));
}

typedef struct {
    const bsk_gemm *g;
    const bsk_gemm_panel *panel;
    const uint32_t *pairs;
    const int16_t *weights; // of the first line that is wanted
    const uint64_t *digits; // digit i of pair 0
    int64_t *acc;
    size_t k, i;
} task;

// Digit i of some lines: a constant, so that all sums stay in registers.
AVX2_INLINE void multiply(const task *t, const bsk_gemm_target *to, size_t lines) {
    v4 s[2 * 4];
    const size_t stride = 8 * t->k, steps = t->panel->steps, width = 2 * t->panel->lines;
    const int16_t *weights = t->weights;
    UNROLL for (size_t i = 0; i < 2 * lines; i++) s[i] = _mm256_setzero_si256();
    for (size_t n = 0; n < steps; n++, weights += width) {
        const uint64_t *digits = t->digits + stride * t->pairs[n];
        const v4 x = load(digits), y = load(digits + 4);
        UNROLL for (size_t r = 0; r < lines; r++) {
            int32_t pair;
            __builtin_memcpy(&pair, weights + 2 * r, sizeof pair);
            const v4 w = _mm256_set1_epi32(pair);
            s[2 * r] = _mm256_add_epi32(s[2 * r], _mm256_madd_epi16(x, w));
            s[2 * r + 1] = _mm256_add_epi32(s[2 * r + 1], _mm256_madd_epi16(y, w));
        }
    }
    UNROLL for (size_t r = 0; r < lines; r++) {
        int64_t *out = t->acc + BSK_TILE * to[r].row;
        const __m128i shift = _mm_cvtsi64_si128((long long)(16 * t->i + to[r].shift));
        UNROLL for (size_t h = 0; h < 2; h++, out += 4) {
            v4 low, high;
            if (to[r].is_first && t->i == 0) {
                low = high = _mm256_set1_epi64x(
                    (long long)bsk_gemm_start(t->g, to[r], NULL, 0, t->k));
            } else {
                low = load(out);
                high = load(out + 8);
            }
            flush(s[2 * r + h], out, low, high, shift);
        }
    }
}

AVX2_TARGET void bsk_avx2_gemm_sums(
    const bsk_gemm *g, int64_t *acc, const uint64_t *digits, uint32_t bits) {
    const size_t k = bsk_digit_count(bits);
    const int16_t *weights = g->weights;
    task t = {g, NULL, g->pairs, NULL, NULL, acc, k, 0};
    for (size_t p = 0; p < g->panels; p++) {
        t.panel = &g->panel[p];
        for (t.i = 0; t.i < k; t.i++) {
            t.digits = digits + 8 * t.i;
            for (size_t r = 0; r < t.panel->lines; r += 4) {
                t.weights = weights + 2 * r;
                switch (t.panel->lines) {
                case 2: multiply(&t, t.panel->to, 2); break;
                case 1: multiply(&t, t.panel->to, 1); break;
                default: multiply(&t, t.panel->to + r, 4);
                }
            }
        }
        t.pairs += t.panel->steps;
        weights += 2 * t.panel->lines * t.panel->steps;
    }
}

#endif
