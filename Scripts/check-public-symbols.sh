#!/usr/bin/env bash
# What a program outside this package sees stays small, and all of it is documented: public symbols by module, as the
# compiler counts them in what was built.
# Usage: Scripts/check-public-symbols.sh [folder of the build]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-.build/release}
limit=350
# What the products Blindsight, BlindsightClient, BFV and Paillier are made of.
modules='Files Threading BigIntegers Ring Lattice BFV Paillier IntegerNetworks Samples PolynomialFitting TensorGraphs
    ONNXModels Quantization Wire InferenceClient Inference BlindsightClient Blindsight'

[ -d "$build/Modules" ] || {
    echo "check-public-symbols: $build/Modules is absent: build first" >&2
    exit 1
}
graphs=$(mktemp -d)
trap 'rm -rf "$graphs"' EXIT
flags=(-I "$build/Modules" -minimum-access-level public -skip-synthesized-members -output-dir "$graphs")
flags+=(-target "$(swiftc -print-target-info | sed -n 's/^ *"triple": "\(.*\)",/\1/p' | head -1)")
if command -v xcrun >/dev/null; then flags+=(-sdk "$(xcrun --show-sdk-path)"); fi
for map in .build/checkouts/swift-crypto/Sources/*/include/module.modulemap Sources/*/module.modulemap \
    "$build"/CKernels.build/module.modulemap; do
    flags+=(-Xcc "-fmodule-map-file=$PWD/$map")
done
for module in $modules; do
    swift symbolgraph-extract -module-name "$module" "${flags[@]}"
done

python3 - "$graphs" "$limit" $modules <<'PYTHON'
import json, pathlib, sys

folder, limit, modules = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
total, undocumented = 0, []
for module in modules:
    # What a module adds to types of another is in a graph of its own.
    paths = [folder / f"{module}.symbols.json", *folder.glob(f"{module}@*.symbols.json")]
    symbols = [symbol for path in paths for symbol in json.loads(path.read_text())["symbols"]]
    print(f"{len(symbols):5} {module}")
    total += len(symbols)
    undocumented += [
        f"{module}: {'.'.join(symbol['pathComponents'])}" for symbol in symbols if "docComment" not in symbol]
print(f"{total:5} in all, of {limit} at most")
for symbol in undocumented:
    print(f"check-public-symbols: no doc comment: {symbol}", file=sys.stderr)
if total == 0 or total > limit:
    print(f"check-public-symbols: {total} public symbols", file=sys.stderr)
sys.exit(1 if undocumented or not 0 < total <= limit else 0)
PYTHON
