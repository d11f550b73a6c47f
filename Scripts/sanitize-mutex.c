// SPDX-License-Identifier: Apache-2.0

// Lets ThreadSanitizer see Swift's Mutex on Linux where threads wait for it.
//
// The quick way into and out of a Mutex is inlined, so that the sanitizer sees it. The way of a thread that has to wait
// is in libswiftSynchronization, which isn't instrumented: all that such a lock protects would be reported as a race.
// Preloaded by sanitize.sh, this stands before that library and says what is acquired and released. It says no more than
// is true: the sanitizer knows the lock by the same address in the inlined part.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *

// In the test program, where it was built with the sanitizer.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK_SLOW "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void lock_slow(uint32_t thread, SELF self);
typedef SWIFT bool try_lock_slow(SELF self);
typedef SWIFT void unlock_slow(SELF self);

static lock_slow *next_lock;
static try_lock_slow *next_try_lock;
static unlock_slow *next_unlock;

__attribute__((constructor)) static void find(void) {
    next_lock = (lock_slow *)dlsym(RTLD_NEXT, LOCK_SLOW);
    next_try_lock = (try_lock_slow *)dlsym(RTLD_NEXT, TRY_LOCK_SLOW);
    next_unlock = (unlock_slow *)dlsym(RTLD_NEXT, UNLOCK_SLOW);
}

SWIFT void bsk_lock_slow(uint32_t thread, SELF self) __asm__(LOCK_SLOW);
SWIFT bool bsk_try_lock_slow(SELF self) __asm__(TRY_LOCK_SLOW);
SWIFT void bsk_unlock_slow(SELF self) __asm__(UNLOCK_SLOW);

SWIFT void bsk_lock_slow(uint32_t thread, SELF self) {
    next_lock(thread, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT bool bsk_try_lock_slow(SELF self) {
    bool locked = next_try_lock(self);
    if (locked && __tsan_acquire) __tsan_acquire(self);
    return locked;
}

SWIFT void bsk_unlock_slow(SELF self) {
    if (__tsan_release) __tsan_release(self);
    next_unlock(self);
}
