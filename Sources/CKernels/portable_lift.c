#include "internal.h"

void bsk_portable_lift_centered(
    const bsk_modulus *from, const bsk_modulus *to, uint64_t *out, const uint64_t *in, size_t n) {
    const uint64_t q = from->q;
    const bsk_modulus k = *to;
    for (size_t i = 0; i < n; i++) {
        out[i] = bsk_reduce_signed_one(&k, bsk_center_one(in[i], q));
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
