// SPDX-License-Identifier: Apache-2.0

// Arithmetic mod n^2, eight independent numbers at a time, with AVX-512 IFMA. docs/Paillier.md has the formulas.
//
// A number x = a0 + a1 n is two runs of k digits of 52 bits, least significant first; n is odd and n 2^8 <= R = 2^(52 k).
// Numbers are in Montgomery form: what is held is x R mod n^2. Coordinates that come out are below 2n, those that go in may be
// below 8n; digits are below 2^52.
//
// - A single number has `bsk_nadic_stride` words: the digits of a0, those of a1, zeros.
// - "Lanes" are eight numbers by turns: word 8 i + l is digit i of number l; 2k * 8 words.
//
// Running time and addresses depend on k only, never on numbers, exponents or indices (constant time). Call these only where
// bsk_nadic_supported() is not 0.
#ifndef BLINDSIGHT_CKERNELS_NADIC_H
#define BLINDSIGHT_CKERNELS_NADIC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Digits that are multiplied together at once; k is a multiple of it.
#define BSK_NADIC_TILE 10
/// The largest k: n has up to 4150 bits.
#define BSK_NADIC_MAX 80
/// Words of the largest number in lanes.
#define BSK_NADIC_LANES_MAX (2 * BSK_NADIC_MAX * 8)

/// Constants for one n. Build with bsk_nadic_init.
typedef struct {
    size_t k;
    uint64_t inverse;              // -1/n mod 2^52
    uint64_t n[BSK_NADIC_MAX];     // digits of n
    uint64_t bias[BSK_NADIC_MAX];  // digits of -(R - 1) mod n
} bsk_nadic;

/// 1 if the machine has what these need.
int bsk_nadic_supported(void);
/// 1 if the path in use is AVX-512 IFMA.
int bsk_nadic_available(void);
/// k for an n of that many bits; 0 where n is too large.
size_t bsk_nadic_digits(size_t bits);
/// Words of a single number: 2k, up to a multiple of 8.
size_t bsk_nadic_stride(size_t k);

/// n and bias have k digits each.
void bsk_nadic_init(bsk_nadic *m, size_t k, const uint64_t *n, const uint64_t *bias);

/// out = a b / R mod n^2, in lanes. out may be a or b.
void bsk_nadic_multiply(const bsk_nadic *m, uint64_t *out, const uint64_t *a, const uint64_t *b);
/// out = a^2 / R mod n^2, in lanes. out may be a.
void bsk_nadic_square(const bsk_nadic *m, uint64_t *out, const uint64_t *a);
/// out = a + b coordinate by coordinate, not reduced, in lanes. out may be a or b.
void bsk_nadic_add(const bsk_nadic *m, uint64_t *out, const uint64_t *a, const uint64_t *b);

/// Lanes from eight single numbers, and back. Pointers may repeat; a NULL in `out` leaves that lane out.
void bsk_nadic_gather(const bsk_nadic *m, uint64_t *out, const uint64_t *const in[8]);
void bsk_nadic_scatter(const bsk_nadic *m, uint64_t *const out[8], const uint64_t *in);

/// For count groups of eight products of single numbers: out[i] = a[i] b[i] / R, i < 8 count. A group's results are written
/// after its operands are read; a group may read what an earlier one wrote. Groups with a[i] = b[i] for all eight cost less.
void bsk_nadic_multiply_singles(
    const bsk_nadic *m, uint64_t *const *out, const uint64_t *const *a, const uint64_t *const *b,
    size_t count);

/// For each l whose bit is set in `chosen`, which is public, lane l becomes entry index[l] of a table of 2^bits numbers (bits in 3...8):
/// word (i << bits) + j is digit i of entry j. Other lanes stay.
void bsk_nadic_select(
    const bsk_nadic *m, uint64_t *out, const uint64_t *table, uint32_t bits,
    const uint64_t index[8], uint8_t chosen);
/// Entry `index` of a table of `count` numbers in lanes, one after the other.
void bsk_nadic_select_lanes(
    const bsk_nadic *m, uint64_t *out, const uint64_t *table, size_t count, uint64_t index);

#ifdef __cplusplus
}
#endif
#endif
