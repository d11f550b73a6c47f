#!/usr/bin/env bash
# The C kernels on ARM: cross-compiled, run under qemu's user mode, and compared line by line with what they answer here
# on each path of this machine. Debian's names of what it needs: gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=.build/arm
mkdir -p "$folder"
sources=$(ls Sources/CKernels/*.c)
flags=(-std=gnu11 -O2 -Wall -Wno-unknown-pragmas -Werror -I Sources/CKernels/include)

for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v "$tool" >/dev/null || {
        echo "check-arm: no $tool; install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user" >&2
        exit 1
    }
done
# shellcheck disable=SC2086
aarch64-linux-gnu-gcc "${flags[@]}" -static $sources Tests/_Kernels/digest.c -lm -o "$folder/digest-arm"
# shellcheck disable=SC2086
cc "${flags[@]}" $sources Tests/_Kernels/digest.c -lm -o "$folder/digest"
qemu-aarch64 "$folder/digest-arm" >"$folder/arm.txt"
lines=$(wc -l <"$folder/arm.txt")
for path in portable avx2 avx512; do
    BLINDSIGHT_KERNELS=$path "$folder/digest" >"$folder/$path.txt" 2>"$folder/$path.log" || {
        cat "$folder/$path.log" >&2
        exit 1
    }
    diff "$folder/arm.txt" "$folder/$path.txt" || {
        echo "check-arm: ARM differs from $(cat "$folder/$path.log")" >&2
        exit 1
    }
    echo "check-arm: $lines lines as on ARM, here by $(sed 's/.*path //' "$folder/$path.log")"
done
