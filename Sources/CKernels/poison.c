// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BSK_ADDRESS_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define BSK_ADDRESS_SANITIZER 1
#endif

#ifdef BSK_ADDRESS_SANITIZER

void __asan_poison_memory_region(void const volatile *, size_t);
void __asan_unpoison_memory_region(void const volatile *, size_t);

void bsk_poison(const void *p, size_t bytes) { __asan_poison_memory_region(p, bytes); }
void bsk_unpoison(const void *p, size_t bytes) { __asan_unpoison_memory_region(p, bytes); }

#else

void bsk_poison(const void *p, size_t bytes) {
    (void)p;
    (void)bytes;
}

void bsk_unpoison(const void *p, size_t bytes) {
    (void)p;
    (void)bytes;
}

#endif
