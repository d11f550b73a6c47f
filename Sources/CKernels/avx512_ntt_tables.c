// Twiddles of the AVX-512 NTT, in Montgomery form: w * 2^52 mod q, and with it that number times
// q^-1 mod 2^52.
//
// words 0 ..< n/16: pairs (w, w/q) for group i of the stages with fewer than n/32 groups, by the
//   bit-reversed index i.
// From word n/16 on, 40 words for each block of 32 residues, whose last five stages run in
// registers: 16 words for distance 1, 8 for distance 2, 4 for distance 4 (all in the lane order of
// avx512_ntt.h, without w/q), then three pairs: distance 16, and two for distance 8.
// Last, 8 words for the inverse's last pass: pairs for 1/n and for groups 1, 2 and 3 over n.
#include <stdlib.h>

#include "avx512_ntt.h"

#if BSK_HAS_AVX512

static void put_pair(const bsk_ntt *t, uint64_t *out, uint64_t w) {
    out[0] = bsk_montgomery_form(&t->m, w);
    out[1] = out[0] * bsk_inverse52(t->m.q) & BSK_MASK52;
}

static uint64_t *build(const bsk_ntt *t, const uint64_t *w) {
    const size_t blocks = t->n / 32;
    uint64_t *table = aligned_alloc(64, (bsk_block_offset(t) + blocks * 40 + 8) * sizeof(uint64_t));
    if (table == NULL) return NULL;
    for (size_t i = 0; i < blocks; i++) put_pair(t, table + 2 * i, w[i]);
    static const uint8_t by1[16] = {0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15};
    static const uint8_t by2[8] = {0, 2, 1, 3, 4, 6, 5, 7};
    uint64_t *out = table + bsk_block_offset(t);
    for (size_t b = 0; b < blocks; b++, out += 40) {
        for (size_t i = 0; i < 16; i++) out[i] = bsk_montgomery_form(&t->m, w[16 * (blocks + b) + by1[i]]);
        for (size_t i = 0; i < 8; i++) out[16 + i] = bsk_montgomery_form(&t->m, w[8 * (blocks + b) + by2[i]]);
        for (size_t i = 0; i < 4; i++) out[24 + i] = bsk_montgomery_form(&t->m, w[4 * (blocks + b) + i]);
        put_pair(t, out + 28, w[blocks + b]);
        put_pair(t, out + 30, w[2 * (blocks + b)]);
        put_pair(t, out + 32, w[2 * (blocks + b) + 1]);
        for (size_t i = 34; i < 40; i++) out[i] = 0;
    }
    put_pair(t, out, t->n_inverse);
    for (size_t i = 1; i < 4; i++) {
        put_pair(t, out + 2 * i, bsk_reduce_wide(&t->m, (bsk_u128)w[i] * t->n_inverse));
    }
    return table;
}

int bsk_avx512_ntt_tables(bsk_ntt *t) {
    if (t->n < BSK_AVX512_MIN_N) return 1;
    t->forward52 = build(t, t->forward);
    t->inverse52 = build(t, t->inverse);
    return t->forward52 != NULL && t->inverse52 != NULL;
}

#endif
