// SPDX-License-Identifier: Apache-2.0

// What the kernels answer, a line each: a digest over many moduli, sizes and planted extremes. Two machines, or two paths
// of one, agree where these lines do: Scripts/check-arm.sh compares ARM with the path that the Swift tests hold against
// slow references. Answers that C alone can check (transform and inverse, packing, sums) are checked here, too.

#include <CKernels.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 4096 };

static uint64_t state;

// splitmix64
static uint64_t next(void) {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static uint64_t digest;

// FNV-1a.
static void add(const void *bytes, size_t count) {
    const uint8_t *p = bytes;
    for (size_t i = 0; i < count; i++) digest = (digest ^ p[i]) * 0x100000001B3u;
}

static void check(int holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "digest: %s is wrong\n", what);
    exit(1);
}

static void *memory(size_t bytes) {
    void *p = aligned_alloc(64, (bytes + 127) / 64 * 64);
    check(p != NULL, "memory");
    memset(p, 0, (bytes + 127) / 64 * 64);
    return p;
}

static uint64_t multiply(uint64_t a, uint64_t b, uint64_t q) { return (uint64_t)((unsigned __int128)a * b % q); }

static uint64_t power(uint64_t base, uint64_t exponent, uint64_t q) {
    uint64_t result = 1;
    for (; exponent; exponent >>= 1, base = multiply(base, base, q))
        if (exponent & 1) result = multiply(result, base, q);
    return result;
}

// Miller and Rabin; these bases are exact for 64-bit numbers.
static int is_prime(uint64_t n) {
    static const uint64_t bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    for (size_t i = 0; i < 12; i++) {
        if (n == bases[i]) return 1;
        if (n % bases[i] == 0) return 0;
    }
    int shift = __builtin_ctzll(n - 1);
    for (size_t i = 0; i < 12; i++) {
        uint64_t x = power(bases[i], (n - 1) >> shift, n);
        int passes = x == 1 || x == n - 1;
        for (int k = 1; k < shift && !passes; k++) passes = (x = multiply(x, x, n)) == n - 1;
        if (!passes) return 0;
    }
    return 1;
}

// The largest prime of so many bits that is 1 mod step; 0 where there is none.
static uint64_t prime(uint32_t bits, uint64_t step) {
    uint64_t n = ((UINT64_C(1) << bits) - 2) / step * step + 1, least = UINT64_C(1) << (bits - 1);
    while (n > least && !is_prime(n)) n = n > step ? n - step : 0;
    return n > least ? n : 0;
}

// Residues, the extremes among them.
static void residues(uint64_t *out, uint64_t q, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = next() % q;
    out[0] = 0;
    out[n / 2] = q - 1;
    out[n - 1] = (q - 1) / 2;
    if (n > 4) out[3] = (q + 1) / 2;
}

static void begin(void) { digest = 0xCBF29CE484222325u; }
static void end(const char *kernel, uint32_t bits) { printf("%-18s %2" PRIu32 " %016" PRIx64 "\n", kernel, bits, digest); }

static uint64_t *a, *b, *c, *d, *e, *f;
static int64_t *s, *t;

static void pointwise(uint32_t bits) {
    bsk_modulus m, other;
    bsk_modulus_init(&m, prime(bits, 2));
    bsk_modulus_init(&other, prime(bits > 30 ? 23 : 47, 2));
    static const size_t sizes[] = {8, 16, 24, 40, 1000, 4096};
    begin();
    for (size_t i = 0; i < 6; i++) {
        size_t n = sizes[i];
        residues(a, m.q, n), residues(b, m.q, n), residues(c, m.q, n), residues(d, m.q, n);
        bsk_add(&m, e, a, b, n), add(e, 8 * n);
        for (size_t k = 0; k < n; k++) check(e[k] == (a[k] + b[k]) % m.q, "bsk_add");
        bsk_sub(&m, e, a, b, n), add(e, 8 * n);
        bsk_neg(&m, e, a, n), add(e, 8 * n);
        bsk_mul(&m, e, a, b, n), add(e, 8 * n);
        for (size_t k = 0; k < n; k++) check(e[k] == multiply(a[k], b[k], m.q), "bsk_mul");
        bsk_mul_add(&m, e, c, d, n), add(e, 8 * n);
        bsk_mul_scalar(&m, e, a, m.q - 1, n), add(e, 8 * n);
        bsk_sub_mul_scalar(&m, e, a, b, m.q / 3, n), add(e, 8 * n);
        const uint64_t *left[] = {a, b, c}, *right[] = {d, a, b};
        bsk_inner_product(&m, e, left, right, 3, n), add(e, 8 * n);
        uint64_t *g = memory(8 * n), *h = memory(8 * n);
        bsk_tensor(&m, e, g, h, a, b, c, d, n), add(e, 8 * n), add(g, 8 * n), add(h, 8 * n);
        free(g), free(h);
    }
    end("pointwise", bits);
    begin();
    for (size_t i = 0; i < 6; i++) {
        size_t n = sizes[i];
        residues(a, m.q, n);
        bsk_lift_centered(&m, &other, e, a, n), add(e, 8 * n);
        const uint64_t *digits[] = {a, a, a};
        const bsk_modulus *moduli[] = {&m, &m, &m};
        const uint64_t weights[] = {1, other.q / 3, other.q - 1};
        for (size_t count = 1; count <= 3; count++)
            bsk_join_digits(&other, e, digits, moduli, weights, count, n), add(e, 8 * n);
        for (uint32_t width = 7; width * 3 < bits + 7 && width <= 20; width += 6) {
            uint32_t count = (bits + width - 1) / width;
            for (uint32_t index = 0; index < count && width * (count - 1) <= 61; index++)
                bsk_balanced_digit(&m, &other, e, a, width, count, index, n), add(e, 8 * n);
        }
        bsk_center(&m, s, a, n), add(s, 8 * n);
        bsk_reduce_signed(&m, e, s, n), add(e, 8 * n);
        check(memcmp(e, a, 8 * n) == 0, "bsk_center or bsk_reduce_signed");
        for (uint32_t to = 1; to < bits - 1; to += 9) bsk_scale_to_bits(&m, e, a, to, n), add(e, 8 * n);
        for (size_t k = 0; k < n; k++) b[k] = next();
        bsk_center_add(&m, s, a, b, 5, n), add(s, 8 * n);
        bsk_sign_extend(t, s, bits, n), add(t, 8 * n);
        uint64_t largest = bsk_largest_magnitude(s, n);
        add(&largest, 8);
    }
    end("lifts", bits);
}

static void transforms(uint32_t bits) {
    begin();
    for (uint32_t log_n = 3; log_n <= 12; log_n++) {
        size_t n = (size_t)1 << log_n;
        uint64_t q = prime(bits, 2 * n), psi = 0;
        if (q == 0) continue;
        for (uint64_t g = 2; !psi; g++) {
            uint64_t candidate = power(g, (q - 1) / (2 * n), q);
            if (power(candidate, n, q) == q - 1) psi = candidate;
        }
        bsk_ntt *table = bsk_ntt_create(q, log_n, psi);
        check(table != NULL, "bsk_ntt_create");
        residues(a, q, n);
        memcpy(b, a, 8 * n);
        bsk_ntt_forward(table, a), add(a, 8 * n);
        bsk_ntt_inverse(table, a), add(a, 8 * n);
        check(memcmp(a, b, 8 * n) == 0, "the inverse of the transform");
        bsk_ntt_destroy(table);
    }
    end("transforms", bits);
}

static void packing(uint32_t bits) {
    uint8_t *bytes = memory(8 * LARGEST + 64);
    static const size_t sizes[] = {1, 7, 8, 63, 1000, 4096};
    begin();
    for (size_t i = 0; i < 6; i++) {
        size_t n = sizes[i], length = (n * bits + 7) / 8;
        uint64_t mask = bits == 64 ? ~UINT64_C(0) : (UINT64_C(1) << bits) - 1;
        for (size_t k = 0; k < n; k++) a[k] = next() & mask;
        bsk_pack(bytes, a, bits, n), add(bytes, length);
        bsk_unpack(b, bytes, bits, n);
        check(memcmp(a, b, 8 * n) == 0, "bsk_unpack");
        int below = bsk_all_below(a, mask, n);
        add(&below, sizeof below);
    }
    if (bits > 10 && bits <= 50) {
        bsk_modulus m;
        bsk_modulus_init(&m, prime(bits, 2));
        for (size_t k = 0; k < LARGEST; k++) a[k] = next();
        size_t used = 0, fields = 8 * 8 * 1000 / bits;
        size_t found = bsk_uniform(&m, b, 900, (const uint8_t *)a, fields, &used);
        add(&used, 8), add(&found, 8), add(b, 8 * found);
        // Factors in Montgomery form, packed.
        size_t n = 64, run = (n * bits + 7) / 8;
        uint8_t *keys = memory(4 * run + 64);
        residues(a, m.q, 4 * n), residues(b, m.q, 2 * n), residues(c, m.q, n);
        for (size_t k = 0; k < 4; k++) bsk_pack(keys + k * run, a + k * n, bits, n);
        const uint64_t *left[] = {b, b + n};
        bsk_packed_keys(&m, d, e, left, keys, 2, c, m.q / 5, n), add(d, 8 * n), add(e, 8 * n);
        uint64_t *out0[] = {d}, *out1[] = {e};
        size_t counts[] = {2};
        const uint64_t *first[] = {b, b + n}, *second[] = {c, b};
        for (size_t block = 0; block < n / BSK_WEIGHT_BLOCK; block++)
            for (size_t k = 0; k < 2; k++)
                bsk_pack(keys + (2 * block + k) * BSK_WEIGHT_BLOCK * bits / 8, a + k * n + block * BSK_WEIGHT_BLOCK, bits,
                         BSK_WEIGHT_BLOCK);
        bsk_packed_weights(&m, out0, out1, counts, 1, keys, first, second, n, 0), add(d, 8 * n), add(e, 8 * n);
        free(keys);
    }
    free(bytes);
    end("packing", bits);
}

static void sums(uint32_t bits) {
    enum { ROWS = 11, FEATURES = 37 };
    bsk_modulus m;
    bsk_modulus_init(&m, prime(bits, 2));
    int32_t *weights = memory(4 * ROWS * FEATURES);
    static const uint32_t sizes[] = {7, 11, 16, 24};
    begin();
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < ROWS * FEATURES; k++) {
            int64_t range = INT64_C(1) << sizes[i];
            weights[k] = next() % 3 == 0 ? 0 : (int32_t)((int64_t)(next() % (uint64_t)(2 * range)) - range);
        }
        residues(a, m.q, FEATURES * BSK_TILE);
        bsk_gemm *gemm = bsk_gemm_create(weights, ROWS, FEATURES);
        check(gemm != NULL, "bsk_gemm_create");
        uint64_t *digits = memory(8 * bsk_tile_digits_words(m.bits, FEATURES));
        bsk_tile_digits(&m, digits, a, FEATURES);
        memset(s, 0, 8 * ROWS * BSK_TILE);
        bsk_gemm_sums(gemm, s, digits, m.bits), add(s, 8 * ROWS * BSK_TILE);
        for (size_t row = 0; row < ROWS; row++)
            for (size_t place = 0; place < BSK_TILE; place++) {
                __int128 sum = 0;
                for (size_t feature = 0; feature < FEATURES; feature++) {
                    uint64_t x = a[feature * BSK_TILE + place];
                    int64_t centered = x > m.q / 2 ? (int64_t)(x - m.q) : (int64_t)x;
                    sum += (__int128)weights[row * FEATURES + feature] * centered;
                }
                __int128 low = sum - s[row * BSK_TILE + place];
                // 37 weights below 2^25 and residues of 50 bits may exceed 2^62: then any congruent result will do.
                check(low == 0 || bits > 31, "bsk_gemm_sums");
            }
        free(digits);
        bsk_gemm_destroy(gemm);
    }
    free(weights);
    end("sums", bits);
}

static void samplers(void) {
    static const size_t sizes[] = {1, 8, 13, 4096};
    begin();
    for (size_t i = 0; i < 4; i++) {
        size_t n = sizes[i];
        for (size_t k = 0; k < n; k++) a[k] = next();
        a[0] = 0, a[n - 1] = ~UINT64_C(0);
        bsk_ternary(s, a, n), add(s, 8 * n);
        bsk_centered_binomial(s, a, n), add(s, 8 * n);
        for (size_t k = 0; k < n; k++) s[k] = (int64_t)(next() % 1000) - 499;
        bsk_dither(s, a, 1000, n), add(s, 8 * n);
        bsk_add_fields(s, a, 40, n), add(s, 8 * n);
        bsk_add_half_fields(s, a, 20, n), add(s, 8 * n);
        bsk_add_triple_fields(s, a, 45, n / 3), add(s, 8 * n);
        bsk_add_signed(s, a, -1, n), add(s, 8 * n);
        for (size_t k = 0; k < n; k++) t[k] = (int64_t)next();
        bsk_draw_signs(s, a, t, n), add(s, 8 * n);
        for (size_t k = 0; k < n; k++) t[k] = (int64_t)(next() % 2001) - 1000;
        bsk_draw_quotients(s, a, t, 1000, n), add(s, 8 * n);
        bsk_select(b, a, 1, n, n / 2);
        check(b[0] == a[n / 2], "bsk_select");
    }
    uint8_t hash[32];
    bsk_secret_sha256(hash, (const uint8_t *)"abc", 3);
    check(hash[0] == 0xBA && hash[1] == 0x78 && hash[31] == 0xAD, "bsk_secret_sha256");
    end("samplers", 0);
}

static void ideals(void) {
    begin();
    for (size_t k = 2; k <= BSK_IDEAL_MAX; k *= 2) {
        size_t m = 64;
        int64_t generator[BSK_IDEAL_MAX], reciprocal[BSK_IDEAL_MAX];
        for (size_t i = 0; i < k; i++) {
            generator[i] = (int64_t)(next() % 17) - 8;
            reciprocal[i] = (int64_t)(next() >> 3) - (INT64_C(1) << 60);
        }
        for (size_t i = 0; i < k * m; i++) a[i] = next() >> 14;
        bsk_reduce_ideal(s, a, generator, reciprocal, k, m), add(s, 8 * k * m);
        memset(t, 0, 8 * k * m);
        bsk_multiply_add_ideal(t, s, generator, k, m), add(t, 8 * k * m);
    }
    end("ideals", 0);
}

int main(void) {
    uint64_t **words[] = {&a, &b, &c, &d, &e, &f};
    for (size_t i = 0; i < 6; i++) *words[i] = memory(8 * LARGEST);
    s = memory(8 * LARGEST), t = memory(8 * LARGEST);
    fprintf(stderr, "digest: path %s\n", bsk_path());
    static const uint32_t sizes[] = {11, 17, 24, 31, 36, 43, 47, 50};
    for (size_t i = 0; i < 8; i++) {
        state = sizes[i];
        pointwise(sizes[i]), transforms(sizes[i]), packing(sizes[i]), sums(sizes[i]);
    }
    state = 1;
    packing(1), packing(52), packing(64), samplers(), ideals();
    return 0;
}
