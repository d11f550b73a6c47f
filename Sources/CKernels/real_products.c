// SPDX-License-Identifier: Apache-2.0

// Products of two residues in doubles.
#include "real.h"

#if defined(BSK_HAS_REAL)

REAL_TARGET void REAL(mul)(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    const field f = field_of(m);
    for (size_t i = 0; i < n; i += 4) {
        from_real(out + i, product(to_real(a + i), to_real(b + i), f), f);
    }
}

REAL_TARGET void REAL(tensor)(
    const bsk_modulus *m, uint64_t *d0, uint64_t *d1, uint64_t *d2, const uint64_t *a0,
    const uint64_t *a1, const uint64_t *b0, const uint64_t *b1, size_t n) {
    const field f = field_of(m);
    for (size_t i = 0; i < n; i += 4) {
        d4 x0 = to_real(a0 + i), x1 = to_real(a1 + i), y0 = to_real(b0 + i), y1 = to_real(b1 + i);
        d4 middle = plus(product(x0, y1, f), product(x1, y0, f));
        from_real(d0 + i, product(x0, y0, f), f);
        from_real(d1 + i, reduced(middle, f), f);
        from_real(d2 + i, product(x1, y1, f), f);
    }
}

#endif
