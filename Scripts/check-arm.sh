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
here=(portable)
[ "$(uname -m)" != x86_64 ] || here+=(avx2 avx512)
for path in neon portable; do
    BLINDSIGHT_KERNELS=$path qemu-aarch64 "$folder/digest-arm" >"$folder/arm-$path.txt" 2>"$folder/arm-$path.log" || {
        cat "$folder/arm-$path.log" >&2
        exit 1
    }
    grep -q "path $path$" "$folder/arm-$path.log" || {
        echo "check-arm: on ARM no path $path, but $(cat "$folder/arm-$path.log")" >&2
        exit 1
    }
done
lines=$(wc -l <"$folder/arm-neon.txt")
for path in "${here[@]}"; do
    BLINDSIGHT_KERNELS=$path "$folder/digest" >"$folder/$path.txt" 2>"$folder/$path.log" || {
        cat "$folder/$path.log" >&2
        exit 1
    }
    for arm in neon portable; do
        diff "$folder/arm-$arm.txt" "$folder/$path.txt" || {
            echo "check-arm: ARM by $arm differs from $(cat "$folder/$path.log")" >&2
            exit 1
        }
    done
    echo "check-arm: $lines lines as on ARM by neon and portable, here by $(sed 's/.*path //' "$folder/$path.log")"
done
