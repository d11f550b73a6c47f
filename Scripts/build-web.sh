#!/usr/bin/env bash
# Web/dist: the page and its library, with the portable C kernels as WebAssembly. Needs wasi-libc and clang's builtins for
# wasm32 (Debian: wasi-libc, libclang-rt-14-dev-wasm32).
# WASI_SYSROOT and WASM_BUILTINS say where these are, where it isn't /usr and below /usr/lib/llvm-*.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "build-web: $*" >&2
    exit 1
}

# The toolchain's own compiler and linker, by their paths: others on the PATH are older. The linker is called by itself,
# since clang would run a wasm-opt that happens to be installed.
swift=$(readlink -f "$(command -v swift || fail "no swift on the PATH")")
tools=$(dirname "$swift")
clang=$tools/clang
linker=$tools/wasm-ld
[ -x "$clang" ] && [ -x "$linker" ] || fail "no clang and wasm-ld beside $swift"

sysroot=${WASI_SYSROOT:-/usr}
[ -e "$sysroot/include/wasm32-wasi/stdlib.h" ] || fail "no wasi-libc in $sysroot; on Debian: apt-get install wasi-libc"
builtins=${WASM_BUILTINS:-$(ls /usr/lib/llvm-*/lib/clang/*/lib/wasi/libclang_rt.builtins-wasm32.a 2>/dev/null | tail -n 1)}
[ -e "$builtins" ] || fail "no builtins for wasm32; on Debian: apt-get install libclang-rt-14-dev-wasm32"

objects=.build/web
dist=Web/dist
rm -rf "$objects" "$dist"
mkdir -p "$objects" "$dist/library" "$dist/page"

sources=(modulus ntt_tables wipe)
for source in ntt pointwise ideal lift pack samplers; do sources+=("portable_$source"); done
for source in "${sources[@]}"; do
    "$clang" --target=wasm32-wasi --sysroot="$sysroot" -O3 -std=c11 -Wall -Werror -mbulk-memory \
        -ffunction-sections -fdata-sections -I Sources/CKernels/include \
        -c "Sources/CKernels/$source.c" -o "$objects/$source.o"
done
mapfile -t exports < <(grep -v '^#' Web/exports.txt)
"$linker" --no-entry --gc-sections --strip-all --stack-first -z stack-size=65536 \
    "${exports[@]/#/--export=}" "$objects"/*.o -L "$sysroot/lib/wasm32-wasi" -lc "$builtins" \
    -o "$dist/library/kernels.wasm"

cp Web/library/*.js "$dist/library/"
cp Web/page/* "$dist/page/"
cp Web/index.html Web/package.json "$dist/"

bytes() { wc -c <"$1"; }
kernels=$dist/library/kernels.wasm
echo "build-web: kernels.wasm $(bytes "$kernels") bytes, $(gzip -9c "$kernels" | wc -c) gzipped"
echo "build-web: the library's scripts $(cat "$dist"/library/*.js | wc -c) bytes, all of $dist $(find "$dist" -type f -exec cat {} + | wc -c)"
