// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

void bsk_portable_select(
    uint64_t *out, const uint64_t *table, size_t words, size_t count, uint64_t index) {
    for (size_t i = 0; i < words; i++) out[i] = 0;
    for (size_t j = 0; j < count; j++) {
        const uint64_t mask = bsk_equality_mask(j, index);
        for (size_t i = 0; i < words; i++) out[i] |= table[j * words + i] & mask;
    }
}
