// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

// The 8 bytes from `offset` on, little endian, zeros past the end.
static uint64_t load_word(const uint8_t *bytes, size_t offset, size_t end) {
    uint64_t word = 0;
    if (offset + 8 <= end) {
        for (int k = 0; k < 8; k++) word |= (uint64_t)bytes[offset + (size_t)k] << (8 * k);
    } else {
        for (size_t k = offset; k < end; k++) word |= (uint64_t)bytes[k] << (8 * (k - offset));
    }
    return word;
}

size_t bsk_portable_uniform(
    const bsk_modulus *m, uint64_t *out, size_t n, const uint8_t *bytes, size_t count,
    size_t *used) {
    const uint64_t q = m->q, mask = ((uint64_t)1 << m->bits) - 1;
    const size_t end = (count * m->bits + 7) / 8;
    size_t written = 0, i = 0, bit = 0;
    for (; i < count && written < n; i++, bit += m->bits) {
        const uint64_t w = load_word(bytes, bit / 8, end) >> (bit % 8) & mask;
        if (w < q) out[written++] = w;
    }
    *used = i;
    return written;
}

void bsk_portable_ternary(int64_t *out, const uint64_t *words, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = (int64_t)bsk_mul_high(words[i], 3) - 1;
}

void bsk_portable_centered_binomial(int64_t *out, const uint64_t *words, size_t n) {
    const uint64_t mask = ((uint64_t)1 << 21) - 1;
    for (size_t i = 0; i < n; i++) {
        // popcount(a) - popcount(b) = popcount(a : not b) - 21, in one word.
        const uint64_t w = (words[i] ^ (mask << 21)) & (mask << 21 | mask);
        out[i] = (int64_t)__builtin_popcountll(w) - 21;
    }
}

int bsk_portable_all_below(const uint64_t *in, uint64_t bound, size_t n) {
    int ok = 1;
    for (size_t i = 0; i < n; i++) ok &= in[i] < bound;
    return ok;
}
