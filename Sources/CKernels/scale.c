// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

// The quotient from floor(2^(64 + bits) / q) is at most one off; the remainder tells.
void bsk_scale_to_bits(
    const bsk_modulus *m, uint64_t *out, const uint64_t *in, uint32_t bits, size_t n) {
    const uint64_t q = m->q, mask = ((uint64_t)1 << bits) - 1;
    const uint64_t factor = (uint64_t)(((bsk_u128)1 << (64 + bits)) / q);
    for (size_t i = 0; i < n; i++) {
        const bsk_u128 x = ((bsk_u128)in[i] << bits) + q / 2;
        uint64_t quotient = (uint64_t)((bsk_u128)in[i] * factor >> 64);
        const uint64_t rest = (uint64_t)x - quotient * q;  // below 3q < 2^52
        quotient += (rest >= q) + (rest >= 2 * q);
        out[i] = quotient & mask;
    }
}
