// SPDX-License-Identifier: Apache-2.0

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static const bsk_kernels portable = {
    .name = "portable",
    .ntt_forward = bsk_portable_ntt_forward,
    .ntt_inverse = bsk_portable_ntt_inverse,
    .add = bsk_portable_add,
    .sub = bsk_portable_sub,
    .neg = bsk_portable_neg,
    .mul = bsk_portable_mul,
    .mul_add = bsk_portable_mul_add,
    .mul_scalar = bsk_portable_mul_scalar,
    .sub_mul_scalar = bsk_portable_sub_mul_scalar,
    .inner_product = bsk_portable_inner_product,
    .packed_keys = bsk_portable_packed_keys,
    .packed_weights = bsk_portable_packed_weights,
    .tensor = bsk_portable_tensor,
    .permute = bsk_portable_permute,
    .automorphism = bsk_portable_permute,
    .automorphism_add = bsk_portable_automorphism_add,
    .lift_centered = bsk_portable_lift_centered,
    .join_digits = bsk_portable_join_digits,
    .balanced_digit = bsk_portable_balanced_digit,
    .reduce_signed = bsk_portable_reduce_signed,
    .center = bsk_portable_center,
    .row_sums = bsk_portable_row_sums,
    .reduce_ideal = bsk_portable_reduce_ideal,
    .multiply_add_ideal = bsk_portable_multiply_add_ideal,
    .tile_digits = bsk_portable_tile_digits,
    .gemm_sums = bsk_portable_gemm_sums,
    .center_add = bsk_portable_center_add,
    .sign_extend = bsk_portable_sign_extend,
    .largest_magnitude = bsk_portable_largest_magnitude,
    .uniform = bsk_portable_uniform,
    .ternary = bsk_portable_ternary,
    .centered_binomial = bsk_portable_centered_binomial,
    .pack = bsk_portable_pack,
    .unpack = bsk_portable_unpack,
    .all_below = bsk_portable_all_below,
    .select = bsk_portable_select,
};

#if defined(__aarch64__)
// Compilers make vectors of the portable loops but of those with wide products, of which these gain by doubles.
static const bsk_kernels neon = {
    .name = "neon",
    .ntt_forward = bsk_neon_ntt_forward,
    .ntt_inverse = bsk_neon_ntt_inverse,
    .add = bsk_portable_add,
    .sub = bsk_portable_sub,
    .neg = bsk_portable_neg,
    .mul = bsk_neon_mul,
    .mul_add = bsk_portable_mul_add,
    .mul_scalar = bsk_portable_mul_scalar,
    .sub_mul_scalar = bsk_portable_sub_mul_scalar,
    .inner_product = bsk_portable_inner_product,
    .packed_keys = bsk_portable_packed_keys,
    .packed_weights = bsk_portable_packed_weights,
    .tensor = bsk_neon_tensor,
    .permute = bsk_portable_permute,
    .automorphism = bsk_portable_permute,
    .automorphism_add = bsk_portable_automorphism_add,
    .lift_centered = bsk_portable_lift_centered,
    .join_digits = bsk_portable_join_digits,
    .balanced_digit = bsk_portable_balanced_digit,
    .reduce_signed = bsk_portable_reduce_signed,
    .center = bsk_portable_center,
    .row_sums = bsk_portable_row_sums,
    .reduce_ideal = bsk_portable_reduce_ideal,
    .multiply_add_ideal = bsk_portable_multiply_add_ideal,
    .tile_digits = bsk_portable_tile_digits,
    .gemm_sums = bsk_portable_gemm_sums,
    .center_add = bsk_portable_center_add,
    .sign_extend = bsk_portable_sign_extend,
    .largest_magnitude = bsk_portable_largest_magnitude,
    .uniform = bsk_portable_uniform,
    .ternary = bsk_portable_ternary,
    .centered_binomial = bsk_portable_centered_binomial,
    .pack = bsk_portable_pack,
    .unpack = bsk_portable_unpack,
    .all_below = bsk_portable_all_below,
    .select = bsk_portable_select,
};
#endif

#if defined(__x86_64__)
static const bsk_kernels avx2 = {
    .name = "avx2",
    .ntt_forward = bsk_avx2_ntt_forward,
    .ntt_inverse = bsk_avx2_ntt_inverse,
    .add = bsk_avx2_add,
    .sub = bsk_avx2_sub,
    .neg = bsk_avx2_neg,
    .mul = bsk_avx2_mul,
    .mul_add = bsk_portable_mul_add,
    .mul_scalar = bsk_avx2_mul_scalar,
    .sub_mul_scalar = bsk_avx2_sub_mul_scalar,
    .inner_product = bsk_portable_inner_product,
    .packed_keys = bsk_avx2_packed_keys,
    .packed_weights = bsk_avx2_packed_weights,
    .tensor = bsk_avx2_tensor,
    .permute = bsk_portable_permute,
    .automorphism = bsk_portable_permute,
    .automorphism_add = bsk_portable_automorphism_add,
    .lift_centered = bsk_avx2_lift_centered,
    .join_digits = bsk_portable_join_digits,
    .balanced_digit = bsk_portable_balanced_digit,
    .reduce_signed = bsk_portable_reduce_signed,
    .center = bsk_avx2_center,
    .row_sums = bsk_avx2_row_sums,
    .reduce_ideal = bsk_portable_reduce_ideal,
    .multiply_add_ideal = bsk_portable_multiply_add_ideal,
    .tile_digits = bsk_avx2_tile_digits,
    .gemm_sums = bsk_avx2_gemm_sums,
    .center_add = bsk_portable_center_add,
    .sign_extend = bsk_portable_sign_extend,
    .largest_magnitude = bsk_portable_largest_magnitude,
    .uniform = bsk_portable_uniform,
    .ternary = bsk_portable_ternary,
    .centered_binomial = bsk_portable_centered_binomial,
    .pack = bsk_portable_pack,
    .unpack = bsk_portable_unpack,
    .all_below = bsk_portable_all_below,
    .select = bsk_avx2_select,
};

static const bsk_kernels avx512 = {
    .name = "avx512ifma",
    .ntt_forward = bsk_avx512_ntt_forward,
    .ntt_inverse = bsk_avx512_ntt_inverse,
    .add = bsk_avx512_add,
    .sub = bsk_avx512_sub,
    .neg = bsk_avx512_neg,
    .mul = bsk_avx512_mul,
    .mul_add = bsk_avx512_mul_add,
    .mul_scalar = bsk_avx512_mul_scalar,
    .sub_mul_scalar = bsk_avx512_sub_mul_scalar,
    .inner_product = bsk_avx512_inner_product,
    .packed_keys = bsk_avx512_packed_keys,
    .packed_weights = bsk_avx512_packed_weights,
    .tensor = bsk_avx512_tensor,
    .permute = bsk_portable_permute, // a gather is no faster than 8 loads
    .automorphism = bsk_avx512_automorphism,
    .automorphism_add = bsk_avx512_automorphism_add,
    .lift_centered = bsk_avx512_lift_centered,
    .join_digits = bsk_avx512_join_digits,
    .balanced_digit = bsk_avx512_balanced_digit,
    .reduce_signed = bsk_avx512_reduce_signed,
    .center = bsk_avx512_center,
    .row_sums = bsk_avx512_row_sums,
    .reduce_ideal = bsk_avx512_reduce_ideal,
    .multiply_add_ideal = bsk_avx512_multiply_add_ideal,
    .tile_digits = bsk_avx512_tile_digits,
    .gemm_sums = bsk_avx512_gemm_sums,
    .center_add = bsk_avx512_center_add,
    .sign_extend = bsk_avx512_sign_extend,
    .largest_magnitude = bsk_avx512_largest_magnitude,
    .uniform = bsk_avx512_uniform,
    .ternary = bsk_avx512_ternary,
    .centered_binomial = bsk_avx512_centered_binomial,
    .pack = bsk_avx512_pack,
    .unpack = bsk_avx512_unpack,
    .all_below = bsk_avx512_all_below,
    .select = bsk_avx512_select,
};
#endif

// The table of a path (0 portable, 1 AVX2, 2 AVX-512 IFMA, 3 NEON), NULL if the machine lacks it.
static const bsk_kernels *table_of(int path) {
    switch (path) {
    case 0: return &portable;
#if defined(__x86_64__)
    case 1: return bsk_avx2_available() ? &avx2 : NULL;
    case 2: return bsk_avx512_available() ? &avx512 : NULL;
#elif defined(__aarch64__)
    case 3: return &neon;
#endif
    default: return NULL;
    }
}

static const bsk_kernels *pick(void) {
    static const char *const names[] = {"portable", "avx2", "avx512", "neon"};
    const char *wanted = getenv("BLINDSIGHT_KERNELS");
    for (int path = 0; wanted != NULL && path < 4; path++) {
        const bsk_kernels *forced = strcmp(wanted, names[path]) == 0 ? table_of(path) : NULL;
        if (forced != NULL) return forced;
    }
    for (int path = 3; path > 0; path--) {
        const bsk_kernels *best = table_of(path);
        if (best != NULL) return best;
    }
    return &portable;
}

// Threads may race to pick: they all store the same pointer, to a constant table.
static _Atomic(const bsk_kernels *) current;

BSK_INLINE const bsk_kernels *kernels(void) {
    const bsk_kernels *k = atomic_load_explicit(&current, memory_order_relaxed);
    if (__builtin_expect(k == NULL, 0)) {
        k = pick();
        atomic_store_explicit(&current, k, memory_order_relaxed);
    }
    return k;
}

int bsk_force_path(int path) {
    const bsk_kernels *k = table_of(path);
    if (k == NULL) return -1;
    atomic_store_explicit(&current, k, memory_order_relaxed);
    return 0;
}

const char *bsk_path(void) { return kernels()->name; }

void bsk_ntt_forward(const bsk_ntt *t, uint64_t *x) { kernels()->ntt_forward(t, x); }
void bsk_ntt_inverse(const bsk_ntt *t, uint64_t *x) { kernels()->ntt_inverse(t, x); }

void bsk_add(const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    kernels()->add(m, out, a, b, n);
}
void bsk_sub(const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    kernels()->sub(m, out, a, b, n);
}
void bsk_neg(const bsk_modulus *m, uint64_t *out, const uint64_t *a, size_t n) {
    kernels()->neg(m, out, a, n);
}
void bsk_mul(const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    kernels()->mul(m, out, a, b, n);
}
void bsk_mul_add(
    const bsk_modulus *m, uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n) {
    kernels()->mul_add(m, acc, a, b, n);
}
void bsk_mul_scalar(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, uint64_t s, size_t n) {
    kernels()->mul_scalar(m, out, a, s, n);
}
void bsk_sub_mul_scalar(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t s,
    size_t n) {
    kernels()->sub_mul_scalar(m, out, a, b, s, n);
}
void bsk_inner_product(
    const bsk_modulus *m, uint64_t *out, const uint64_t *const *a, const uint64_t *const *b,
    size_t count, size_t n) {
    kernels()->inner_product(m, out, a, b, count, n);
}
void bsk_packed_keys(
    const bsk_modulus *m, uint64_t *out0, uint64_t *out1, const uint64_t *const *a,
    const uint8_t *b, size_t count, const uint64_t *extra, uint64_t scale, size_t n) {
    kernels()->packed_keys(m, out0, out1, a, b, count, extra, scale, n);
}
void bsk_packed_weights(
    const bsk_modulus *m, uint64_t *const *out0, uint64_t *const *out1, const size_t *counts,
    size_t sums, const uint8_t *w, const uint64_t *const *b0, const uint64_t *const *b1,
    size_t n, int repeats) {
    kernels()->packed_weights(m, out0, out1, counts, sums, w, b0, b1, n, repeats);
}
void bsk_tensor(
    const bsk_modulus *m, uint64_t *d0, uint64_t *d1, uint64_t *d2, const uint64_t *a0,
    const uint64_t *a1, const uint64_t *b0, const uint64_t *b1, size_t n) {
    kernels()->tensor(m, d0, d1, d2, a0, a1, b0, b1, n);
}
void bsk_permute(uint64_t *out, const uint64_t *in, const uint32_t *index, size_t n) {
    kernels()->permute(out, in, index, n);
}
void bsk_automorphism(uint64_t *out, const uint64_t *in, const uint32_t *index, size_t n) {
    kernels()->automorphism(out, in, index, n);
}
void bsk_automorphism_add(
    const bsk_modulus *m, uint64_t *acc, const uint64_t *in, const uint32_t *index, size_t n) {
    kernels()->automorphism_add(m, acc, in, index, n);
}
void bsk_lift_centered(
    const bsk_modulus *from, const bsk_modulus *to, uint64_t *out, const uint64_t *in, size_t n) {
    kernels()->lift_centered(from, to, out, in, n);
}

void bsk_join_digits(
    const bsk_modulus *to, uint64_t *out, const uint64_t *const *digits,
    const bsk_modulus *const *from, const uint64_t *weights, size_t count, size_t n) {
    kernels()->join_digits(to, out, digits, from, weights, count, n);
}

void bsk_balanced_digit(
    const bsk_modulus *from, const bsk_modulus *to, uint64_t *out, const uint64_t *in,
    uint32_t width, uint32_t count, uint32_t index, size_t n) {
    kernels()->balanced_digit(from, to, out, in, width, count, index, n);
}
void bsk_reduce_signed(const bsk_modulus *m, uint64_t *out, const int64_t *in, size_t n) {
    kernels()->reduce_signed(m, out, in, n);
}
void bsk_center(const bsk_modulus *m, int64_t *out, const uint64_t *in, size_t n) {
    kernels()->center(m, out, in, n);
}
void bsk_row_sums(int64_t *acc, const uint64_t *x, const uint16_t *code, size_t blocks) {
    kernels()->row_sums(acc, x, code, blocks);
}
void bsk_reduce_ideal(
    int64_t *out, const uint64_t *a, const int64_t *generator, const int64_t *reciprocal, size_t k,
    size_t m) {
    kernels()->reduce_ideal(out, a, generator, reciprocal, k, m);
}
void bsk_multiply_add_ideal(
    int64_t *acc, const int64_t *a, const int64_t *generator, size_t k, size_t m) {
    kernels()->multiply_add_ideal(acc, a, generator, k, m);
}
void bsk_tile_digits(const bsk_modulus *m, uint64_t *out, const uint64_t *x, size_t features) {
    kernels()->tile_digits(m, out, x, features);
}
void bsk_gemm_sums(const bsk_gemm *g, int64_t *acc, const uint64_t *digits, uint32_t bits) {
    kernels()->gemm_sums(g, acc, digits, bits);
}
void bsk_center_add(
    const bsk_modulus *m, int64_t *out, const uint64_t *in, const uint64_t *c0, uint32_t lift,
    size_t n) {
    kernels()->center_add(m, out, in, c0, lift, n);
}
void bsk_sign_extend(int64_t *out, const int64_t *in, uint32_t bits, size_t n) {
    kernels()->sign_extend(out, in, bits, n);
}
uint64_t bsk_largest_magnitude(const int64_t *in, size_t n) {
    return kernels()->largest_magnitude(in, n);
}
size_t bsk_uniform(
    const bsk_modulus *m, uint64_t *out, size_t n, const uint8_t *bytes, size_t count,
    size_t *used) {
    return kernels()->uniform(m, out, n, bytes, count, used);
}
void bsk_ternary(int64_t *out, const uint64_t *words, size_t n) {
    kernels()->ternary(out, words, n);
}
void bsk_centered_binomial(int64_t *out, const uint64_t *words, size_t n) {
    kernels()->centered_binomial(out, words, n);
}
void bsk_pack(uint8_t *out, const uint64_t *in, uint32_t bits, size_t n) {
    kernels()->pack(out, in, bits, n);
}
void bsk_unpack(uint64_t *out, const uint8_t *in, uint32_t bits, size_t n) {
    kernels()->unpack(out, in, bits, n);
}
int bsk_all_below(const uint64_t *in, uint64_t bound, size_t n) {
    return kernels()->all_below(in, bound, n);
}
void bsk_select(
    uint64_t *out, const uint64_t *table, size_t words, size_t count, uint64_t index) {
    kernels()->select(out, table, words, count, index);
}
