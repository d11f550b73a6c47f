// SPDX-License-Identifier: Apache-2.0

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

#endif
#endif
