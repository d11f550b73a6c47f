#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the kernels' loops take on ARM, by llvm-mca's models of four cores. An estimate: nothing runs.

    Scripts/estimate-arm.py [--clang CLANG] [--mca LLVM-MCA]

Clang compiles the portable kernels and those of NEON for ARM; a loop is a block that jumps to itself. Its cycles, by
the residues that it stores, are added up as often as a residue goes through it in a transform of 8192. Caches, the
loops' ends and what is around them are left out, for both alike. Prints docs/Benchmarks.md's table.
Needs a clang for AArch64 (Swift's is one), headers of its libc (Debian: libc6-dev-arm64-cross), llvm-mca of LLVM 19 or
later.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

KERNELS = Path(__file__).resolve().parents[1] / "Sources" / "CKernels"
CORES = {
    "Neoverse N1": "neoverse-n1", "Neoverse V1": "neoverse-v1", "Neoverse V2": "neoverse-v2", "Apple M1": "apple-m1"}
ITERATIONS = 300

# Kernels that were tried in doubles and are left portable.
TRIED = """
#include "real.h"
void tried_mul_scalar(const bsk_modulus *m, uint64_t *out, const uint64_t *a, uint64_t s, size_t n) {
    const field f = field_of(m);
    const factor t = factor_of(m, s);
    for (size_t i = 0; i < n; i += 4) from_real(out + i, reduced(multiplied(to_real(a + i), t, f), f), f);
}
void tried_sub_mul_scalar(
    const bsk_modulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t s, size_t n) {
    const field f = field_of(m);
    const factor t = factor_of(m, s);
    for (size_t i = 0; i < n; i += 4)
        from_real(out + i, reduced(multiplied(minus(to_real(a + i), to_real(b + i)), t, f), f), f);
}
"""

# Name; of the portable and the other kernel: file, function, how often each of its loops is gone through (none: the
# fastest loop, once).
STAGES = 13
ROWS = [
    ("forward transform, N = 8192", ("portable_ntt", "bsk_portable_ntt_forward", [STAGES, 1]),
     ("real_ntt", "bsk_neon_ntt_forward", [1, 1, 5, 1])),
    ("inverse transform, N = 8192", ("portable_ntt", "bsk_portable_ntt_inverse", [STAGES - 1, 1]),
     ("real_ntt", "bsk_neon_ntt_inverse", [1, 5, 1, 1])),
    ("product", ("portable_pointwise", "bsk_portable_mul", None), ("real_products", "bsk_neon_mul", None)),
    ("tensor product", ("portable_pointwise", "bsk_portable_tensor", None), ("real_products", "bsk_neon_tensor", None)),
    ("by a scalar: left portable", ("portable_pointwise", "bsk_portable_mul_scalar", None),
     ("tried", "tried_mul_scalar", None)),
    ("difference by a scalar: left portable", ("portable_pointwise", "bsk_portable_sub_mul_scalar", None),
     ("tried", "tried_sub_mul_scalar", None)),
    ("sum", ("portable_pointwise", "bsk_portable_add", None), None),
    ("centered", ("portable_lift", "bsk_portable_center", None), None),
    ("unpacked", ("portable_pack", "bsk_portable_unpack", None), None),
]


def loops(assembly):
    """Instructions of each block that jumps to itself, by function, in order."""
    found, function, label, block = {}, None, None, []
    for line in assembly.splitlines():
        text = line.split("//")[0].strip()
        if match := re.match(r"([A-Za-z_]\w*):$", text):
            function, label, block = match[1], None, []
        elif match := re.match(r"(\.L\w+):$", text):
            label, block = match[1], []
        elif text and not text.startswith("."):
            block.append(text)
            if match := re.match(r"(?:b\.\w+|cbn?z|tbn?z)\b.*?(\.L\w+)$", text):
                if match[1] == label:
                    found.setdefault(function, []).append(list(block))
                label = None
    return found


def stored(block):
    """Words."""
    sizes = {"q": 16, "x": 8, "d": 8}
    total = 0
    for text in block:
        operation, rest = text.split(None, 1)
        if operation in ("str", "stur", "stp"):
            total += sizes.get(rest[0], 0) * (2 if operation == "stp" else 1)
    return total / 8


def without_write_back(block):
    """Addresses that move by instructions of their own: the models let one wait for the data that is stored."""
    for text in block:
        if match := re.match(r"(.*\[(\w+)\]), (?:#(-?)(\d+)|(x\d+))$", text):
            yield match[1]
            yield f"{'sub' if match[3] else 'add'} {match[2]}, {match[2]}, {match[5] or '#' + match[4]}"
        else:
            yield text


def cycles(mca, block, core):
    done = subprocess.run(
        [mca, "-mtriple=aarch64", f"-mcpu={core}", f"-iterations={ITERATIONS}"],
        input="\n".join(without_write_back(block)) + "\n", capture_output=True, text=True)
    match = re.search(r"Total Cycles:\s+(\d+)", done.stdout)
    if match is None:
        sys.exit(f"estimate-arm: {mca} says: {done.stderr.strip()[:300]}")
    return int(match[1]) / ITERATIONS


def per_residue(mca, blocks, passes, core):
    each = [cycles(mca, block, core) / stored(block) for block in blocks if stored(block)]
    if passes is None:
        return min(each)
    if len(each) != len(passes):
        sys.exit(f"estimate-arm: {len(each)} loops where {len(passes)} were expected: another compiler?")
    return sum(count * one for count, one in zip(passes, each))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clang", default=shutil.which("clang"))
    versions = [f"llvm-mca-{version}" for version in range(25, 18, -1)]
    parser.add_argument("--mca", default=next(filter(shutil.which, versions), "llvm-mca"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tried = Path(folder) / "tried.c"
        tried.write_text(TRIED)
        found = {}
        for name in sorted({part[0] for row in ROWS for part in row[1:] if part}):
            source = tried if name == "tried" else KERNELS / f"{name}.c"
            done = subprocess.run(
                [options.clang, "--target=aarch64-linux-gnu", "-isystem", "/usr/aarch64-linux-gnu/include",
                 "-std=gnu11", "-O2", "-I", KERNELS, "-I", KERNELS / "include", "-S", "-o", "-", source],
                capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"estimate-arm: {options.clang} says: {done.stderr.strip()[:300]}")
            found |= loops(done.stdout)
    print("| cycles a residue | " + " | ".join(CORES) + " |")
    print("|---" * (len(CORES) + 1) + "|")
    for title, portable, doubles in ROWS:
        cells = []
        for core in CORES.values():
            before = per_residue(options.mca, found[portable[1]], portable[2], core)
            if doubles is None:
                cells.append(f"{before:.1f}")
                continue
            after = per_residue(options.mca, found[doubles[1]], doubles[2], core)
            cells.append(f"{before:.1f} : {after:.1f} = {before / after:.1f}")
        print(f"| {title} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
