// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

void bsk_portable_lift_centered(
    const bsk_modulus *from, const bsk_modulus *to, uint64_t *out, const uint64_t *in, size_t n) {
    const uint64_t q = from->q;
    const bsk_modulus k = *to;
    for (size_t i = 0; i < n; i++) {
        out[i] = bsk_reduce_signed_one(&k, bsk_center_one(in[i], q));
    }
}

void bsk_portable_join_digits(
    const bsk_modulus *to, uint64_t *out, const uint64_t *const *digits,
    const bsk_modulus *const *from, const uint64_t *weights, size_t count, size_t n) {
    const bsk_modulus k = *to;
    for (size_t i = 0; i < n; i++) {
        bsk_u128 sum = bsk_reduce_signed_one(&k, bsk_center_one(digits[0][i], from[0]->q));
        for (size_t j = 1; j < count; j++) {
            const int64_t x = bsk_center_one(digits[j][i], from[j]->q);
            sum += bsk_product(bsk_reduce_signed_one(&k, x), weights[j]);
        }
        out[i] = bsk_reduce_wide(&k, sum);
    }
}

void bsk_portable_balanced_digit(
    const bsk_modulus *from, const bsk_modulus *to, uint64_t *out, const uint64_t *in,
    uint32_t width, uint32_t count, uint32_t index, size_t n) {
    const uint64_t q = from->q;
    const bsk_modulus k = *to;
    const bsk_digit_constants d = bsk_digit_setup(width, count, index);
    for (size_t i = 0; i < n; i++) {
        int64_t c = (int64_t)((uint64_t)bsk_center_one(in[i], q) + d.carry);
        int64_t digit = (int64_t)(((uint64_t)(c >> d.shift) & d.mask) - d.half);
        out[i] = bsk_reduce_signed_one(&k, digit);
    }
}

void bsk_portable_reduce_signed(
    const bsk_modulus *m, uint64_t *out, const int64_t *in, size_t n) {
    const bsk_modulus k = *m;
    for (size_t i = 0; i < n; i++) out[i] = bsk_reduce_signed_one(&k, in[i]);
}

void bsk_portable_center(const bsk_modulus *m, int64_t *out, const uint64_t *in, size_t n) {
    const uint64_t q = m->q;
    for (size_t i = 0; i < n; i++) out[i] = bsk_center_one(in[i], q);
}

void bsk_portable_center_add(
    const bsk_modulus *m, int64_t *out, const uint64_t *in, const uint64_t *c0, uint32_t lift,
    size_t n) {
    const uint64_t q = m->q;
    for (size_t i = 0; i < n; i++) {
        out[i] = (int64_t)((uint64_t)bsk_center_one(in[i], q) + (c0[i] << lift));
    }
}

void bsk_portable_sign_extend(int64_t *out, const int64_t *in, uint32_t bits, size_t n) {
    const uint32_t shift = 64 - bits;
    for (size_t i = 0; i < n; i++) out[i] = (int64_t)((uint64_t)in[i] << shift) >> shift;
}

uint64_t bsk_portable_largest_magnitude(const int64_t *in, size_t n) {
    uint64_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t sign = (uint64_t)(in[i] >> 63);
        const uint64_t x = ((uint64_t)in[i] ^ sign) - sign;
        // The borrow of largest - x, so that no compiler sees a comparison to branch on.
        const uint64_t below = -(uint64_t)(((bsk_u128)largest - x) >> 127);
        largest += (x - largest) & below;
    }
    return largest;
}
