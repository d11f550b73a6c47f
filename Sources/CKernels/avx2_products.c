// SPDX-License-Identifier: Apache-2.0

// Products of residues in doubles that AVX2 alone makes fast: with NEON they take about as long as the portable ones.
#include <string.h>

#include "real.h"

#if defined(__x86_64__)

REAL_TARGET void bsk_avx2_mul_scalar(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, uint64_t s, size_t n) {
    const field f = field_of(m);
    const factor t = factor_of(m, s);
    for (size_t i = 0; i < n; i += 4) {
        from_real(out + i, reduced(multiplied(to_real(a + i), t, f), f), f);
    }
}

REAL_TARGET void bsk_avx2_sub_mul_scalar(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t s,
    size_t n) {
    const field f = field_of(m);
    const factor t = factor_of(m, s);
    for (size_t i = 0; i < n; i += 4) {
        d4 d = minus(to_real(a + i), to_real(b + i));
        from_real(out + i, reduced(multiplied(d, t, f), f), f);
    }
}

// Eight packed values of `bits` bits are `bits` bytes; four of them lie within the words from `offset`.
typedef struct {
    uint32_t bits, offset[8];
    __m256i shift[2], mask;
} unpacker;

REAL_INLINE unpacker unpacker_of(uint32_t bits) {
    unpacker u = {.bits = bits};
    long long shift[8];
    for (uint32_t j = 0; j < 8; j++) {
        u.offset[j] = j * bits / 8;
        shift[j] = j * bits % 8;
    }
    u.shift[0] = _mm256_loadu_si256((const __m256i *)shift);
    u.shift[1] = _mm256_loadu_si256((const __m256i *)(shift + 4));
    u.mask = _mm256_set1_epi64x((long long)(UINT64_MAX >> (64 - bits)));
    return u;
}

REAL_INLINE long long word_at(const uint8_t *p) {
    long long word;
    memcpy(&word, p, 8);
    return word;
}

// Values 4 `half` ... of the eight at p. Reads up to 8 bytes past them.
REAL_INLINE d4 unpacked(const uint8_t *p, const unpacker *u, int half) {
    const uint32_t *o = u->offset + 4 * half;
    __m256i x = _mm256_setr_epi64x(
        word_at(p + o[0]), word_at(p + o[1]), word_at(p + o[2]), word_at(p + o[3]));
    x = _mm256_and_si256(_mm256_srlv_epi64(x, u->shift[half]), u->mask);
    uint64_t words[4];
    _mm256_storeu_si256((__m256i *)words, x);
    return to_real(words);
}

// Where eight values may be read with 8 bytes past them: there, or in a copy.
REAL_INLINE const uint8_t *readable(
    const uint8_t *p, uint8_t copy[64], const unpacker *u, int is_last) {
    if (!is_last) return p;
    memcpy(copy, p, u->bits);
    return copy;
}

// Adds a product; reduces after every second, so that sums stay below 3q.
REAL_INLINE d4 summed(d4 sum, d4 term, size_t j, field f) {
    sum = plus(sum, term);
    return j % 2 == 1 ? reduced(sum, f) : sum;
}

REAL_TARGET void bsk_avx2_packed_keys(
    const bsk_modulus *m, uint64_t *out0, uint64_t *out1, const uint64_t *const *a,
    const uint8_t *b, size_t count, const uint64_t *extra, uint64_t scale, size_t n) {
    const field f = field_of(m);
    const unpacker u = unpacker_of(m->bits);
    const factor back = factor_of(m, bsk_inverse_montgomery(m)), s = factor_of(m, scale);
    const size_t half = n / 8 * m->bits;
    uint8_t copy[2][64];
    for (size_t i = 0; i < n; i += 8) {
        d4 sum[2][2] = {{repeated(0), repeated(0)},
                        {repeated(0), repeated(0)}};
        for (size_t j = 0; j < count; j++) {
            const uint8_t *p = b + 2 * j * half + i / 8 * m->bits;
            const uint8_t *first = readable(p, copy[0], &u, i + 8 >= n);
            const uint8_t *second = readable(p + half, copy[1], &u, i + 8 >= n);
            for (int k = 0; k < 2; k++) {
                d4 x = to_real(a[j] + i + 4 * k);
                sum[0][k] = summed(sum[0][k], product(x, unpacked(first, &u, k), f), j, f);
                sum[1][k] = summed(sum[1][k], product(x, unpacked(second, &u, k), f), j, f);
            }
        }
        for (int k = 0; k < 2; k++) {
            d4 x = multiplied(sum[0][k], back, f), y = multiplied(sum[1][k], back, f);
            if (extra != NULL) {
                x = plus(x, multiplied(to_real(extra + i + 4 * k), s, f));
            }
            from_real(out0 + i + 4 * k, reduced(x, f), f);
            from_real(out1 + i + 4 * k, reduced(y, f), f);
        }
    }
}

REAL_TARGET void bsk_avx2_packed_weights(
    const bsk_modulus *m, uint64_t *const *out0, uint64_t *const *out1, const size_t *counts,
    size_t sums, const uint8_t *w, const uint64_t *const *b0, const uint64_t *const *b1,
    size_t n) {
    const field f = field_of(m);
    const unpacker u = unpacker_of(m->bits);
    const factor back = factor_of(m, bsk_inverse_montgomery(m));
    const size_t block = n < BSK_WEIGHT_BLOCK ? n : BSK_WEIGHT_BLOCK, groups = block / 8;
    uint8_t copy[64];
    for (size_t i = 0; i < n; i += block) {
        size_t first = 0;
        for (size_t g = 0; g < sums; first += counts[g], g++) {
            for (size_t group = 0; group < groups; group++) {
                const size_t at = i + 8 * group;
                d4 sum[2][2] = {{repeated(0), repeated(0)},
                                {repeated(0), repeated(0)}};
                for (size_t j = 0; j < counts[g]; j++) {
                    const uint8_t *p = w + (j * groups + group) * m->bits;
                    p = readable(p, copy, &u, i + block >= n);
                    for (int k = 0; k < 2; k++) {
                        d4 x = unpacked(p, &u, k);
                        d4 y0 = to_real(b0[first + j] + at + 4 * k);
                        d4 y1 = to_real(b1[first + j] + at + 4 * k);
                        sum[0][k] = summed(sum[0][k], product(x, y0, f), j, f);
                        sum[1][k] = summed(sum[1][k], product(x, y1, f), j, f);
                    }
                }
                for (int k = 0; k < 2; k++) {
                    d4 x = multiplied(sum[0][k], back, f), y = multiplied(sum[1][k], back, f);
                    from_real(out0[g] + at + 4 * k, reduced(x, f), f);
                    from_real(out1[g] + at + 4 * k, reduced(y, f), f);
                }
            }
            w += counts[g] * groups * m->bits;
        }
    }
}

#endif
