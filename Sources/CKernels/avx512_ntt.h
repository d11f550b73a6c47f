// Private to CKernels: the parts that the forward and the inverse AVX-512 NTT share.
#ifndef BSK_AVX512_NTT_H
#define BSK_AVX512_NTT_H

#include "avx512.h"

#if BSK_HAS_AVX512

// Shorter transforms use the portable code.
#define BSK_AVX512_MIN_N 64
// Residues that fit the first-level cache together with their twiddles.
#define BSK_AVX512_CACHED_N 2048

// Where the blocks of 32 begin in a twiddle table: after n/16 words, rounded up to a cache line.
BSK_INLINE size_t bsk_block_offset(const bsk_ntt *t) { return (t->n / 16 + 7) / 8 * 8; }

// v_montgomery plus q, in (0, 2q).
BSK_AVX512_INLINE bsk_v8 v_montgomery_positive(bsk_v8 x, bsk_v8 w, bsk_v8 w_over_q, bsk_v8 q) {
    bsk_v8 m = v_low(v_zero(), x, w_over_q);
    return v_sub(v_high(q, x, w), v_high(v_zero(), m, q));
}

// Two vectors of 8 hold residues 0-7 (a) and 8-15 (b). split4 puts partners at distance 4 in the
// same lane, split2 then partners at distance 2, split1 at distance 1; join1 restores the order:
//   split4: a = 0 1 2 3 8 9 10 11    b = 4 5 6 7 12 13 14 15
//   split2: a = 0 1 8 9 4 5 12 13    b = 2 3 10 11 6 7 14 15
//   split1: a = 0 2 8 10 4 6 12 14   b = 1 3 9 11 5 7 13 15
BSK_AVX512_INLINE void v_split4(bsk_v8 *a, bsk_v8 *b) {
    bsk_v8 x = _mm512_shuffle_i64x2(*a, *b, 0x44), y = _mm512_shuffle_i64x2(*a, *b, 0xEE);
    *a = x;
    *b = y;
}
BSK_AVX512_INLINE void v_split2(bsk_v8 *a, bsk_v8 *b) {
    bsk_v8 x = _mm512_shuffle_i64x2(*a, *b, 0x88), y = _mm512_shuffle_i64x2(*a, *b, 0xDD);
    *a = x;
    *b = y;
}
BSK_AVX512_INLINE void v_split1(bsk_v8 *a, bsk_v8 *b) {
    bsk_v8 x = _mm512_unpacklo_epi64(*a, *b), y = _mm512_unpackhi_epi64(*a, *b);
    *a = x;
    *b = y;
}
BSK_AVX512_INLINE void v_join1(bsk_v8 *a, bsk_v8 *b) {
    const bsk_v8 low = _mm512_setr_epi64(0, 8, 1, 9, 4, 12, 5, 13);
    const bsk_v8 high = _mm512_setr_epi64(2, 10, 3, 11, 6, 14, 7, 15);
    bsk_v8 x = _mm512_permutex2var_epi64(*a, low, *b);
    bsk_v8 y = _mm512_permutex2var_epi64(*a, high, *b);
    *a = x;
    *b = y;
}
// The way back: order to split1, split1 to split2, split2 to split4, split4 to order.
BSK_AVX512_INLINE void v_to_split1(bsk_v8 *a, bsk_v8 *b) {
    const bsk_v8 even = _mm512_setr_epi64(0, 2, 8, 10, 4, 6, 12, 14);
    const bsk_v8 odd = _mm512_setr_epi64(1, 3, 9, 11, 5, 7, 13, 15);
    bsk_v8 x = _mm512_permutex2var_epi64(*a, even, *b);
    bsk_v8 y = _mm512_permutex2var_epi64(*a, odd, *b);
    *a = x;
    *b = y;
}
BSK_AVX512_INLINE void v_split1_to_2(bsk_v8 *a, bsk_v8 *b) { v_split1(a, b); }
BSK_AVX512_INLINE void v_split2_to_4(bsk_v8 *a, bsk_v8 *b) {
    const bsk_v8 low = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const bsk_v8 high = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    bsk_v8 x = _mm512_permutex2var_epi64(*a, low, *b);
    bsk_v8 y = _mm512_permutex2var_epi64(*a, high, *b);
    *a = x;
    *b = y;
}
BSK_AVX512_INLINE void v_split4_to_order(bsk_v8 *a, bsk_v8 *b) { v_split4(a, b); }

// Twiddles of one block for distance 4 and 2, spread over the lanes of pair 0 or 1.
BSK_AVX512_INLINE bsk_v8 v_twiddles4(const uint64_t *block, int pair) {
    const bsk_v8 spread = pair == 0 ? _mm512_setr_epi64(0, 0, 0, 0, 1, 1, 1, 1)
                                    : _mm512_setr_epi64(2, 2, 2, 2, 3, 3, 3, 3);
    return _mm512_permutexvar_epi64(spread, v_load(block + 24));
}
BSK_AVX512_INLINE bsk_v8 v_twiddles2(const uint64_t *block, int pair) {
    const bsk_v8 spread = pair == 0 ? _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3)
                                    : _mm512_setr_epi64(4, 4, 5, 5, 6, 6, 7, 7);
    return _mm512_permutexvar_epi64(spread, v_load(block + 16));
}

#endif
#endif
