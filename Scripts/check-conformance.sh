#!/usr/bin/env bash
# Runs the ONNX project's own operator cases in the float reference. The first run installs the onnx package, which has them,
# into a Python environment under .build.
#
#   check-conformance.sh [BINARY]   with a built OperatorConformance
set -euo pipefail
cd "$(dirname "$0")/.."

binary=${1:-.build/release/OperatorConformance}
environment=.build/conformance/venv
cases=.build/conformance/cases-1.23
# As many as passed last: a refusal can't creep in. Raise it with every case that is won.
least=708
least_folded=264

if [ ! -e "$cases/.done" ]; then
    [ -x "$environment/bin/pip" ] || python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check 'onnx==1.23.*' numpy
    rm -rf "$cases"
    "$environment/bin/python" Scripts/generate_conformance.py "$cases"
    touch "$cases/.done"
fi
"$binary" "$cases" --at-least "$least" --folded-at-least "$least_folded"
