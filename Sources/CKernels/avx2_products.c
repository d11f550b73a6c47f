// SPDX-License-Identifier: Apache-2.0

// Products of residues in doubles that AVX2 alone makes fast: with NEON they take about as long as the portable ones.
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

#endif
