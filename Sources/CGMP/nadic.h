// SPDX-License-Identifier: Apache-2.0

// Arithmetic mod n^2 on GMP's public mpn functions. docs/Paillier.md has the formulas and the proofs of ranges.
//
// A number x = a0 + a1 n is two runs of k limbs, a0 then a1, both below n; n is odd and has exactly k limbs. Numbers are in
// Montgomery form: what is held is x R mod n^2, R = 2^(64 k). For secrets time and addresses depend on k only: products are
// mpn_sec_mul and mpn_sec_sqr, which use the basecase. Toom's ways, a tenth faster, branch on signs: they are for public numbers.
#pragma once
#include <gmp.h>
#include <string.h>

#pragma clang assume_nonnull begin

/// Constants for one n. n and bias (-(R - 1) mod n) have k limbs; inverse is -1/n mod 2^64. Numbers may be secret if is_secret is 1.
typedef struct {
    mp_size_t k;
    int is_secret;
    mp_limb_t inverse;
    const mp_limb_t *n;
    const mp_limb_t *bias;
} bsg_nadic;

/// -1/n mod 2^64.
static inline mp_limb_t bsg_negated_inverse(mp_limb_t n) {
    mp_limb_t x = n;  // right to 3 bits; Newton's iteration doubles them
    for (int i = 0; i < 5; i++) x *= 2 - n * x;
    return -x;
}

/// Limbs of scratch space.
static inline mp_size_t bsg_nadic_scratch(mp_size_t k) {
    const mp_size_t a = mpn_sec_mul_itch(k, k), b = mpn_sec_sqr_itch(k);
    return 5 * k + (a > b ? a : b);
}

/// r, with high, is below 2n or so: subtracts n if it is n or more. Returns whether it was; *high loses the borrow.
static inline mp_limb_t bsg_nadic_fold(
    const bsg_nadic *m, mp_limb_t *r, mp_limb_t *high, mp_limb_t *t) {
    const mp_limb_t less = mpn_sub_n(t, r, m->n, m->k);
    const mp_limb_t fits = (mp_limb_t)((*high | (less ^ 1)) != 0);
    *high -= mpn_cnd_sub_n(fits, r, r, m->n, m->k);
    return fits;
}

/// r = (u + q n) / R for u of 2k limbs, which are overwritten; r may be u. q may be NULL. Returns the limb above r.
static inline mp_limb_t bsg_nadic_reduce(
    const bsg_nadic *m, mp_limb_t *r, mp_limb_t *_Nullable q, mp_limb_t *u) {
    for (mp_size_t i = 0; i < m->k; i++) {
        const mp_limb_t digit = u[i] * m->inverse;
        if (q != NULL) q[i] = digit;
        u[i] = mpn_addmul_1(u + i, m->n, m->k, digit);
    }
    return mpn_add_n(r, u + m->k, u, m->k);
}

/// r1 = (u + high R^2 + carry R - q) / R mod n for u of 2k limbs: the second coordinate of a product.
static inline void bsg_nadic_second(
    const bsg_nadic *m, mp_limb_t *r1, mp_limb_t *u, mp_limb_t high, mp_limb_t carry,
    mp_limb_t *q, mp_limb_t *t) {
    const mp_size_t k = m->k;
    // t = (R - 1 - q) + bias + carry R, which is carry R - q mod n.
    for (mp_size_t i = 0; i < k; i++) q[i] = ~q[i];
    memset(t, 0, (size_t)(2 * k) * sizeof *t);
    t[k] = mpn_add_n(t, q, m->bias, k) + carry;
    high += mpn_add_n(u, u, t, 2 * k);
    high += bsg_nadic_reduce(m, u, NULL, u);
    // Below 3n.
    bsg_nadic_fold(m, u, &high, t);
    bsg_nadic_fold(m, u, &high, t);
    memcpy(r1, u, (size_t)k * sizeof *u);
}

static inline void bsg_product(
    const bsg_nadic *m, mp_limb_t *r, const mp_limb_t *a, const mp_limb_t *b, mp_limb_t *t) {
    if (m->is_secret) {
        mpn_sec_mul(r, a, m->k, b, m->k, t);
    } else {
        mpn_mul_n(r, a, b, m->k);
    }
}

/// r = a b / R mod n^2. r may be a or b; `scratch` is neither.
static inline void bsg_nadic_multiply(
    const bsg_nadic *m, mp_limb_t *r, const mp_limb_t *a, const mp_limb_t *b, mp_limb_t *scratch) {
    const mp_size_t k = m->k;
    mp_limb_t *u = scratch, *t = scratch + 2 * k, *q = scratch + 4 * k, *rest = scratch + 5 * k;
    // The cross products first, so that r may be an operand.
    bsg_product(m, t, a, b + k, rest);
    bsg_product(m, u, a + k, b, rest);
    mp_limb_t above = mpn_add_n(u, u, t, 2 * k);
    bsg_product(m, t, a, b, rest);
    mp_limb_t high = bsg_nadic_reduce(m, r, q, t);
    const mp_limb_t carry = bsg_nadic_fold(m, r, &high, t);
    bsg_nadic_second(m, r + k, u, above, carry, q, t);
}

/// r = a^2 / R mod n^2. r may be a.
static inline void bsg_nadic_square(
    const bsg_nadic *m, mp_limb_t *r, const mp_limb_t *a, mp_limb_t *scratch) {
    const mp_size_t k = m->k;
    mp_limb_t *u = scratch, *t = scratch + 2 * k, *q = scratch + 4 * k, *rest = scratch + 5 * k;
    bsg_product(m, u, a, a + k, rest);
    mp_limb_t above = mpn_add_n(u, u, u, 2 * k);
    if (m->is_secret) {
        mpn_sec_sqr(t, a, k, rest);
    } else {
        mpn_sqr(t, a, k);
    }
    mp_limb_t high = bsg_nadic_reduce(m, r, q, t);
    const mp_limb_t carry = bsg_nadic_fold(m, r, &high, t);
    bsg_nadic_second(m, r + k, u, above, carry, q, t);
}

/// Both coordinates below n again, for coordinates below 2n, with `high` limbs above them. `t` has k limbs.
static inline void bsg_nadic_canonical(
    const bsg_nadic *m, mp_limb_t *r, mp_limb_t high0, mp_limb_t high1, mp_limb_t *t) {
    const mp_size_t k = m->k;
    mp_limb_t carry = bsg_nadic_fold(m, r, &high0, t);
    for (mp_size_t i = 0; i < k; i++) {
        const mp_limb_t sum = r[k + i] + carry;
        carry = (mp_limb_t)(sum < carry);
        r[k + i] = sum;
    }
    high1 += carry;
    bsg_nadic_fold(m, r + k, &high1, t);
    bsg_nadic_fold(m, r + k, &high1, t);
}

/// r = a + b mod n^2. r may be a or b; `t` has k limbs.
static inline void bsg_nadic_add(
    const bsg_nadic *m, mp_limb_t *r, const mp_limb_t *a, const mp_limb_t *b, mp_limb_t *t) {
    const mp_size_t k = m->k;
    const mp_limb_t high0 = mpn_add_n(r, a, b, k);
    const mp_limb_t high1 = mpn_add_n(r + k, a + k, b + k, k);
    bsg_nadic_canonical(m, r, high0, high1, t);
}

/// Limbs of scratch space for the next one.
static inline mp_size_t bsg_join_scratch(mp_size_t h) { return 2 * h + mpn_sec_mul_itch(h, h); }

/// m = mp + p ((x - y) mod q) for h limbs each of mp < p, x, y < q: m has 2h limbs.
static inline void bsg_join(
    mp_limb_t *m, const mp_limb_t *mp, const mp_limb_t *x, const mp_limb_t *y, const mp_limb_t *p,
    const mp_limb_t *q, mp_size_t h, mp_limb_t *t) {
    const mp_limb_t less = mpn_sub_n(t, x, y, h);
    mpn_cnd_add_n(less, t, t, q, h);
    mpn_sec_mul(m, p, h, t, h, t + 2 * h);
    memcpy(t, mp, (size_t)h * sizeof *t);
    memset(t + h, 0, (size_t)h * sizeof *t);
    mpn_add_n(m, m, t, 2 * h);
}

/// 1 if the k limbs of a are below those of b, else 0. `t` has k limbs.
static inline mp_limb_t bsg_is_less(
    const mp_limb_t *a, const mp_limb_t *b, mp_size_t k, mp_limb_t *t) {
    return mpn_sub_n(t, a, b, k);
}

#pragma clang assume_nonnull end
