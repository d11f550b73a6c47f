#!/usr/bin/env bash
# How large one shared library of everything is: the engine behind a function of C, with Swift's standard library in it,
# stripped. Fails where it is larger than it may be, needs a library outside the list, or doesn't recognize a digit.
# Linux only. Builds in a folder of its own: minutes at first.
# Usage: Scripts/measure-shared-library.sh [folder of the build]
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mkdir -p "${1:-.build/shared-library}" && cd "${1:-.build/shared-library}" && pwd)
limit=25000000
allowed='libc.so.6 libm.so.6 libgmp.so.10 libz.so.1 libstdc++.so.6 libpthread.so.0 libdl.so.2 ld-linux-x86-64.so.2
    ld-linux-aarch64.so.1'

[ "$(uname)" = Linux ] || {
    echo "measure-shared-library: Linux only" >&2
    exit 1
}
# Only what C calls is seen from outside, so that the linker may leave out what that doesn't reach.
exports=$scratch/exports.map
echo '{ global: blindsight_*; local: *; };' >"$exports"
# Flags for the linker are given here: a manifest with any couldn't be depended on. The unwinder comes from its archive,
# or libgcc_s would be needed too.
swift build --package-path Benchmarks/SharedLibrary --scratch-path "$scratch" -c release --product BlindsightC \
    -Xswiftc -static-stdlib -Xlinker --gc-sections -Xlinker "--version-script=$exports" \
    -Xlinker "$(gcc -print-file-name=libgcc_eh.a)" >"$scratch/build.log" 2>&1 || {
    tail -n 20 "$scratch/build.log" >&2
    exit 1
}
library=$scratch/libblindsight.so
strip --strip-all -o "$library" "$scratch/release/libBlindsightC.so"

status=0
size=$(wc -c <"$library")
printf 'measure-shared-library: %d.%d MB, of %d at most\n' \
    $((size / 1000000)) $((size % 1000000 / 100000)) $((limit / 1000000))
if ((size > limit)); then
    echo "measure-shared-library: $library is larger than it may be" >&2
    status=1
fi
needed=$(LC_ALL=C readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
echo "measure-shared-library: it needs" $needed
for name in $needed; do
    [[ " $(echo $allowed) " == *" $name "* ]] || {
        echo "measure-shared-library: $name is not among $(echo $allowed)" >&2
        status=1
    }
done

# Digit 14 of the samples is the one that the README shows.
python3 - "$library" <<'PYTHON' || status=1
import ctypes, pathlib, sys

pixels = pathlib.Path("Samples/digits-images-idx3-ubyte").read_bytes()[16 + 14 * 784 : 16 + 15 * 784]
label = pathlib.Path("Samples/digits-labels-idx1-ubyte").read_bytes()[8 + 14]
classify = ctypes.CDLL(sys.argv[1]).blindsight_classify
classify.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_float), ctypes.c_long]
found = classify(b"Models/mnist.onnx", (ctypes.c_float * 784)(*pixels), 784)
if found != label:
    sys.exit(f"measure-shared-library: the library says {found}, and the digit is {label}")
print(f"measure-shared-library: it recognizes a digit, encrypted: {found}")
PYTHON
exit "$status"
