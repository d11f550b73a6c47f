// SPDX-License-Identifier: Apache-2.0

#ifndef BLINDSIGHT_FUZZ_DRIVER_H
#define BLINDSIGHT_FUZZ_DRIVER_H

#include <stddef.h>
#include <stdint.h>

typedef int (*fuzz_body)(const uint8_t *data, size_t size);

/// libFuzzer's loop with its command line; -1 where the program was linked without it.
int fuzz_run(int argc, char **argv, fuzz_body body);

#endif
