// SPDX-License-Identifier: Apache-2.0

// Private to CKernels: packed values to words.
#ifndef BSK_AVX512_UNPACK_H
#define BSK_AVX512_UNPACK_H

#include "avx512.h"

#if BSK_HAS_AVX512

// Value j of a group of eight begins at bit j * bits. Up to 57 bits it lies within 8 bytes from there.
BSK_AVX512_INLINE bsk_v8 v_bit_starts(uint32_t bits) {
    return _mm512_mullo_epi64(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), v_set(bits));
}

// Eight packed values of `bits` bits, 1 to 57, are `bits` bytes.
typedef struct {
    bsk_v8 order, shift, mask;
    __mmask64 whole;
    size_t bits;
} bsk_unpacker;

BSK_AVX512_INLINE bsk_unpacker v_unpacker(uint32_t bits) {
    const bsk_v8 start = v_bit_starts(bits);
    // Byte k of lane j is byte (j * bits) / 8 + k: past 63 it holds nothing of the value.
    const bsk_v8 first = _mm512_srli_epi64(start, 3);
    const bsk_v8 spread = _mm512_mullo_epi64(first, v_set(0x0101010101010101));
    bsk_unpacker u;
    u.order = _mm512_add_epi8(spread, v_set(0x0706050403020100));
    u.shift = _mm512_and_si512(start, v_set(7));
    u.mask = v_set(UINT64_MAX >> (64 - bits));
    u.whole = UINT64_MAX >> (64 - bits);
    u.bits = bits;
    return u;
}

BSK_AVX512_INLINE bsk_v8 v_unpack(const uint8_t *p, const bsk_unpacker *u) {
    bsk_v8 x = _mm512_permutexvar_epi8(u->order, _mm512_maskz_loadu_epi8(u->whole, p));
    return _mm512_and_si512(_mm512_srlv_epi64(x, u->shift), u->mask);
}

#endif
#endif
