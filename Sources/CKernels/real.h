// SPDX-License-Identifier: Apache-2.0

// Private to CKernels: residues as doubles, for AVX2 and NEON. Neither has wide integer products, but fused multiply-adds
// give both halves of a product of doubles exactly. Values are integers, signed, of at most 4q < 2^52 in magnitude, so
// that every sum and every remainder below is exact.
//
// real_avx2.h and real_neon.h have four doubles and what is done to them; REAL(kernel) is the kernel's name on that path.
#ifndef BSK_REAL_H
#define BSK_REAL_H

#include "internal.h"

#if defined(__x86_64__)
#define BSK_HAS_REAL 1
#include "real_avx2.h"
#elif defined(__aarch64__)
#define BSK_HAS_REAL 1
#include "real_neon.h"
#endif

#if defined(BSK_HAS_REAL)

typedef struct {
    d4 q, q_inverse;
} field;

typedef struct {
    d4 w, w_over_q;
} factor;

REAL_INLINE field field_of(const bsk_modulus *m) {
    return (field){repeated((double)m->q), repeated(1 / (double)m->q)};
}

REAL_INLINE factor spread(const double *p) { return (factor){repeated(p[0]), repeated(p[1])}; }

// x mod q in [-q/2, q/2], up to an ulp of the quotient: at most 0.51 q for |x| <= 4q.
REAL_INLINE d4 reduced(d4 x, field f) {
    return minus_product(x, rounded(times(x, f.q_inverse)), f.q);
}

// x * w mod q in [-q, q], for |x| <= 4q and |w| <= q/2. high - error is the product. The quotient's two roundings are off
// by at most |x w / q| 2^-52 <= 2 q 2^-52 <= 1/2, so the remainder by at most q.
REAL_INLINE d4 multiplied(d4 x, factor t, field f) {
    d4 high = times(x, t.w);
    d4 error = minus_product(high, x, t.w);
    d4 quotient = rounded(times(x, t.w_over_q));
    return minus(minus_product(high, quotient, f.q), error);
}

// x * y mod q in (-q, q), for |x|, |y| < q: the quotient is off by 1/2 + 3 q 2^-53 < 7/8 at most.
REAL_INLINE d4 product(d4 x, d4 y, field f) {
    d4 high = times(x, y);
    d4 error = minus_product(high, x, y);
    d4 quotient = rounded(times(high, f.q_inverse));
    return minus(minus_product(high, quotient, f.q), error);
}

// w as a factor: its centered residue.
REAL_INLINE factor factor_of(const bsk_modulus *m, uint64_t w) {
    const double real = w > m->q / 2 ? -(double)(m->q - w) : (double)w;
    return (factor){repeated(real), repeated(real / (double)m->q)};
}

// Residues in [-q, q] to words in [0, q).
REAL_INLINE void from_real(uint64_t *x, d4 r, field f) { store_words(x, lifted(r, f.q)); }

#endif
#endif
