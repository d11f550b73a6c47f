// SPDX-License-Identifier: Apache-2.0

// Sums of products with one factor packed in memory, in doubles.
#include <string.h>

#include "real.h"

#if defined(__x86_64__)

// Eight packed values of `bits` bits are `bits` bytes. Two of them lie within 16 bytes from where the first begins: bits is
// at most 50.
typedef struct {
    uint32_t bits, offset[4];
    __m256i order[2], shift[2], mask;
} unpacker;

REAL_INLINE unpacker unpacker_of(uint32_t bits) {
    unpacker u = {.bits = bits};
    uint8_t order[64];
    long long shift[8];
    for (uint32_t j = 0; j < 8; j++) {
        const uint32_t first = j / 2 * 2 * bits / 8;
        u.offset[j / 2] = first;
        shift[j] = j * bits % 8;
        for (uint32_t k = 0; k < 8; k++) order[8 * j + k] = (uint8_t)(j * bits / 8 - first + k);
    }
    for (int half = 0; half < 2; half++) {
        u.order[half] = _mm256_loadu_si256((const __m256i *)(order + 32 * half));
        u.shift[half] = _mm256_loadu_si256((const __m256i *)(shift + 4 * half));
    }
    u.mask = _mm256_set1_epi64x((long long)(UINT64_MAX >> (64 - bits)));
    return u;
}

// Values 4 `half` ... of the eight at p. Reads up to 16 bytes from where the last two begin.
REAL_INLINE d4 unpacked(const uint8_t *p, const unpacker *u, int half) {
    const __m128i low = _mm_loadu_si128((const __m128i *)(p + u->offset[2 * half]));
    const __m128i high = _mm_loadu_si128((const __m128i *)(p + u->offset[2 * half + 1]));
    __m256i x = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
    x = _mm256_srlv_epi64(_mm256_shuffle_epi8(x, u->order[half]), u->shift[half]);
    return words_to_real(_mm256_and_si256(x, u->mask));
}

// Bytes from p that are read at most.
enum { READ = 6 * 50 / 8 + 16 };

// Bytes ahead of what is read: memory answers meanwhile.
enum { KEYS_AHEAD = 1024, WEIGHTS_AHEAD = 4096 };

REAL_INLINE void fetch(const uint8_t *p) { _mm_prefetch((const char *)p, _MM_HINT_T0); }

// Sums of products of residues without a reduction each: a product is high 2^bits + low, with high below 2^bits and low at
// most 2^(bits - 1) in magnitude. Beside 2^(52 + bits) a fused multiply-add rounds it to high, and beside 1.5 * 2^52 what is
// left is exact; the parts are added as the integers that the doubles' bits are. 2^(52 - bits) of each are exact doubles.
typedef struct {
    field f;
    factor high, low;
    d4 grid, grid_and_middle;
    uint64_t grid_bits, terms;
} sums;

static const uint64_t one_bits = 0x4330000000000000, middle_bits = 0x4338000000000000;

REAL_INLINE sums sums_of(const bsk_modulus *m) {
    const double grid = 0x1p52 * (double)((uint64_t)1 << m->bits);
    sums s = {.f = field_of(m), .terms = (uint64_t)1 << (52 - m->bits)};
    const uint64_t back = bsk_inverse_montgomery(m);
    s.low = factor_of(m, back);
    s.high = factor_of(m, bsk_reduce_wide(m, (bsk_u128)back << m->bits));
    s.grid = repeated(grid);
    s.grid_and_middle = repeated(grid + 0x1.8p52);
    memcpy(&s.grid_bits, &grid, 8);
    return s;
}

typedef struct {
    __m256i high, low;
} partial;

// Of so many products that follow.
REAL_INLINE partial started(uint64_t count, const sums *s) {
    return (partial){
        _mm256_set1_epi64x((long long)(one_bits - count * s->grid_bits)),
        _mm256_set1_epi64x((long long)(middle_bits - count * middle_bits))};
}

REAL_INLINE void add_product(partial *sum, d4 x, d4 y, const sums *s) {
    d4 high = _mm256_fmadd_pd(x, y, s->grid);
    d4 low = _mm256_fmadd_pd(x, y, minus(s->grid_and_middle, high));
    sum->high = _mm256_add_epi64(sum->high, _mm256_castpd_si256(high));
    sum->low = _mm256_add_epi64(sum->low, _mm256_castpd_si256(low));
}

// The sum / 2^52 modulo q, in [-2q, 2q]. Both parts are below 2^52, which `multiplied` takes as well as 4q.
REAL_INLINE d4 ended(partial sum, const sums *s) {
    d4 high = minus(_mm256_castsi256_pd(sum.high), repeated(0x1p52));
    d4 low = minus(_mm256_castsi256_pd(sum.low), repeated(0x1.8p52));
    return plus(multiplied(high, s->high, s->f), multiplied(low, s->low, s->f));
}

REAL_INLINE uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

typedef struct {
    uint64_t *out0, *out1;
    const uint64_t *const *a;
    const uint8_t *b;
    size_t half, count;
    const uint64_t *extra;
    factor scale;
} key_sum;

// Eight columns from i on.
REAL_INLINE void key_columns(
    const key_sum *key, size_t i, const unpacker *u, const sums *s, int is_near_end) {
    const uint8_t *b = key->b + i / 8 * u->bits;
    uint8_t copy[2][64];
    d4 x[2][2];
    for (size_t first = 0; first < key->count; first += s->terms) {
        const size_t terms = least(s->terms, key->count - first);
        partial sum[2][2];
        for (int k = 0; k < 4; k++) sum[k / 2][k % 2] = started(terms, s);
        for (size_t j = first; j < first + terms; j++, b += 2 * key->half) {
            const uint8_t *p0 = b, *p1 = b + key->half;
            fetch(p0 + KEYS_AHEAD);
            fetch(p1 + KEYS_AHEAD);
            if (is_near_end) {
                p0 = memcpy(copy[0], p0, u->bits);
                p1 = memcpy(copy[1], p1, u->bits);
            }
            for (int k = 0; k < 2; k++) {
                d4 y = to_real(key->a[j] + i + 4 * k);
                add_product(&sum[0][k], y, unpacked(p0, u, k), s);
                add_product(&sum[1][k], y, unpacked(p1, u, k), s);
            }
        }
        for (int k = 0; k < 4; k++) {
            d4 *to = &x[k / 2][k % 2];
            const d4 found = ended(sum[k / 2][k % 2], s);
            *to = first == 0 ? found : reduced(plus(*to, found), s->f);
        }
    }
    for (int k = 0; k < 2; k++) {
        if (key->extra != NULL) {
            d4 y = to_real(key->extra + i + 4 * k);
            x[0][k] = plus(x[0][k], multiplied(y, key->scale, s->f));
        }
        from_real(key->out0 + i + 4 * k, reduced(x[0][k], s->f), s->f);
        from_real(key->out1 + i + 4 * k, reduced(x[1][k], s->f), s->f);
    }
}

REAL_TARGET void bsk_avx2_packed_keys(
    const bsk_modulus *m, uint64_t *out0, uint64_t *out1, const uint64_t *const *a,
    const uint8_t *b, size_t count, const uint64_t *extra, uint64_t scale, size_t n) {
    const sums s = sums_of(m);
    const unpacker u = unpacker_of(m->bits);
    const key_sum key = {out0, out1, a, b, n / 8 * m->bits, count, extra, factor_of(m, scale)};
    size_t i = 0;
    for (; i + 8 < n && (n - i) / 8 * m->bits >= READ; i += 8) key_columns(&key, i, &u, &s, 0);
    for (; i < n; i += 8) key_columns(&key, i, &u, &s, 1);
}

// Eight columns from i on of one sum; its weights are `stride` bytes from one term to the next.
REAL_INLINE void weight_columns(
    uint64_t *out0, uint64_t *out1, const uint8_t *w, size_t stride, const uint64_t *const *b0,
    const uint64_t *const *b1, size_t count, size_t i, const unpacker *u, const sums *s,
    int is_near_end) {
    uint8_t copy[64];
    d4 x[2][2];
    for (size_t first = 0; first < count; first += s->terms) {
        const size_t terms = least(s->terms, count - first);
        partial sum[2][2];
        for (int k = 0; k < 4; k++) sum[k / 2][k % 2] = started(terms, s);
        for (size_t j = first; j < first + terms; j++, w += stride) {
            fetch(w + WEIGHTS_AHEAD);
            const uint8_t *p = is_near_end ? memcpy(copy, w, u->bits) : w;
            for (int k = 0; k < 2; k++) {
                d4 y = unpacked(p, u, k);
                add_product(&sum[0][k], y, to_real(b0[j] + i + 4 * k), s);
                add_product(&sum[1][k], y, to_real(b1[j] + i + 4 * k), s);
            }
        }
        for (int k = 0; k < 4; k++) {
            d4 *to = &x[k / 2][k % 2];
            const d4 found = ended(sum[k / 2][k % 2], s);
            *to = first == 0 ? found : reduced(plus(*to, found), s->f);
        }
    }
    for (int k = 0; k < 2; k++) {
        from_real(out0 + i + 4 * k, reduced(x[0][k], s->f), s->f);
        from_real(out1 + i + 4 * k, reduced(x[1][k], s->f), s->f);
    }
}

REAL_TARGET void bsk_avx2_packed_weights(
    const bsk_modulus *m, uint64_t *const *out0, uint64_t *const *out1, const size_t *counts,
    size_t sums_count, const uint8_t *w, const uint64_t *const *b0, const uint64_t *const *b1,
    size_t n, int repeats) {
    const uint8_t *const start = w;
    const sums s = sums_of(m);
    const unpacker u = unpacker_of(m->bits);
    const size_t block = n < BSK_WEIGHT_BLOCK ? n : BSK_WEIGHT_BLOCK, groups = block / 8;
    const size_t stride = groups * m->bits;
    for (size_t i = 0; i < n; i += block) {
        if (repeats) w = start;
        for (size_t g = 0, first = 0; g < sums_count; first += counts[g], g++) {
            // Whether others' weights follow.
            const int is_last = (g + 1 == sums_count || groups == 1) && (repeats || i + block >= n);
            const uint64_t *const *x0 = b0 + first, *const *x1 = b1 + first;
            for (size_t group = 0; group < groups; group++) {
                const size_t at = i + 8 * group;
                const uint8_t *p = w + group * m->bits;
                if (!is_last) {
                    weight_columns(
                        out0[g], out1[g], p, stride, x0, x1, counts[g], at, &u, &s, 0);
                } else {
                    weight_columns(
                        out0[g], out1[g], p, stride, x0, x1, counts[g], at, &u, &s, 1);
                }
            }
            w += counts[g] * stride;
        }
    }
}

#endif
