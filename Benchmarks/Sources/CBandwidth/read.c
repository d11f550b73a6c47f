#include "CBandwidth.h"

// Eight independent accumulators, so that loads and not additions set the pace.
#define READ_BODY(vector)                                                                        \
    const vector *v = (const vector *)p;                                                         \
    const size_t lanes = sizeof(vector) / sizeof(uint64_t);                                      \
    vector a[8] = {{0}};                                                                         \
    for (size_t i = 0; i < words / lanes; i += 8)                                                \
        for (int j = 0; j < 8; j++) a[j] ^= v[i + j];                                            \
    uint64_t sum = 0;                                                                            \
    for (int j = 0; j < 8; j++)                                                                  \
        for (size_t k = 0; k < lanes; k++) sum ^= a[j][k];                                       \
    return sum;

typedef uint64_t words2 __attribute__((vector_size(16), may_alias));

static uint64_t read_128(const uint64_t *p, size_t words) { READ_BODY(words2) }

#if defined(__x86_64__)
typedef uint64_t words4 __attribute__((vector_size(32), may_alias));
typedef uint64_t words8 __attribute__((vector_size(64), may_alias));

__attribute__((target("avx2"))) static uint64_t read_256(const uint64_t *p, size_t words) {
    READ_BODY(words4)
}

__attribute__((target("avx512f"))) static uint64_t read_512(const uint64_t *p, size_t words) {
    READ_BODY(words8)
}
#endif

uint64_t bench_read(const uint64_t *p, size_t words) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return read_512(p, words);
    if (__builtin_cpu_supports("avx2")) return read_256(p, words);
#endif
    return read_128(p, words);
}
