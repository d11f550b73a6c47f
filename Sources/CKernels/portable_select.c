#include "internal.h"

void bsk_portable_select(
    uint64_t *out, const uint64_t *table, size_t words, size_t count, uint64_t index) {
    for (size_t i = 0; i < words; i++) out[i] = 0;
    for (size_t j = 0; j < count; j++) {
        // All ones where j is the index: of x | -x the top bit says whether x is not 0.
        const uint64_t x = (uint64_t)j ^ index, mask = ((x | (0 - x)) >> 63) - 1;
        for (size_t i = 0; i < words; i++) out[i] |= table[j * words + i] & mask;
    }
}
