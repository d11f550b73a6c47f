// SPDX-License-Identifier: Apache-2.0

// Private to CKernels: the dispatch table and the helpers that the portable kernels share.
#ifndef BSK_INTERNAL_H
#define BSK_INTERNAL_H

#include "CKernels.h"

#define BSK_INLINE static inline __attribute__((always_inline))

__extension__ typedef unsigned __int128 bsk_u128;

struct bsk_ntt {
    bsk_modulus m;
    uint32_t log_n;
    size_t n;
    // Powers of psi in bit-reversed order: w[i] = psi^bitrev(i), i in 1..<n, and the inverses.
    // The _quotient arrays hold floor(w * 2^64 / q) (Shoup).
    uint64_t *forward, *forward_quotient;
    uint64_t *inverse, *inverse_quotient;
    uint64_t n_inverse, n_inverse_quotient;       // 1/n
    uint64_t last_inverse, last_inverse_quotient; // inverse[1]/n: the last stage's factor
    // Twiddles of the AVX-512 path (avx512_ntt_tables.c), NULL where it isn't available.
    uint64_t *forward52, *inverse52;
    // Twiddles of AVX2 and NEON as doubles (real_ntt.c): w in (-q/2, q/2), then w / q; at 0 of the inverse 1/n. NULL where
    // neither is available.
    double *forward_real, *inverse_real;
};

typedef struct {
    const char *name;
    void (*ntt_forward)(const bsk_ntt *, uint64_t *);
    void (*ntt_inverse)(const bsk_ntt *, uint64_t *);
    void (*add)(const bsk_modulus *, uint64_t *, const uint64_t *, const uint64_t *, size_t);
    void (*sub)(const bsk_modulus *, uint64_t *, const uint64_t *, const uint64_t *, size_t);
    void (*neg)(const bsk_modulus *, uint64_t *, const uint64_t *, size_t);
    void (*mul)(const bsk_modulus *, uint64_t *, const uint64_t *, const uint64_t *, size_t);
    void (*mul_add)(const bsk_modulus *, uint64_t *, const uint64_t *, const uint64_t *, size_t);
    void (*mul_scalar)(const bsk_modulus *, uint64_t *, const uint64_t *, uint64_t, size_t);
    void (*sub_mul_scalar)(
        const bsk_modulus *, uint64_t *, const uint64_t *, const uint64_t *, uint64_t, size_t);
    void (*inner_product)(
        const bsk_modulus *, uint64_t *, const uint64_t *const *, const uint64_t *const *, size_t,
        size_t);
    void (*packed_keys)(
        const bsk_modulus *, uint64_t *, uint64_t *, const uint64_t *const *, const uint8_t *,
        size_t, const uint64_t *, uint64_t, size_t);
    void (*packed_weights)(
        const bsk_modulus *, uint64_t *const *, uint64_t *const *, const size_t *, size_t,
        const uint8_t *, const uint64_t *const *, const uint64_t *const *, size_t, int);
    void (*tensor)(
        const bsk_modulus *, uint64_t *, uint64_t *, uint64_t *, const uint64_t *,
        const uint64_t *, const uint64_t *, const uint64_t *, size_t);
    void (*permute)(uint64_t *, const uint64_t *, const uint32_t *, size_t);
    void (*automorphism)(uint64_t *, const uint64_t *, const uint32_t *, size_t);
    void (*automorphism_add)(
        const bsk_modulus *, uint64_t *, const uint64_t *, const uint32_t *, size_t);
    void (*lift_centered)(
        const bsk_modulus *, const bsk_modulus *, uint64_t *, const uint64_t *, size_t);
    void (*join_digits)(
        const bsk_modulus *, uint64_t *, const uint64_t *const *, const bsk_modulus *const *,
        const uint64_t *, size_t, size_t);
    void (*balanced_digit)(
        const bsk_modulus *, const bsk_modulus *, uint64_t *, const uint64_t *, uint32_t, uint32_t,
        uint32_t, size_t);
    void (*reduce_signed)(const bsk_modulus *, uint64_t *, const int64_t *, size_t);
    void (*center)(const bsk_modulus *, int64_t *, const uint64_t *, size_t);
    void (*row_sums)(int64_t *, const uint64_t *, const uint16_t *, size_t);
    void (*reduce_ideal)(
        int64_t *, const uint64_t *, const int64_t *, const int64_t *, size_t, size_t);
    void (*multiply_add_ideal)(int64_t *, const int64_t *, const int64_t *, size_t, size_t);
    void (*tile_digits)(const bsk_modulus *, uint64_t *, const uint64_t *, size_t);
    void (*gemm_sums)(const bsk_gemm *, int64_t *, const uint64_t *, uint32_t);
    void (*center_add)(
        const bsk_modulus *, int64_t *, const uint64_t *, const uint64_t *, uint32_t, size_t);
    void (*sign_extend)(int64_t *, const int64_t *, uint32_t, size_t);
    uint64_t (*largest_magnitude)(const int64_t *, size_t);
    size_t (*uniform)(
        const bsk_modulus *, uint64_t *, size_t, const uint8_t *, size_t, size_t *);
    void (*ternary)(int64_t *, const uint64_t *, size_t);
    void (*centered_binomial)(int64_t *, const uint64_t *, size_t);
    void (*pack)(uint8_t *, const uint64_t *, uint32_t, size_t);
    void (*unpack)(uint64_t *, const uint8_t *, uint32_t, size_t);
    int (*all_below)(const uint64_t *, uint64_t, size_t);
    void (*select)(uint64_t *, const uint64_t *, size_t, size_t, uint64_t);
} bsk_kernels;

// Every path's kernels; a path need not have them all, dispatch.c says which it has.
#define BSK_PATH(path)                                                                            \
    void bsk_##path##_ntt_forward(const bsk_ntt *, uint64_t *);                                   \
    void bsk_##path##_ntt_inverse(const bsk_ntt *, uint64_t *);                                   \
    void bsk_##path##_add(                                                                        \
        const bsk_modulus *, uint64_t *, const uint64_t *, const uint64_t *, size_t);             \
    void bsk_##path##_sub(                                                                        \
        const bsk_modulus *, uint64_t *, const uint64_t *, const uint64_t *, size_t);             \
    void bsk_##path##_neg(const bsk_modulus *, uint64_t *, const uint64_t *, size_t);             \
    void bsk_##path##_mul(                                                                        \
        const bsk_modulus *, uint64_t *, const uint64_t *, const uint64_t *, size_t);             \
    void bsk_##path##_mul_add(                                                                    \
        const bsk_modulus *, uint64_t *, const uint64_t *, const uint64_t *, size_t);             \
    void bsk_##path##_mul_scalar(                                                                 \
        const bsk_modulus *, uint64_t *, const uint64_t *, uint64_t, size_t);                     \
    void bsk_##path##_sub_mul_scalar(                                                             \
        const bsk_modulus *, uint64_t *, const uint64_t *, const uint64_t *, uint64_t, size_t);   \
    void bsk_##path##_inner_product(                                                              \
        const bsk_modulus *, uint64_t *, const uint64_t *const *, const uint64_t *const *,        \
        size_t, size_t);                                                                          \
    void bsk_##path##_packed_keys(                                                                \
        const bsk_modulus *, uint64_t *, uint64_t *, const uint64_t *const *, const uint8_t *,    \
        size_t, const uint64_t *, uint64_t, size_t);                                              \
    void bsk_##path##_packed_weights(                                                             \
        const bsk_modulus *, uint64_t *const *, uint64_t *const *, const size_t *, size_t,        \
        const uint8_t *, const uint64_t *const *, const uint64_t *const *, size_t, int);          \
    void bsk_##path##_tensor(                                                                     \
        const bsk_modulus *, uint64_t *, uint64_t *, uint64_t *, const uint64_t *,                \
        const uint64_t *, const uint64_t *, const uint64_t *, size_t);                            \
    void bsk_##path##_permute(uint64_t *, const uint64_t *, const uint32_t *, size_t);            \
    void bsk_##path##_automorphism(uint64_t *, const uint64_t *, const uint32_t *, size_t);       \
    void bsk_##path##_automorphism_add(                                                           \
        const bsk_modulus *, uint64_t *, const uint64_t *, const uint32_t *, size_t);             \
    void bsk_##path##_lift_centered(                                                              \
        const bsk_modulus *, const bsk_modulus *, uint64_t *, const uint64_t *, size_t);          \
    void bsk_##path##_join_digits(                                                                \
        const bsk_modulus *, uint64_t *, const uint64_t *const *, const bsk_modulus *const *,     \
        const uint64_t *, size_t, size_t);                                                        \
    void bsk_##path##_balanced_digit(                                                             \
        const bsk_modulus *, const bsk_modulus *, uint64_t *, const uint64_t *, uint32_t,         \
        uint32_t, uint32_t, size_t);                                                              \
    void bsk_##path##_reduce_signed(const bsk_modulus *, uint64_t *, const int64_t *, size_t);    \
    void bsk_##path##_center(const bsk_modulus *, int64_t *, const uint64_t *, size_t);           \
    void bsk_##path##_row_sums(int64_t *, const uint64_t *, const uint16_t *, size_t);            \
    void bsk_##path##_reduce_ideal(                                                               \
        int64_t *, const uint64_t *, const int64_t *, const int64_t *, size_t, size_t);           \
    void bsk_##path##_multiply_add_ideal(                                                         \
        int64_t *, const int64_t *, const int64_t *, size_t, size_t);                             \
    void bsk_##path##_tile_digits(                                                                \
        const bsk_modulus *, uint64_t *, const uint64_t *, size_t);                               \
    void bsk_##path##_gemm_sums(const bsk_gemm *, int64_t *, const uint64_t *, uint32_t);         \
    void bsk_##path##_center_add(                                                                 \
        const bsk_modulus *, int64_t *, const uint64_t *, const uint64_t *, uint32_t,             \
        size_t);                                                                                  \
    void bsk_##path##_sign_extend(int64_t *, const int64_t *, uint32_t, size_t);                  \
    uint64_t bsk_##path##_largest_magnitude(const int64_t *, size_t);                             \
    size_t bsk_##path##_uniform(                                                                  \
        const bsk_modulus *, uint64_t *, size_t, const uint8_t *, size_t, size_t *);              \
    void bsk_##path##_ternary(int64_t *, const uint64_t *, size_t);                               \
    void bsk_##path##_centered_binomial(int64_t *, const uint64_t *, size_t);                     \
    void bsk_##path##_pack(uint8_t *, const uint64_t *, uint32_t, size_t);                        \
    void bsk_##path##_unpack(uint64_t *, const uint8_t *, uint32_t, size_t);                      \
    int bsk_##path##_all_below(const uint64_t *, uint64_t, size_t);                               \
    void bsk_##path##_select(uint64_t *, const uint64_t *, size_t, size_t, uint64_t)

// As bsk_unpack, with so many bytes that may be read.
void bsk_portable_unpack_within(
    uint64_t *out, const uint8_t *in, size_t readable, uint32_t bits, size_t n);
BSK_PATH(portable);
BSK_PATH(avx2);
BSK_PATH(avx512);
BSK_PATH(neon);

// Whether this machine has what a path needs.
int bsk_avx2_available(void);
int bsk_avx512_available(void);
// Builds forward52 and inverse52. Returns 0 when memory runs out.
int bsk_avx512_ntt_tables(bsk_ntt *t);
int bsk_avx2_ntt_tables(bsk_ntt *t);
int bsk_neon_ntt_tables(bsk_ntt *t);

// x - q if x >= q, else x, without a branch. x and q under 2^63.
BSK_INLINE uint64_t bsk_reduce_once(uint64_t x, uint64_t q) {
    uint64_t d = x - q;
    return d + (q & (uint64_t)((int64_t)d >> 63));
}

#if defined(__wasm__)

// A product of 32-bit halves each: there is no wider one, and compilers call a function for 128 bits.
BSK_INLINE uint64_t bsk_mul_high(uint64_t a, uint64_t b) {
    const uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    const uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
    const uint64_t other = a0 * b1 + (uint32_t)middle;
    return a1 * b1 + (middle >> 32) + (other >> 32);
}

BSK_INLINE bsk_u128 bsk_product(uint64_t a, uint64_t b) {
    return (bsk_u128)bsk_mul_high(a, b) << 64 | a * b;
}

// The lower word of x >> bits, 0 < bits < 64.
BSK_INLINE uint64_t bsk_shift_wide(bsk_u128 x, uint32_t bits) {
    return (uint64_t)x >> bits | (uint64_t)(x >> 64) << (64 - bits);
}

#else

BSK_INLINE uint64_t bsk_mul_high(uint64_t a, uint64_t b) {
    return (uint64_t)(((bsk_u128)a * b) >> 64);
}

BSK_INLINE bsk_u128 bsk_product(uint64_t a, uint64_t b) { return (bsk_u128)a * b; }

BSK_INLINE uint64_t bsk_shift_wide(bsk_u128 x, uint32_t bits) { return (uint64_t)(x >> bits); }

#endif

// x mod q for any word. The quotient is at most one short: x/q - x*barrett64/2^64 < 1.
BSK_INLINE uint64_t bsk_reduce_word(const bsk_modulus *m, uint64_t x) {
    return bsk_reduce_once(x - bsk_mul_high(x, m->barrett64) * m->q, m->q);
}

// x mod q for x < 2^(2*bits + 10): 1024 products, or a product and a bit (Barrett).
// Let c = floor(x / 2^(bits-2)) < 2^62. Then x/q - c*barrett_wide/2^64 < 2^(bits-2)/q + c/2^64
// <= 1/2 + 1/4, so after the floor the remainder is under 2q.
BSK_INLINE uint64_t bsk_reduce_wide(const bsk_modulus *m, bsk_u128 x) {
    uint64_t quotient = bsk_mul_high(bsk_shift_wide(x, m->bits - 2), m->barrett_wide);
    return bsk_reduce_once((uint64_t)x - quotient * m->q, m->q);
}

// floor(w * 2^64 / q), w < q.
BSK_INLINE uint64_t bsk_shoup_quotient(uint64_t w, uint64_t q) {
    return (uint64_t)(((bsk_u128)w << 64) / q);
}

// x * w mod q in [0, 2q) for any word x (Shoup; Harvey 2014).
BSK_INLINE uint64_t bsk_shoup_lazy(uint64_t x, uint64_t w, uint64_t quotient, uint64_t q) {
    return x * w - bsk_mul_high(x, quotient) * q;
}

// The centered representative of x in [0, q): x if x <= (q-1)/2, else x - q.
BSK_INLINE int64_t bsk_center_one(uint64_t x, uint64_t q) {
    uint64_t negative = (uint64_t)((int64_t)((q >> 1) - x) >> 63);
    return (int64_t)(x - (q & negative));
}

// x mod q for |x| < 2^62.
BSK_INLINE uint64_t bsk_reduce_signed_one(const bsk_modulus *m, int64_t x) {
    return bsk_reduce_word(m, (uint64_t)x + m->signed_bias);
}

// What bsk_balanced_digit needs for one digit: ((c + carry) >> shift & mask) - half.
#define BSK_MASK52 (((uint64_t)1 << 52) - 1)

// All ones if a = b, else 0. The compiler can't know that it is one of the two, which it would make a branch of.
BSK_INLINE uint64_t bsk_equality_mask(uint64_t a, uint64_t b) {
    const uint64_t x = a ^ b;
    uint64_t mask = ((x | (0 - x)) >> 63) - 1;
    __asm__("" : "+r"(mask));
    return mask;
}

// q^-1 mod 2^64, q odd; its low 52 bits are q^-1 mod 2^52. Newton's iteration doubles the bits.
BSK_INLINE uint64_t bsk_inverse52(uint64_t q) {
    uint64_t x = q;  // right to 3 bits
    for (int i = 0; i < 5; i++) x *= 2 - q * x;
    return x;
}

// 2^-52 mod q, q odd: with r = -q^-1 mod 2^52, 1 + r q is a multiple of 2^52.
BSK_INLINE uint64_t bsk_inverse_montgomery(const bsk_modulus *m) {
    const uint64_t r = -bsk_inverse52(m->q) & BSK_MASK52;
    return (uint64_t)(((bsk_u128)r * m->q + 1) >> 52);
}

typedef struct {
    uint64_t carry, mask, half;
    uint32_t shift;
} bsk_digit_constants;

BSK_INLINE bsk_digit_constants bsk_digit_setup(uint32_t width, uint32_t count, uint32_t index) {
    bsk_digit_constants d = {0, UINT64_MAX, 0, width * index};
    for (uint32_t i = 0; i + 1 < count; i++) d.carry += (uint64_t)1 << (width * i + width - 1);
    if (index + 1 < count) {
        d.mask = ((uint64_t)1 << width) - 1;
        d.half = (uint64_t)1 << (width - 1);
    }
    return d;
}

#endif
