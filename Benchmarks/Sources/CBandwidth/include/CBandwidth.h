// How fast this core reads memory, as a yardstick for kernels that stream.
#ifndef BENCHMARKS_CBANDWIDTH_H
#define BENCHMARKS_CBANDWIDTH_H

#include <stddef.h>
#include <stdint.h>

/// Reads every word once, with the widest loads that the processor has; returns their exclusive or.
/// words is a multiple of 64; p is aligned to 64 bytes.
uint64_t bench_read(const uint64_t *p, size_t words);

#endif
