// SPDX-License-Identifier: Apache-2.0

// Vector kernels over residues. Plain C99; no Swift type crosses here but pointers.
//
// Contract, unless a function says otherwise:
// - q is an odd prime with 2^10 < q < 2^50; n is a multiple of 8, at least 8;
// - residues in and out are fully reduced, in [0, q); buffers are aligned to 8 bytes, and fastest at 64;
// - `out` may be the same buffer as an input, but may not overlap one partially;
// - running time depends on sizes and moduli only, never on residues (constant time).
// Every kernel has a portable version; AVX2 and AVX-512 IFMA versions are picked once at run time.
// BLINDSIGHT_KERNELS=portable|avx2|avx512 in the environment forces a path that the machine has.
#ifndef BLINDSIGHT_CKERNELS_H
#define BLINDSIGHT_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A modulus with the constants that the kernels need. Build with bsk_modulus_init.
typedef struct {
    uint64_t q;
    uint64_t barrett64;    // floor(2^64 / q): reduces one word
    uint64_t barrett_wide; // floor(2^(bits + 62) / q): reduces sums of products
    uint64_t barrett52;    // floor(2^(bits + 51) / q): the same for the 52-bit path
    uint64_t signed_bias;  // the least multiple of q at or above 2^62
    uint32_t bits;         // bit length of q
} bsk_modulus;

void bsk_modulus_init(bsk_modulus *m, uint64_t q);

/// Tables for the negacyclic NTT of length n = 2^log_n mod q. Opaque; free with bsk_ntt_destroy.
/// The AVX-512 forward transform is fastest while (1 + 2 log_n) q <= 2^52 (n = 8192: q < 2^47.2).
typedef struct bsk_ntt bsk_ntt;

/// psi: a primitive 2n-th root of unity mod q (q = 1 mod 2n), n from 8 to 65536.
/// Returns NULL when memory runs out.
bsk_ntt *bsk_ntt_create(uint64_t q, uint32_t log_n, uint64_t psi);
void bsk_ntt_destroy(bsk_ntt *t);
const bsk_modulus *bsk_ntt_modulus(const bsk_ntt *t);

/// In place. Output index j holds the value at psi^(2*bitrev(j)+1), bitrev over log_n bits.
void bsk_ntt_forward(const bsk_ntt *t, uint64_t *x);
/// Exact inverse of bsk_ntt_forward, scaled by 1/n.
void bsk_ntt_inverse(const bsk_ntt *t, uint64_t *x);

/// The name of the path in use: "portable", "avx2", "avx512ifma" or "neon".
const char *bsk_path(void);
/// Forces a path for tests: 0 portable, 1 AVX2, 2 AVX-512 IFMA, 3 NEON. Returns 0, or -1 if the machine lacks it.
int bsk_force_path(int path);

// out = a + b, a - b, -a, a * b, acc + a * b (mod q), element by element.
void bsk_add(const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n);
void bsk_sub(const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n);
void bsk_neg(const bsk_modulus *m, uint64_t *out, const uint64_t *a, size_t n);
void bsk_mul(const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n);
void bsk_mul_add(const bsk_modulus *m, uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n);
/// out = a * s, s in [0, q).
void bsk_mul_scalar(const bsk_modulus *m, uint64_t *out, const uint64_t *a, uint64_t s, size_t n);
/// out = (a - b) * s, s in [0, q). The last step of a division by a dropped modulus.
void bsk_sub_mul_scalar(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t s, size_t n);

/// out = sum over j < count of a[j] * b[j], element by element, reduced once. count in 1...1024.
void bsk_inner_product(
    const bsk_modulus *m, uint64_t *out, const uint64_t *const *a, const uint64_t *const *b,
    size_t count, size_t n);
/// out = round(in * 2^bits / q) mod 2^bits, halves up, for in below q and 2^bits < q.
void bsk_scale_to_bits(
    const bsk_modulus *m, uint64_t *out, const uint64_t *in, uint32_t bits, size_t n);

// Sums with factors in Montgomery form, v 2^52 mod q, packed by bsk_pack to bits(q) bits each. They read 64 bytes or less at
// a time, none past the end.
/// out0 = sum over j < count of a[j] * b_j + extra * scale, out1 = sum of a[j] * c_j, from b_0, c_0, b_1, c_1, ..., n values each.
/// extra may be NULL; scale in [0, q), not in Montgomery form; count in 1...1000.
void bsk_packed_keys(
    const bsk_modulus *m, uint64_t *out0, uint64_t *out1, const uint64_t *const *a,
    const uint8_t *b, size_t count, const uint64_t *extra, uint64_t scale, size_t n);
/// Values of a factor that lie together in w below.
#define BSK_WEIGHT_BLOCK 16
/// For each g < sums: out0[g] = sum of w_j * b0[j], out1[g] = sum of w_j * b1[j], over the next counts[g] of j = 0, 1, ... Memory
/// holds BSK_WEIGHT_BLOCK (or n, if less) values of w_0, of w_1, and so on to the last, then the next values.
/// counts in 1...1000. Fastest where b0 and b1 don't all begin at the same offset in a page. Where the weights repeat, w has one
/// block of each only.
void bsk_packed_weights(
    const bsk_modulus *m, uint64_t *const *out0, uint64_t *const *out1, const size_t *counts,
    size_t sums, const uint8_t *w, const uint64_t *const *b0, const uint64_t *const *b1,
    size_t n, int repeats);

/// (d0, d1, d2) = (a0*b0, a0*b1 + a1*b0, a1*b1): the tensor of two ciphertexts, one limb.
void bsk_tensor(
    const bsk_modulus *m, uint64_t *d0, uint64_t *d1, uint64_t *d2, const uint64_t *a0,
    const uint64_t *a1, const uint64_t *b0, const uint64_t *b1, size_t n);

/// out[i] = in[index[i]]; out must not be in. Any index values.
void bsk_permute(uint64_t *out, const uint64_t *in, const uint32_t *index, size_t n);
/// The same where every aligned group of 8 outputs comes from an aligned group of 8 inputs, as with the automorphisms of NTT
/// values.
void bsk_automorphism(uint64_t *out, const uint64_t *in, const uint32_t *index, size_t n);
/// acc[i] = acc[i] + in[index[i]] mod q, for such an index.
void bsk_automorphism_add(
    const bsk_modulus *m, uint64_t *acc, const uint64_t *in, const uint32_t *index, size_t n);

/// out = c mod `to`, where c in (-from/2, from/2) is the centered representative of in mod `from`.
/// Any pair of moduli under 2^50.
void bsk_lift_centered(
    const bsk_modulus *from, const bsk_modulus *to, uint64_t *out, const uint64_t *in, size_t n);
/// out = the sum of the centered representatives of digits[j] mod *from[j], each times weights[j], mod `to`. weights[0] is 1,
/// all are below `to`; count <= 1000.
void bsk_join_digits(
    const bsk_modulus *to, uint64_t *out, const uint64_t *const *digits,
    const bsk_modulus *const *from, const uint64_t *weights, size_t count, size_t n);

/// Balanced digit `index` of the centered representative c of in mod `from`, reduced mod `to`.
/// With B = 2^width: c = sum over i < count of d_i B^i, d_i in [-B/2, B/2) for i < count - 1, and the
/// top digit takes what remains. width*(count-1) <= 61. d_i = (((c + C) >> (width*i)) & (B-1)) - B/2 with C = sum over i < count-1 of
/// (B/2) B^i; the top digit is the arithmetic shift, unmasked, without the -B/2.
void bsk_balanced_digit(
    const bsk_modulus *from, const bsk_modulus *to, uint64_t *out, const uint64_t *in,
    uint32_t width, uint32_t count, uint32_t index, size_t n);

/// out = in mod q for signed in, |in| < 2^62.
void bsk_reduce_signed(const bsk_modulus *m, uint64_t *out, const int64_t *in, size_t n);
/// out = centered representative of in, in (-q/2, q/2).
void bsk_center(const bsk_modulus *m, int64_t *out, const uint64_t *in, size_t n);

// Linear layers with small integer weights work on tiles: BSK_TILE positions of one limb, a feature after the other, so that
// x[f * BSK_TILE + p] is position p of feature f.
#define BSK_TILE 16
/// Features of a block: what a first-level cache holds.
#define BSK_TILE_FEATURES 192
/// acc[r] += sum over features of w[r][f] x[f], position by position and exact, where the result fits in an int64.
///
/// `code` lists, for each block of BSK_TILE_FEATURES features: the number of rows that read it (low 16 bits, high 16 bits); then for each of them the row (the same
/// way), the number of groups, and for each group a weight (an int16), how many features have it, and their indices within the
/// block. Each x below 2^50.
void bsk_row_sums(int64_t *acc, const uint64_t *x, const uint16_t *code, size_t blocks);

/// The largest k below.
#define BSK_IDEAL_MAX 32
/// With pi = sum over i < k of generator[i] X^(i m) and reciprocal = round(2^63 / pi), |reciprocal[i]| < 2^62:
/// out = a - pi round(a / pi) modulo X^(k m) + 1, for a of m words below 2^50, m a multiple of 8. out has k m words and is
/// not a.
void bsk_reduce_ideal(
    int64_t *out, const uint64_t *a, const int64_t *generator, const int64_t *reciprocal, size_t k,
    size_t m);
/// acc += pi a modulo X^(k m) + 1 and 2^64. acc must not be a.
void bsk_multiply_add_ideal(
    int64_t *acc, const int64_t *a, const int64_t *generator, size_t k, size_t m);

/// How many digits of 16 bits a centered residue has in bsk_tile_digits, modulo a q of `bits` bits: up to 48 bits 3, above 4.
size_t bsk_digit_count(uint32_t bits);
/// The size of bsk_tile_digits' output, in words.
size_t bsk_tile_digits_words(uint32_t bits, size_t features);
/// The signed 16-bit digits of the centered representatives of x[features][BSK_TILE], in an order that is bsk_gemm_sums'
/// own and the same on every path. out must not be x.
void bsk_tile_digits(const bsk_modulus *m, uint64_t *out, const uint64_t *x, size_t features);

/// A matrix of small weights, packed for bsk_gemm_sums. Opaque, immutable; free with bsk_gemm_destroy.
typedef struct bsk_gemm bsk_gemm;

/// weights[rows][features], rows and features below 2^31. Rows of like support are taken together, up to 8, and pairs of
/// features (2 i, 2 i + 1) without weights in all of them are skipped. Any weights will do, fastest below 2^11; a row whose
/// magnitudes are above 6500 on average costs as much as two, one with a weight above 2^15 as three, above 2^23 as four.
/// Returns NULL when memory runs out.
bsk_gemm *bsk_gemm_create(const int32_t *weights, size_t rows, size_t features);
/// The same from lists: row r has weights[i] in columns[i] for i in row_start[r]..<row_start[r + 1], columns ascending, none twice.
bsk_gemm *bsk_gemm_create_csr(
    const size_t *row_start, const uint32_t *columns, const int32_t *weights, size_t rows);
void bsk_gemm_destroy(bsk_gemm *g);
/// How many dot products, each of one row and a pair of features at 16 positions, bsk_gemm_sums makes for one digit.
size_t bsk_gemm_cost(const bsk_gemm *g);
/// acc[rows][BSK_TILE] = sum over f of w[row][f] c[f], c the centered representatives: exact, and so congruent to the sum of
/// residues. digits: what bsk_tile_digits made, for a modulus of `bits` bits, of at least as many features as have weights.
/// In each row the sum of |w| times q / 2 must stay below 2^62. Running time depends on the weights too.
void bsk_gemm_sums(const bsk_gemm *g, int64_t *acc, const uint64_t *digits, uint32_t bits);

/// The phase of a reply before pi: out = x + c0 2^lift modulo 2^64, where x is the centered representative of in mod q.
void bsk_center_add(
    const bsk_modulus *m, int64_t *out, const uint64_t *in, const uint64_t *c0, uint32_t lift,
    size_t n);
/// out = the low `bits` bits of in (1...64) as a signed number, sign extended. out may be in.
void bsk_sign_extend(int64_t *out, const int64_t *in, uint32_t bits, size_t n);
/// max |in[i]|; |INT64_MIN| is 2^63.
uint64_t bsk_largest_magnitude(const int64_t *in, size_t n);

// From here on n may be any number and buffers need no alignment.

// Samplers: turn uniform 64-bit words into samples. Constant time but for bsk_uniform, whose output is public.
/// Rejection: reads `count` fields of bits(q) bits, packed as bsk_pack does it, from ceil(count * bits / 8) bytes, and accepts
/// those below q. Writes at most n residues; *used is the number of fields consumed; returns the number of residues written.
size_t bsk_uniform(
    const bsk_modulus *m, uint64_t *out, size_t n, const uint8_t *bytes, size_t count,
    size_t *used);
/// Ternary: floor(3 w / 2^64) - 1, one word each. In {-1, 0, 1}; bias under 2^-62.
void bsk_ternary(int64_t *out, const uint64_t *words, size_t n);
/// Centered binomial, eta = 21: popcount(low 21 bits) - popcount(next 21 bits). Variance 10.5, sigma 3.24, in [-21, 21].
void bsk_centered_binomial(int64_t *out, const uint64_t *words, size_t n);

/// Randomized rounding to multiples of t: x, |x| <= t/2, becomes x - t or x + t, the one nearer to zero, where floor(w t / 2^64) < |x|,
/// so with a chance of |x| / t; its mean is then 0. t below 2^50; one word each.
void bsk_dither(int64_t *x, const uint64_t *words, uint64_t t, size_t n);
/// x[i] += the lower `bits` bits of words[i], modulo 2^64; bits <= 63.
void bsk_add_fields(int64_t *x, const uint64_t *words, uint32_t bits, size_t n);
/// x[i] += the lower `bits` bits of either half of words[i]; bits <= 32.
void bsk_add_half_fields(int64_t *x, const uint64_t *words, uint32_t bits, size_t n);
/// x[i] += the lower `bits` bits of words[i], of words[n + i], of words[2n + i], and of the 48 that are their upper 16 bits
/// in a row; bits <= 48.
void bsk_add_triple_fields(int64_t *x, const uint64_t *words, uint32_t bits, size_t n);
/// sums[i] += sign * x[i], sign in {-1, 0, 1}. Constant time.
void bsk_add_signed(int64_t *sums, const uint64_t *x, int64_t sign, size_t n);
/// out[i] = -1 where 0 <= thresholds[i], 1 where it is below, both with probability |thresholds[i]| / 2^63, else 0.
/// Constant time.
void bsk_draw_signs(int64_t *out, const uint64_t *words, const int64_t *thresholds, size_t n);
/// out[i] = -1 where 0 <= x[i], 1 where it is below, both where floor(words[i] t / 2^64) < |x[i]|, so with a probability of
/// |x[i]| / t, to 2^-64; else 0. |x[i]| <= t < 2^63. Constant time.
void bsk_draw_quotients(int64_t *out, const uint64_t *words, const int64_t *x, uint64_t t, size_t n);

/// Packs n residues of `bits` bits (1...64) each, little endian, least significant bit first,
/// into ceil(n*bits/8) bytes. Unpack is the inverse; it doesn't check ranges.
void bsk_pack(uint8_t *out, const uint64_t *in, uint32_t bits, size_t n);
void bsk_unpack(uint64_t *out, const uint8_t *in, uint32_t bits, size_t n);
/// 1 if every in[i] < bound, else 0.
int bsk_all_below(const uint64_t *in, uint64_t bound, size_t n);

/// out = row `index` of a table of `count` rows of `words` words; all rows are read, whatever the index.
void bsk_select(
    uint64_t *out, const uint64_t *table, size_t words, size_t count, uint64_t index);

/// Tells the processor that this thread spins.
static inline void bsk_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/// Cores that this process may use, as the system restricts it; at least 1.
int bsk_cores(void);

/// Asks the system for large pages in [p, p + bytes), where it has them to give.
void bsk_advise_large_pages(void *p, size_t bytes);

/// Overwrites n bytes with zeros; the compiler can't drop it.
void bsk_wipe(void *p, size_t bytes);

/// SHA-256 of secret bytes, into 32 bytes. Constant time in them; leaves nothing of them behind.
void bsk_secret_sha256(uint8_t *out, const uint8_t *in, size_t count);

/// Keeps whole pages that hold secrets from swap and from core dumps, until they are released.
/// Returns 1, or 0 where a limit of the process forbids to lock them.
int bsk_guard_pages(void *p, size_t bytes);

/// Ends what bsk_guard_pages began.
void bsk_release_pages(void *p, size_t bytes);

/// Tells AddressSanitizer that nobody may touch [p, p + bytes) until it is unpoisoned: memory that is kept for reuse,
/// which the sanitizer can't know of. Does nothing in a build without it.
void bsk_poison(const void *p, size_t bytes);

/// Tells AddressSanitizer that [p, p + bytes) has an owner again.
void bsk_unpoison(const void *p, size_t bytes);

#ifdef __cplusplus
}
#endif

#include "CKernelsNadic.h"

#endif
