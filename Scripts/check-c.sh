#!/usr/bin/env bash
# Compiles the example in C against the header and the shared library, and compares its answer with the label.
# Usage: Scripts/check-c.sh [libblindsight.so]
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/.build/c
mkdir -p "$folder"
library=$folder/libblindsight.so
[ "$(uname)" = Linux ] || library=$folder/libblindsight.dylib
if [ $# -gt 0 ]; then
    cp "$1" "$library"
else
    python3 Python/backend/blindsight_build.py "$library"
fi
compiler=$(command -v cc || command -v gcc || command -v clang)
"$compiler" -std=c11 -Wall -Wextra -Werror -I Sources/BlindsightC/include Examples/predict.c -L "$folder" -lblindsight \
    -Wl,-rpath,"$folder" -o "$folder/predict"
# A header of C that C++ takes, too.
echo '#include <blindsight.h>' |
    "$compiler" -std=c++17 -Wall -Werror -I Sources/BlindsightC/include -x c++ -fsyntax-only -
index=14
label=$(od -An -tu1 -j $((8 + index)) -N 1 Samples/digits-labels-idx1-ubyte | tr -d ' ')
found=$("$folder/predict" Models/mnist.onnx Samples/digits-images-idx3-ubyte "$index" 2>"$folder/log.txt") || {
    cat "$folder/log.txt" >&2
    exit 1
}
[ "$found" = "The digit is a $label" ] || {
    echo "check-c: '$found', where the label is $label" >&2
    exit 1
}
echo "check-c: Examples/predict.c: $found"
