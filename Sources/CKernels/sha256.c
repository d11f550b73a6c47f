// SPDX-License-Identifier: Apache-2.0

// SHA-256 (FIPS 180-4) of secret bytes: no branch and no address depends on them, and nothing of them is left behind.
#include "internal.h"

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

typedef struct {
    uint32_t state[8], words[64], v[8];
    uint8_t block[64];
} work;

static uint32_t rotated(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void compress(work *w) {
    for (int i = 0; i < 16; i++) {
        const uint8_t *p = w->block + 4 * i;
        w->words[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    }
    for (int i = 16; i < 64; i++) {
        const uint32_t a = w->words[i - 15], b = w->words[i - 2];
        w->words[i] = w->words[i - 16] + w->words[i - 7] +
                      (rotated(a, 7) ^ rotated(a, 18) ^ a >> 3) +
                      (rotated(b, 17) ^ rotated(b, 19) ^ b >> 10);
    }
    uint32_t *v = w->v;
    for (int i = 0; i < 8; i++) v[i] = w->state[i];
    for (int i = 0; i < 64; i++) {
        const uint32_t t1 = v[7] + (rotated(v[4], 6) ^ rotated(v[4], 11) ^ rotated(v[4], 25)) +
                            ((v[4] & v[5]) ^ (~v[4] & v[6])) + K[i] + w->words[i];
        const uint32_t t2 = (rotated(v[0], 2) ^ rotated(v[0], 13) ^ rotated(v[0], 22)) +
                            ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        for (int j = 7; j > 0; j--) v[j] = v[j - 1];
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) w->state[i] += v[i];
}

void bsk_secret_sha256(uint8_t *out, const uint8_t *in, size_t count) {
    work w = {.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                        0x1f83d9ab, 0x5be0cd19}};
    const uint64_t bits = (uint64_t)count * 8;
    // The bytes, 0x80, zeros, the length: a whole number of blocks.
    const size_t blocks = (count + 9 + 63) / 64;
    for (size_t b = 0; b < blocks; b++) {
        for (size_t i = 0; i < 64; i++) {
            const size_t place = 64 * b + i;
            const size_t back = 64 * blocks - 1 - place;
            w.block[i] = place < count    ? in[place]
                         : place == count ? 0x80
                         : back < 8       ? (uint8_t)(bits >> 8 * back)
                                          : 0;
        }
        compress(&w);
    }
    for (int i = 0; i < 32; i++) out[i] = (uint8_t)(w.state[i / 4] >> (24 - 8 * (i % 4)));
    bsk_wipe(&w, sizeof w);
}
