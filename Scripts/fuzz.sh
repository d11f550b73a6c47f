#!/usr/bin/env bash
# Fuzzes whatever reads bytes from outside, with libFuzzer and AddressSanitizer, one reader after another.
#
#   Scripts/fuzz.sh [MINUTES a reader, 1] [READER ...]
#
# What stops a reader is written to Fuzz/Found/READER/, where the tests replay it; what widens the coverage to the
# corpus under .build-fuzz. The flags are given here alone: the package itself has none.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=${1:-1}
shift || true
readers=("$@")
[ $# -gt 0 ] || readers=(onnx npy npz idx csv gzip server-plan client-plan secret-key evaluation-key request reply)

scratch=.build-fuzz
runtime=$(find "$(dirname "$(readlink -f "$(command -v swiftc)")")/../lib" /usr/lib/llvm-*/lib \
    -name "libclang_rt.fuzzer_no_main-$(uname -m).a" 2>/dev/null | head -n 1)
[ -n "$runtime" ] || {
    echo "fuzz: no libclang_rt.fuzzer_no_main-$(uname -m).a: install libclang-rt-dev, or a toolchain that has it" >&2
    exit 1
}
coverage='edge,inline-8bit-counters,pc-table,trace-cmp'
swift build -c release --scratch-path "$scratch" --product fuzz --sanitize address \
    -Xswiftc "-sanitize-coverage=$coverage" \
    -Xcc -fsanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp \
    -Xlinker --undefined=LLVMFuzzerRunDriver -Xlinker "$runtime" -Xlinker -lstdc++ -Xlinker -lm

status=0
for reader in "${readers[@]}"; do
    corpus=$scratch/corpus/$reader
    found=Fuzz/Found/$reader
    mkdir -p "$corpus" "$found"
    seeds=()
    [ ! -d "Fuzz/Seeds/$reader" ] || seeds+=("Fuzz/Seeds/$reader")
    longest=8192
    case $reader in
    npy | npz | idx | csv | gzip) longest=1024 ;;
    onnx) longest=4096 ;;
    *)
        # The file of each method, and in its header whose it shall be.
        index=0
        for method in slots features paillier branches; do
            for file in "Tests/Vectors/wire-v6/$method"/*; do
                case $reader:$(basename "$file") in
                server-plan:server.plan | client-plan:client.plan | secret-key:secret.key | \
                    evaluation-key:evaluation.key | request:request.ct | reply:reply.ct)
                    seed=$corpus/seed-$method
                    { head -c 12 "$file"; printf "\\x$(printf %02x "$index")"; tail -c +14 "$file"; } >"$seed"
                    ;;
                esac
            done
            index=$((index + 1))
        done
        [ "$reader" != evaluation-key ] || longest=20000
        ;;
    esac
    echo "fuzz: $reader, $minutes min"
    # Swift's arrays are reused before they are freed; a leak is no finding of a reader's.
    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
        "$scratch/release/fuzz" "$reader" -max_total_time=$((minutes * 60)) -timeout=10 -rss_limit_mb=2048 \
        -max_len=$longest -print_final_stats=1 -use_value_profile=1 -artifact_prefix="$found/" \
        "$corpus" ${seeds[@]+"${seeds[@]}"} >"$scratch/$reader.log" 2>&1 || {
        status=1
        echo "fuzz: $reader stopped: $scratch/$reader.log, and the bytes are in $found/"
    }
    grep -aE '^stat::(number_of_executed_units|average_exec_per_sec|slowest_unit_time_sec|peak_rss_mb)' \
        "$scratch/$reader.log" | sed 's/^stat:://' | tr -s ' \n' ' ' || true
    grep -aoE 'cov: [0-9]+ ft: [0-9]+ corp: [0-9]+' "$scratch/$reader.log" | tail -n 1 || true
    rmdir "$found" 2>/dev/null || true
done
exit $status
