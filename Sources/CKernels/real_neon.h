// SPDX-License-Identifier: Apache-2.0

// Private to CKernels, for real.h: four doubles in two vectors of NEON, which every ARM of 64 bits has.
#ifndef BSK_REAL_NEON_H
#define BSK_REAL_NEON_H

#include <arm_neon.h>

#define REAL(kernel) bsk_neon_##kernel
#define REAL_TARGET
#define REAL_INLINE static inline __attribute__((always_inline))

typedef struct {
    float64x2_t low, high;
} d4;

REAL_INLINE d4 repeated(double x) { return (d4){vdupq_n_f64(x), vdupq_n_f64(x)}; }
REAL_INLINE d4 plus(d4 a, d4 b) {
    return (d4){vaddq_f64(a.low, b.low), vaddq_f64(a.high, b.high)};
}
REAL_INLINE d4 minus(d4 a, d4 b) {
    return (d4){vsubq_f64(a.low, b.low), vsubq_f64(a.high, b.high)};
}
REAL_INLINE d4 times(d4 a, d4 b) {
    return (d4){vmulq_f64(a.low, b.low), vmulq_f64(a.high, b.high)};
}

// a - b c, rounded once.
REAL_INLINE d4 minus_product(d4 a, d4 b, d4 c) {
    return (d4){vfmsq_f64(a.low, b.low, c.low), vfmsq_f64(a.high, b.high, c.high)};
}

// To the nearest integer.
REAL_INLINE d4 rounded(d4 x) { return (d4){vrndnq_f64(x.low), vrndnq_f64(x.high)}; }

// x + k where x < 0, else x.
REAL_INLINE float64x2_t lifted_two(float64x2_t x, float64x2_t k) {
    const uint64x2_t added = vandq_u64(vreinterpretq_u64_f64(k), vcltzq_f64(x));
    return vaddq_f64(x, vreinterpretq_f64_u64(added));
}
REAL_INLINE d4 lifted(d4 x, d4 k) {
    return (d4){lifted_two(x.low, k.low), lifted_two(x.high, k.high)};
}

REAL_INLINE float64x2_t load_two(const void *p) { return vreinterpretq_f64_u8(vld1q_u8(p)); }
REAL_INLINE d4 load(const uint64_t *x) { return (d4){load_two(x), load_two(x + 2)}; }
REAL_INLINE void store(uint64_t *x, d4 r) {
    vst1q_u64(x, vreinterpretq_u64_f64(r.low));
    vst1q_u64(x + 2, vreinterpretq_u64_f64(r.high));
}

// Words below 2^52, and integers in [0, 2^52) as words.
REAL_INLINE d4 to_real(const uint64_t *x) {
    return (d4){vcvtq_f64_u64(vld1q_u64(x)), vcvtq_f64_u64(vld1q_u64(x + 2))};
}
REAL_INLINE void store_words(uint64_t *x, d4 r) {
    vst1q_u64(x, vcvtq_u64_f64(r.low));
    vst1q_u64(x + 2, vcvtq_u64_f64(r.high));
}

// From 0123 4567 to 0145 2367, and its own inverse.
REAL_INLINE void swap_halves(d4 *a, d4 *b) {
    float64x2_t x = a->high;
    a->high = b->low;
    b->low = x;
}
// From 0145 2367 to 0246 1357 (in pairs of lanes), and its own inverse.
REAL_INLINE void swap_pairs(d4 *a, d4 *b) {
    d4 x = {vzip1q_f64(a->low, b->low), vzip1q_f64(a->high, b->high)};
    d4 y = {vzip2q_f64(a->low, b->low), vzip2q_f64(a->high, b->high)};
    *a = x;
    *b = y;
}

// Of two pairs at p: the first of each, twice, and the second of each.
REAL_INLINE void load_two_pairs(const double *p, d4 *first, d4 *second) {
    float64x2_t a = load_two(p), b = load_two(p + 2);
    *first = (d4){vdupq_laneq_f64(a, 0), vdupq_laneq_f64(b, 0)};
    *second = (d4){vdupq_laneq_f64(a, 1), vdupq_laneq_f64(b, 1)};
}
// Of four pairs at p: the first of each, and the second of each.
REAL_INLINE void load_four_pairs(const double *p, d4 *first, d4 *second) {
    float64x2x2_t a = vld2q_f64(p), b = vld2q_f64(p + 4);
    *first = (d4){a.val[0], b.val[0]};
    *second = (d4){a.val[1], b.val[1]};
}

#endif
