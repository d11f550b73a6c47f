// SPDX-License-Identifier: Apache-2.0

// Twiddles of the AVX-512 NTT, in Montgomery form: w * 2^52 mod q, and with it that number times
// q^-1 mod 2^52.
//
// words 0 ..< n/16: pairs (w, w/q) for group i of the stages with fewer than n/32 groups, by the
//   bit-reversed index i.
// From word n/16 on, 40 words for each block of 32 residues, whose last five stages run in
// registers: 16 words for distance 1, 8 for distance 2, 4 for distance 4 (all in the lane order of
// the transform, without w/q), then three pairs: distance 16, and two for distance 8.
// Last, 8 words for the inverse's last pass: pairs for 1/n and for groups 1, 2 and 3 over n.
#include <stdlib.h>

#include "avx512_ntt.h"

#if BSK_HAS_AVX512

static void put_pair(const bsk_ntt *t, uint64_t *out, uint64_t w) {
    out[0] = bsk_montgomery_form(&t->m, w);
    out[1] = out[0] * bsk_inverse52(t->m.q) & BSK_MASK52;
}

// The order of a pair of vectors' groups at distance 1 and 2, in the lanes of that stage.
typedef struct {
    uint8_t by1[8], by2[4];
} lane_order;

// forward: lanes 0 2 8 10 4 6 12 14 at distance 1, 0 1 8 9 4 5 12 13 at distance 2.
static const lane_order forward_order = {{0, 1, 4, 5, 2, 3, 6, 7}, {0, 2, 1, 3}};
// inverse: lanes 0 8 2 10 4 12 6 14 at distance 1, 0 8 4 12 and again at distance 2.
static const lane_order inverse_order = {{0, 4, 1, 5, 2, 6, 3, 7}, {0, 2, 1, 3}};

static uint64_t *build(const bsk_ntt *t, const uint64_t *w, const lane_order *order) {
    const bsk_modulus *m = &t->m;
    const size_t blocks = t->n / 32;
    uint64_t *table = aligned_alloc(64, (bsk_block_offset(t) + blocks * 40 + 8) * sizeof(uint64_t));
    if (table == NULL) return NULL;
    for (size_t i = 0; i < blocks; i++) put_pair(t, table + 2 * i, w[i]);
    uint64_t *out = table + bsk_block_offset(t);
    for (size_t b = blocks; b < 2 * blocks; b++, out += 40) {
        for (size_t i = 0; i < 16; i++) {
            out[i] = bsk_montgomery_form(m, w[16 * b + (i & 8) + order->by1[i & 7]]);
        }
        for (size_t i = 0; i < 8; i++) {
            out[16 + i] = bsk_montgomery_form(m, w[8 * b + (i & 4) + order->by2[i & 3]]);
        }
        for (size_t i = 0; i < 4; i++) out[24 + i] = bsk_montgomery_form(m, w[4 * b + i]);
        put_pair(t, out + 28, w[b]);
        put_pair(t, out + 30, w[2 * b]);
        put_pair(t, out + 32, w[2 * b + 1]);
        for (size_t i = 34; i < 40; i++) out[i] = 0;
    }
    put_pair(t, out, t->n_inverse);
    for (size_t i = 1; i < 4; i++) {
        put_pair(t, out + 2 * i, bsk_reduce_wide(m, (bsk_u128)w[i] * t->n_inverse));
    }
    return table;
}

int bsk_avx512_ntt_tables(bsk_ntt *t) {
    if (t->n < BSK_AVX512_MIN_N) return 1;
    t->forward52 = build(t, t->forward, &forward_order);
    t->inverse52 = build(t, t->inverse, &inverse_order);
    return t->forward52 != NULL && t->inverse52 != NULL;
}

#endif
