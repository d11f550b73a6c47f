// SPDX-License-Identifier: Apache-2.0

// Private to CKernels: what the files of arithmetic mod n^2 share.
#ifndef BSK_AVX512_NADIC_H
#define BSK_AVX512_NADIC_H

#include <string.h>

#include "CKernelsNadic.h"
#include "avx512.h"

#define BSK_ALIGNED __attribute__((aligned(64)))
#define BSK_UNROLL _Pragma("clang loop unroll(full)")

#endif
