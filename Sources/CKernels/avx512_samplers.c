// SPDX-License-Identifier: Apache-2.0

#include "avx512.h"

#if BSK_HAS_AVX512

// Eight fields of `bits` bits are `bits` bytes; each, with what precedes it in its first byte, is at most 57 bits long.
BSK_AVX512_TARGET size_t bsk_avx512_uniform(
    const bsk_modulus *m, uint64_t *out, size_t n, const uint8_t *bytes, size_t count,
    size_t *used) {
    const uint32_t bits = m->bits;
    uint8_t from[64];
    for (uint32_t j = 0; j < 8; j++) {
        // What is taken from past the group is masked off.
        for (uint32_t k = 0; k < 8; k++) from[8 * j + k] = (uint8_t)((j * bits / 8 + k) & 63);
    }
    const bsk_v8 order = v_load(from);
    const bsk_v8 start = _mm512_mullo_epi64(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), v_set(bits));
    const bsk_v8 shift = _mm512_and_si512(start, v_set(7));
    const bsk_v8 q = v_set(m->q), mask = v_set(((uint64_t)1 << bits) - 1);
    const __mmask64 whole = UINT64_MAX >> (64 - bits);
    size_t written = 0, i = 0, rest;
    // Whole vectors are stored: what is beyond the accepted lanes is still to be written.
    for (; i + 8 <= count && written + 8 <= n; i += 8, bytes += bits) {
        bsk_v8 w = _mm512_permutexvar_epi8(order, _mm512_maskz_loadu_epi8(whole, bytes));
        w = _mm512_and_si512(_mm512_srlv_epi64(w, shift), mask);
        __mmask8 accepted = _mm512_cmplt_epu64_mask(w, q);
        _mm512_storeu_si512(out + written, _mm512_maskz_compress_epi64(accepted, w));
        written += (size_t)__builtin_popcount(accepted);
    }
    written += bsk_portable_uniform(m, out + written, n - written, bytes, count - i, &rest);
    *used = i + rest;
    return written;
}

BSK_AVX512_TARGET void bsk_avx512_ternary(int64_t *out, const uint64_t *words, size_t n) {
    // floor(3w / 2^64) is at least 1 from ceil(2^64 / 3) on, and 2 from ceil(2^65 / 3) on.
    const bsk_v8 one = v_set(0x5555555555555556), two = v_set(0xAAAAAAAAAAAAAAAB);
    const bsk_v8 minus_one = v_set(UINT64_MAX);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        bsk_v8 w = _mm512_loadu_si512(words + i);
        bsk_v8 x = _mm512_mask_add_epi64(
            minus_one, _mm512_cmpge_epu64_mask(w, one), minus_one, v_set(1));
        x = _mm512_mask_add_epi64(x, _mm512_cmpge_epu64_mask(w, two), x, v_set(1));
        _mm512_storeu_si512(out + i, x);
    }
    bsk_portable_ternary(out + i, words + i, n - i);
}

__attribute__((target("avx512f,avx512vpopcntdq"))) static void centered_binomial(
    int64_t *out, const uint64_t *words, size_t n) {
    const uint64_t mask = ((uint64_t)1 << 21) - 1;
    const __m512i flip = _mm512_set1_epi64((long long)(mask << 21));
    const __m512i keep = _mm512_set1_epi64((long long)(mask << 21 | mask));
    for (size_t i = 0; i < n; i += 8) {
        // popcount(a) - popcount(b) = popcount(a : not b) - 21.
        __m512i w = _mm512_xor_si512(_mm512_loadu_si512(words + i), flip);
        w = _mm512_popcnt_epi64(_mm512_and_si512(w, keep));
        _mm512_storeu_si512(out + i, _mm512_sub_epi64(w, _mm512_set1_epi64(21)));
    }
}

void bsk_avx512_centered_binomial(int64_t *out, const uint64_t *words, size_t n) {
    const size_t whole = __builtin_cpu_supports("avx512vpopcntdq") ? n / 8 * 8 : 0;
    if (whole > 0) centered_binomial(out, words, whole);
    bsk_portable_centered_binomial(out + whole, words + whole, n - whole);
}

BSK_AVX512_TARGET int bsk_avx512_all_below(const uint64_t *in, uint64_t bound, size_t n) {
    const bsk_v8 limit = v_set(bound);
    unsigned bad = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        bad |= _mm512_cmpge_epu64_mask(_mm512_loadu_si512(in + i), limit);
    }
    return (bad == 0) & bsk_portable_all_below(in + i, bound, n - i);
}

#endif
