// SPDX-License-Identifier: Apache-2.0

#include "Driver.h"

// Of clang's libclang_rt.fuzzer_no_main, which Scripts/fuzz.sh links and nothing else does.
extern int LLVMFuzzerRunDriver(int *argc, char ***argv, fuzz_body body) __attribute__((weak));

int fuzz_run(int argc, char **argv, fuzz_body body) {
    if (!LLVMFuzzerRunDriver) { return -1; }
    return LLVMFuzzerRunDriver(&argc, &argv, body);
}
