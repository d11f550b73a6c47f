// SPDX-License-Identifier: Apache-2.0

// GMP for Swift: its functions are macros, which Swift can't see. One inline function each, nothing more,
// and memory functions that wipe.
#pragma once
#include <gmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma clang assume_nonnull begin

// --- Memory. Numbers may be secret (keys, phases), so every block is zeroed before it goes back.

/// Overwrites n bytes with zeros; the empty assembly reads them, so the compiler can't drop the writes.
static inline void bsg_wipe(void *p, size_t n) {
    memset(p, 0, n);
    __asm__ __volatile__("" : : "r"(p) : "memory");
}

/// Wipes a block of n bytes, then hands it to `next` (free, or a test that looks at it).
static inline void bsg_release(void *p, size_t n, void (*next)(void *_Nullable)) {
    bsg_wipe(p, n);
    next(p);
}

static inline void *bsg_allocate(size_t n) {
    void *p = malloc(n);
    if (p == NULL) {
        fprintf(stderr, "GMP: cannot allocate %zu bytes\n", n);
        abort();
    }
    return p;
}

/// Always moves: realloc may leave a copy of the old limbs behind.
static inline void *bsg_move(
    void *p, size_t old_size, size_t new_size, void (*next)(void *_Nullable)) {
    void *q = bsg_allocate(new_size);
    memcpy(q, p, old_size < new_size ? old_size : new_size);
    bsg_release(p, old_size, next);
    return q;
}

static inline void *bsg_reallocate(void *p, size_t old_size, size_t new_size) {
    return bsg_move(p, old_size, new_size, free);
}

static inline void bsg_free(void *p, size_t n) { bsg_release(p, n, free); }

static inline void bsg_install_memory_functions(void) {
    mp_set_memory_functions(bsg_allocate, bsg_reallocate, bsg_free);
}

static inline int bsg_memory_functions_installed(void) {
    void *_Nonnull (*a)(size_t);
    void *_Nonnull (*r)(void *, size_t, size_t);
    void (*f)(void *, size_t);
    mp_get_memory_functions(&a, &r, &f);
    return a == bsg_allocate && r == bsg_reallocate && f == bsg_free;
}

// --- Numbers

typedef __mpz_struct bsg_int;

static inline void bsg_init(bsg_int *r) { mpz_init(r); }
static inline void bsg_init_set(bsg_int *r, const bsg_int *a) { mpz_init_set(r, a); }
static inline void bsg_clear(bsg_int *r) { mpz_clear(r); }
static inline void bsg_set_int(bsg_int *r, long a) { mpz_set_si(r, a); }
static inline void bsg_set_uint(bsg_int *r, unsigned long a) { mpz_set_ui(r, a); }

static inline int bsg_sign(const bsg_int *a) { return mpz_sgn(a); }
static inline size_t bsg_limb_count(const bsg_int *a) { return mpz_size(a); }
static inline mp_limb_t bsg_limb(const bsg_int *a, size_t i) { return mpz_getlimbn(a, (mp_size_t)i); }
static inline size_t bsg_bits(const bsg_int *a) { return mpz_sizeinbase(a, 2); }
static inline size_t bsg_trailing_zeros(const bsg_int *a) { return mpz_scan1(a, 0); }
static inline int bsg_bit(const bsg_int *a, unsigned long i) { return mpz_tstbit(a, i); }
static inline int bsg_compare(const bsg_int *a, const bsg_int *b) { return mpz_cmp(a, b); }
static inline int bsg_fits_int(const bsg_int *a) { return mpz_fits_slong_p(a); }
static inline long bsg_to_int(const bsg_int *a) { return mpz_get_si(a); }
static inline double bsg_to_double(long *exponent, const bsg_int *a) {
    return mpz_get_d_2exp(exponent, a);
}

static inline void bsg_negate(bsg_int *r, const bsg_int *a) { mpz_neg(r, a); }
static inline void bsg_absolute(bsg_int *r, const bsg_int *a) { mpz_abs(r, a); }
static inline void bsg_add(bsg_int *r, const bsg_int *a, const bsg_int *b) { mpz_add(r, a, b); }
static inline void bsg_subtract(bsg_int *r, const bsg_int *a, const bsg_int *b) { mpz_sub(r, a, b); }
static inline void bsg_multiply(bsg_int *r, const bsg_int *a, const bsg_int *b) { mpz_mul(r, a, b); }
static inline void bsg_multiply_uint(bsg_int *r, const bsg_int *a, unsigned long b) {
    mpz_mul_ui(r, a, b);
}
static inline void bsg_add_product(bsg_int *r, const bsg_int *a, const bsg_int *b) {
    mpz_addmul(r, a, b);
}
static inline void bsg_add_product_uint(bsg_int *r, const bsg_int *a, unsigned long b) {
    mpz_addmul_ui(r, a, b);
}
static inline void bsg_shift_left(bsg_int *r, const bsg_int *a, unsigned long n) {
    mpz_mul_2exp(r, a, n);
}
static inline void bsg_shift_right_floor(bsg_int *r, const bsg_int *a, unsigned long n) {
    mpz_fdiv_q_2exp(r, a, n);
}

static inline void bsg_divide(bsg_int *q, bsg_int *r, const bsg_int *a, const bsg_int *b) {
    mpz_tdiv_qr(q, r, a, b);
}
static inline void bsg_divide_floor(bsg_int *q, const bsg_int *a, const bsg_int *b) {
    mpz_fdiv_q(q, a, b);
}
static inline void bsg_modulo(bsg_int *r, const bsg_int *a, const bsg_int *m) { mpz_mod(r, a, m); }
static inline unsigned long bsg_modulo_uint(const bsg_int *a, unsigned long m) {
    return mpz_fdiv_ui(a, m);
}
static inline void bsg_square_root(bsg_int *r, const bsg_int *a) { mpz_sqrt(r, a); }

static inline void bsg_power(bsg_int *r, const bsg_int *a, unsigned long e) { mpz_pow_ui(r, a, e); }
static inline void bsg_power_modulo(
    bsg_int *r, const bsg_int *a, const bsg_int *e, const bsg_int *m) {
    mpz_powm(r, a, e, m);
}
static inline void bsg_power_modulo_secret(
    bsg_int *r, const bsg_int *a, const bsg_int *e, const bsg_int *m) {
    mpz_powm_sec(r, a, e, m);
}
static inline int bsg_invert(bsg_int *r, const bsg_int *a, const bsg_int *m) {
    return mpz_invert(r, a, m);
}
static inline void bsg_gcd(bsg_int *r, const bsg_int *a, const bsg_int *b) { mpz_gcd(r, a, b); }
static inline int bsg_probable_prime(const bsg_int *a, int rounds) {
    return mpz_probab_prime_p(a, rounds);
}

/// `order`: -1 least significant byte first, 1 most significant first.
static inline void bsg_import(bsg_int *r, size_t count, int order, const void *bytes) {
    mpz_import(r, count, order, 1, 0, 0, bytes);
}
/// Writes the magnitude's bytes, no leading zeros; returns how many.
static inline size_t bsg_export(void *bytes, int order, const bsg_int *a) {
    size_t count = 0;
    mpz_export(bytes, &count, order, 1, 0, 0, a);
    return count;
}
/// Words of 64 bits, least significant first.
static inline void bsg_import_limbs(bsg_int *r, size_t count, const void *words) {
    mpz_import(r, count, -1, 8, 0, 0, words);
}
/// 0 on success.
static inline int bsg_set_text(bsg_int *r, const char *text, int radix) {
    return mpz_set_str(r, text, radix);
}
static inline size_t bsg_text_size(const bsg_int *a, int radix) {
    return mpz_sizeinbase(a, radix) + 2;
}
static inline void bsg_get_text(char *text, int radix, const bsg_int *a) {
    mpz_get_str(text, radix, a);
}

#pragma clang assume_nonnull end
