// SPDX-License-Identifier: Apache-2.0

#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "internal.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#endif

int bsk_guard_pages(void *p, size_t bytes) {
#if defined(__linux__) && defined(MADV_DONTDUMP)
    (void)madvise(p, bytes, MADV_DONTDUMP);
#endif
#if defined(__unix__) || defined(__APPLE__)
    return mlock(p, bytes) == 0;
#else
    (void)p;
    (void)bytes;
    return 0;
#endif
}

void bsk_release_pages(void *p, size_t bytes) {
#if defined(__unix__) || defined(__APPLE__)
    (void)munlock(p, bytes);
#endif
#if defined(__linux__) && defined(MADV_DODUMP)
    (void)madvise(p, bytes, MADV_DODUMP);
#endif
    (void)p;
    (void)bytes;
}

void bsk_advise_large_pages(void *p, size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    (void)madvise(p, bytes, MADV_HUGEPAGE);
#else
    (void)p;
    (void)bytes;
#endif
}
