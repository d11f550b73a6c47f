#!/usr/bin/env bash
# Imports go down only: each module may import what is listed for it and nothing else. A line of the
# list names only modules above it, which rules out cycles.
set -euo pipefail
cd "$(dirname "$0")/.."

# module: modules of ours below it | modules of others
rules='
CGMP: |
CZlib: |
CKernels: |
Files: |
Threading: CKernels |
BigIntegers: CGMP |
Ring: Threading BigIntegers CKernels | Crypto CryptoExtras _CryptoExtras
Lattice: Ring Threading BigIntegers CKernels |
BFV: Lattice Ring Threading BigIntegers CKernels |
Paillier: Ring Threading BigIntegers CKernels CGMP |
IntegerNetworks: Threading BigIntegers |
Samples: Files CZlib |
PolynomialFitting: Threading BigIntegers |
TensorGraphs: IntegerNetworks |
ONNXModels: TensorGraphs IntegerNetworks Samples Files | SwiftProtobuf
Quantization: ONNXModels TensorGraphs PolynomialFitting IntegerNetworks Samples Threading BigIntegers |
Wire: Files CKernels | Crypto CryptoExtras _CryptoExtras
InferenceClient: Wire BFV Lattice Paillier Ring TensorGraphs IntegerNetworks Files Threading BigIntegers CKernels | SwiftProtobuf
Inference: InferenceClient Wire BFV Lattice Paillier Ring TensorGraphs IntegerNetworks Files Threading BigIntegers CKernels | SwiftProtobuf
BlindsightClient: InferenceClient |
Blindsight: Inference InferenceClient Quantization ONNXModels TensorGraphs IntegerNetworks Samples Files Threading BigIntegers |
BlindsightCommands: Blindsight Inference InferenceClient Quantization ONNXModels TensorGraphs IntegerNetworks Samples Wire Ring Paillier Files Threading BigIntegers | ArgumentParser
BlindsightCLI: BlindsightCommands | ArgumentParser
BlindsightC: BlindsightCommands Blindsight Inference InferenceClient Quantization ONNXModels TensorGraphs IntegerNetworks Samples Wire Paillier Files Threading BigIntegers |
'
# What the toolchain brings is open to all.
toolchain='Swift Foundation FoundationEssentials Synchronization Dispatch Glibc Musl Darwin Android'

status=0
complain() {
    echo "check-imports: $*" >&2
    status=1
}
contains() { [[ " $1 " == *" $2 "* ]]; }

seen=''
while IFS= read -r line; do
    [ -n "$line" ] || continue
    module=${line%%:*}
    rest=${line#*:}
    ours=${rest%%|*}
    others=${rest#*|}
    for below in $ours; do
        contains "$seen" "$below" || complain "the list lets $module import $below, which isn't below it"
    done
    seen="$seen $module"
    [ -d "Sources/$module" ] || { complain "Sources/$module is listed but absent"; continue; }
    while IFS=: read -r file number import; do
        # "import class A.B", "@preconcurrency import A", "package import A.B": the module is A.
        name=$(sed -E 's/^.*import +((struct|class|enum|protocol|func|var|let|typealias) +)?([A-Za-z_0-9]+).*$/\3/' <<<"$import")
        contains "$ours $others $toolchain" "$name" ||
            complain "$file:$number: $module must not import $name (it may: $ours $others)"
    done < <(grep -rnE --include='*.swift' \
        '^ *(@[A-Za-z_()]+ +)*((public|package|internal|fileprivate|private) +)?import +' "Sources/$module" || true)
done <<<"$rules"

for folder in Sources/*/; do
    module=$(basename "$folder")
    contains "$seen" "$module" || complain "Sources/$module is not in the list of Scripts/check-imports.sh"
done
while IFS=: read -r file number _; do
    complain "$file:$number: @testable is not used here; make it 'package'"
done < <(grep -rn --include='*.swift' '@testable' Sources Tests || true)
while IFS=: read -r file number _; do
    complain "$file:$number: modules are not re-exported; give the names that programs use most a typealias"
done < <(grep -rn --include='*.swift' '@_exported' Sources || true)

[ "$status" != 0 ] || echo "check-imports: imports go down only"
exit "$status"
