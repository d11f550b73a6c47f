// SPDX-License-Identifier: Apache-2.0

// Eight values of `bits` bits are exactly `bits` bytes, so one byte permutation and one set of
// shifts serve every group of eight.
#include "avx512_unpack.h"

#if BSK_HAS_AVX512

// From 8 bits on, at most two values share a byte, and they are neighbours: the even and the odd
// values of a group are placed apart and joined.
BSK_AVX512_TARGET static void pack(
    uint8_t *out, const uint64_t *in, uint32_t bits, size_t groups) {
    uint8_t from[2][64] = {{0}};
    uint64_t used[2] = {0, 0};
    for (uint32_t j = 0; j < 8; j++) {
        const uint32_t first = j * bits / 8, last = ((j + 1) * bits - 1) / 8;
        for (uint32_t byte = first; byte <= last; byte++) {
            from[j & 1][byte] = (uint8_t)(8 * j + byte - first);
            used[j & 1] |= (uint64_t)1 << byte;
        }
    }
    const bsk_v8 even = _mm512_loadu_si512(from[0]), odd = _mm512_loadu_si512(from[1]);
    const bsk_v8 mask = v_set(UINT64_MAX >> (64 - bits)), shift = _mm512_and_si512(v_bit_starts(bits), v_set(7));
    const __mmask64 whole = UINT64_MAX >> (64 - bits);
    for (size_t g = 0; g < groups; g++, in += 8, out += bits) {
        bsk_v8 x = _mm512_and_si512(_mm512_loadu_si512(in), mask);
        x = _mm512_sllv_epi64(x, shift);
        x = _mm512_or_si512(_mm512_maskz_permutexvar_epi8(used[0], even, x),
                            _mm512_maskz_permutexvar_epi8(used[1], odd, x));
        _mm512_mask_storeu_epi8(out, whole, x);
    }
}

BSK_AVX512_TARGET static void unpack(
    uint64_t *out, const uint8_t *in, uint32_t bits, size_t groups) {
    const bsk_unpacker u = v_unpacker(bits);
    for (size_t g = 0; g < groups; g++, out += 8, in += bits) v_store(out, v_unpack(in, &u));
}

void bsk_avx512_pack(uint8_t *out, const uint64_t *in, uint32_t bits, size_t n) {
    const size_t groups = bits >= 8 && bits <= 57 ? n / 8 : 0;
    if (groups > 0) pack(out, in, bits, groups);
    bsk_portable_pack(out + groups * bits, in + 8 * groups, bits, n - 8 * groups);
}

void bsk_avx512_unpack(uint64_t *out, const uint8_t *in, uint32_t bits, size_t n) {
    const size_t groups = bits <= 57 ? n / 8 : 0;
    if (groups > 0) unpack(out, in, bits, groups);
    bsk_portable_unpack(out + 8 * groups, in + groups * bits, bits, n - 8 * groups);
}

#endif
