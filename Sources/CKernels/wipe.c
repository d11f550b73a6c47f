// SPDX-License-Identifier: Apache-2.0

#include <string.h>

#include "internal.h"

void bsk_wipe(void *p, size_t bytes) {
    memset(p, 0, bytes);
    // The compiler must assume that this reads the buffer, so it keeps the stores.
    __asm__ volatile("" : : "r"(p) : "memory");
}
