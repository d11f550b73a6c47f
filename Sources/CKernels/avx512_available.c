// SPDX-License-Identifier: Apache-2.0

#include "avx512.h"

int bsk_avx512_available(void) {
#if BSK_HAS_AVX512
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512ifma")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi");
#else
    return 0;
#endif
}

#if !BSK_HAS_AVX512
int bsk_avx512_ntt_tables(bsk_ntt *t) {
    (void)t;
    return 1;
}
#endif
