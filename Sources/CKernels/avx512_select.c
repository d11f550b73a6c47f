// SPDX-License-Identifier: Apache-2.0

#include "avx512.h"

#if BSK_HAS_AVX512

// Runs of 64 words, in eight registers, the last one masked.
BSK_AVX512_TARGET void bsk_avx512_select(
    uint64_t *out, const uint64_t *table, size_t words, size_t count, uint64_t index) {
    const bsk_v8 wanted = v_set(index);
    for (size_t start = 0; start < words; start += 64) {
        __mmask8 inside[8];
        bsk_v8 run[8];
        for (size_t i = 0; i < 8; i++) {
            const size_t at = start + 8 * i, left = at < words ? words - at : 0;
            inside[i] = left < 8 ? (__mmask8)((1u << left) - 1) : 0xFF;
            run[i] = v_zero();
        }
        for (size_t j = 0; j < count; j++) {
            const __mmask8 is_row = _mm512_cmpeq_epi64_mask(v_set(j), wanted);
            const uint64_t *row = table + j * words + start;
            for (size_t i = 0; i < 8; i++) {
                // Read whether it is the row or not; only what is inside.
                const bsk_v8 x = _mm512_maskz_loadu_epi64(inside[i], row + 8 * i);
                run[i] = _mm512_mask_mov_epi64(run[i], is_row, x);
            }
        }
        for (size_t i = 0; i < 8; i++) {
            _mm512_mask_storeu_epi64(out + start + 8 * i, inside[i], run[i]);
        }
    }
}

#endif
