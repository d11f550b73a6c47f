// SPDX-License-Identifier: Apache-2.0

#include <string.h>

#include "internal.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "little-endian machines only"
#endif

void bsk_portable_pack(uint8_t *out, const uint64_t *in, uint32_t bits, size_t n) {
    const uint64_t mask = UINT64_MAX >> (64 - bits);
    // Groups of 8 values are whole bytes. Up to 57 bits a value lies within the 8 bytes from where it begins; what is written past
    // a group belongs to the next, so the last one is left to the loop below.
    for (; bits >= 8 && bits <= 57 && n >= 16; n -= 8, out += bits, in += 8) {
        uint64_t word = 0;
        for (uint32_t j = 0, at = 0; j < 8; j++) {
            word |= (in[j] & mask) << (j * bits % 8);
            memcpy(out + at, &word, 8);
            const uint32_t next = (j + 1) * bits / 8;
            word = next - at < 8 ? word >> (8 * (next - at)) : 0;
            at = next;
        }
    }
    bsk_u128 pending = 0;  // the low `fill` bits wait to be written, fill < 64
    uint32_t fill = 0;
    for (size_t i = 0; i < n; i++) {
        pending |= (bsk_u128)(in[i] & mask) << fill;
        fill += bits;
        if (fill >= 64) {
            const uint64_t word = (uint64_t)pending;
            memcpy(out, &word, 8);
            out += 8;
            pending >>= 64;
            fill -= 64;
        }
    }
    const uint64_t word = (uint64_t)pending;
    memcpy(out, &word, (fill + 7) / 8);
}

void bsk_portable_unpack(uint64_t *out, const uint8_t *in, uint32_t bits, size_t n) {
    bsk_portable_unpack_within(out, in, (n * bits + 7) / 8, bits, n);
}

void bsk_portable_unpack_within(
    uint64_t *out, const uint8_t *in, size_t readable, uint32_t bits, size_t n) {
    const uint64_t mask = UINT64_MAX >> (64 - bits);
    // Up to 57 bits a value lies within the 8 bytes from where it begins; groups of 8 values are whole bytes.
    uint32_t offset[8], shift[8];
    for (uint32_t j = 0; j < 8; j++) {
        offset[j] = j * bits / 8;
        shift[j] = j * bits % 8;
    }
    const size_t needed = offset[7] + 8;
    for (; bits <= 57 && n >= 8 && readable >= needed; n -= 8, in += bits, out += 8) {
        readable -= bits;
        for (uint32_t j = 0; j < 8; j++) {
            uint64_t word;
            memcpy(&word, in + offset[j], 8);
            out[j] = word >> shift[j] & mask;
        }
    }
    size_t left = (n * bits + 7) / 8;
    bsk_u128 pending = 0;  // the low `fill` bits are unread
    uint32_t fill = 0;
    for (size_t i = 0; i < n; i++) {
        if (fill < bits) {
            uint64_t word = 0;
            const size_t bytes = left < 8 ? left : 8;
            if (bytes == 8) {
                memcpy(&word, in, 8);
            } else {
                memcpy(&word, in, bytes);
            }
            in += bytes;
            left -= bytes;
            pending |= (bsk_u128)word << fill;
            fill += 64;
        }
        out[i] = (uint64_t)pending & mask;
        pending >>= bits;
        fill -= bits;
    }
}
