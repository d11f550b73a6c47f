// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

void bsk_modulus_init(bsk_modulus *m, uint64_t q) {
    m->q = q;
    m->bits = 64 - (uint32_t)__builtin_clzll(q);
    m->barrett64 = UINT64_MAX / q;  // q is odd, so floor((2^64 - 1) / q) = floor(2^64 / q)
    m->barrett_wide = (uint64_t)(((bsk_u128)1 << (m->bits + 62)) / q);
    m->barrett52 = (uint64_t)(((bsk_u128)1 << (m->bits + 51)) / q);
    m->signed_bias = (((uint64_t)1 << 62) + q - 1) / q * q;
}
