#!/usr/bin/env bash
# The whole chain of the command line, role by role, with real files; then what must be refused.
# Usage: Scripts/test-cli.sh [path of the built blindsight]
set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "$0")/.." && pwd)
blindsight=${1:-$root/.build/release/blindsight}
blindsight=$(cd "$(dirname "$blindsight")" && pwd)/$(basename "$blindsight")
model=$root/Models/mnist.onnx
images=$root/Samples/digits-images-idx3-ubyte
index=14
label=7

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
checks=0

die() {
    echo "test-cli: $*" >&2
    exit 1
}

pass() { checks=$((checks + 1)); }

# run NAME ARGUMENTS...: must succeed; standard output goes to NAME.out.
run() {
    local name=$1
    shift
    "$blindsight" "$@" >"$name.out" 2>"$name.err" \
        || die "blindsight $* failed: $(cat "$name.err")"
    pass
}

# refuse TEXT ARGUMENTS...: must fail, say TEXT on standard error and nothing on standard output.
refuse() {
    local text=$1 status=0
    shift
    "$blindsight" "$@" >refused.out 2>refused.err || status=$?
    [ "$status" -ne 0 ] || die "blindsight $* succeeded; '$text' was expected"
    [ "$status" -lt 128 ] || die "blindsight $* died by signal $((status - 128))"
    grep -qiF -- "$text" refused.err \
        || die "blindsight $*: '$text' was expected, not: $(cat refused.err)"
    [ ! -s refused.out ] || die "blindsight $* failed, but wrote to standard output"
    pass
}

# keys FILE KEY...: one JSON object with all of these members.
keys() {
    local file=$1 key
    shift
    [ "$(head -c 1 "$file")" = "{" ] && [ "$(tail -n 1 "$file")" = "}" ] \
        || die "$file is not one JSON object: $(cat "$file")"
    for key in "$@"; do
        grep -q "^  \"$key\": " "$file" || die "$file lacks \"$key\": $(cat "$file")"
    done
    pass
}

# member FILE KEY: the value of a member that stands on one line.
member() { sed -n "s/^  \"$2\": \(.*[^,]\),\{0,1\}\$/\1/p" "$1"; }

equal() { # WHAT FOUND EXPECTED
    [ "$2" = "$3" ] || die "$1: $2; expected $3"
    pass
}

absent() {
    [ ! -e "$1" ] || die "$1 was written by a command that failed"
    pass
}

mode() { stat -c %a "$1" 2>/dev/null || stat -f %Lp "$1"; }

size() { wc -c <"$1" | tr -d ' '; }

# flip FILE OFFSET COPY: a copy with one byte changed.
flip() {
    local old new
    old=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    new=$(printf '%03o' $(((old + 1) % 256)))
    cp "$1" "$3"
    printf "\\$new" | dd of="$3" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# The chain. The server's folder never sees the secret key.
mkdir client server
run plan plan "$model" -o plans --json
keys plan.out model server_plan client_plan degree security_bits range_margin_bits \
    noise_margin_bits request_bytes reply_bytes evaluation_key_bytes server_memory_bytes operations
mv plans/client.plan client/
mv plans/server.plan server/

run keygen keygen --plan client/client.plan -o client --json
keys keygen.out secret_key evaluation_key evaluation_key_bytes
equal "mode of secret.key" "$(mode client/secret.key)" 600
mv client/evaluation.key server/

run encrypt encrypt --plan client/client.plan --key client/secret.key --input "$images" \
    --index "$index" -o server/sample.ct --json
keys encrypt.out ciphertext request_bytes encrypt_ms
equal "request bytes" "$(member encrypt.out request_bytes)" "$(size server/sample.ct)"

mv client/secret.key secret.hidden
(cd server && "$blindsight" predict --plan server.plan --evaluation-key evaluation.key sample.ct \
    -o reply.ct --json >../predict.out) || die "predict failed without the secret key"
mv secret.hidden client/secret.key
keys predict.out reply reply_bytes latency_ms threads operations
equal "reply bytes" "$(member predict.out reply_bytes)" "$(size server/reply.ct)"

decrypt=(decrypt --plan client/client.plan --key client/secret.key)
run decrypt "${decrypt[@]}" server/reply.ct --json
keys decrypt.out label index labels logits values
equal "label" "$(member decrypt.out label)" "\"$label\""
run text "${decrypt[@]}" server/reply.ct
grep -q "^Prediction: $label\$" text.out || die "decrypt printed: $(cat text.out)"

# The same sample from CSV, compressed: the same logits.
od -An -v -tu1 -j $((16 + index * 784)) -N 784 "$images" | tr -s ' \n' ',' \
    | sed 's/^,//; s/,*$//' | gzip >sample.csv.gz
run csv encrypt --plan client/client.plan --key client/secret.key --input sample.csv.gz -o csv.ct
run csv-predict predict --plan server/server.plan --evaluation-key server/evaluation.key csv.ct \
    -o csv-reply.ct --threads 1
run csv-decrypt "${decrypt[@]}" csv-reply.ct --json
equal "logits from CSV" "$(member csv-decrypt.out logits)" "$(member decrypt.out logits)"

# Float, integer and encrypted on all that ships.
run verify verify --plan server/server.plan --data "$root/Samples" --json
keys verify.out samples mismatched_logits accuracy_float accuracy_integer accuracy_encrypted \
    minimum_noise_margin_bits
equal "mismatched logits" "$(member verify.out mismatched_logits)" 0
equal "accuracy" "$(member verify.out accuracy_encrypted)" 1.0
run limited verify --plan server/server.plan --data "$root/Samples" --limit 3 --threads 2 --json
equal "samples" "$(member limited.out samples)" 3

run bench bench --plan server/server.plan --repetitions 2 --threads 1 --json
keys bench.out layout samples threads latency_ms throughput_per_second encrypt_ms decrypt_ms \
    keygen_ms request_bytes reply_bytes evaluation_key_bytes peak_rss_bytes buffers_taken \
    buffers_allocated operations
# Exact: a change that raises one must say why.
equal "buffers that a prediction takes" "$(member bench.out buffers_taken)" 156
equal "buffers that it allocates in the steady state" "$(member bench.out buffers_allocated)" 0
export XDG_CACHE_HOME=$PWD/cache
run calibrate bench --calibrate --json
keys calibrate.out forward_butterfly_ns inverse_butterfly_ns key_residue_ns plaintext_residue_ns overhead written
run calibrated plan "$model" -o calibrated --json
equal "calibrated" "$(member calibrated.out calibrated)" 1
equal "the plan on a calibrated machine" "$(cat calibrated/client.plan | cksum)" \
    "$(cat client/client.plan | cksum)"
unset XDG_CACHE_HOME
equal "request bytes" "$(member bench.out request_bytes)" "$(size server/sample.ct)"
equal "evaluation key bytes" "$(member bench.out evaluation_key_bytes)" \
    "$(size server/evaluation.key)"
equal "operations, bench and predict" \
    "$(sed -n '/"operations"/,$p' bench.out)" "$(sed -n '/"operations"/,$p' predict.out)"
equal "operations, bench and plan" \
    "$(sed -n '/"operations"/,$p' bench.out)" "$(sed -n '/"operations"/,$p' plan.out)"

run demo demo --digit 3 --model "$model" --samples "$root/Samples"
grep -q "Prediction: 3 (right)" demo.out || die "demo printed: $(cat demo.out)"
[ "$(wc -L <demo.out 2>/dev/null || echo 0)" -le 80 ] || die "demo is wider than 80 columns"
! grep -q "$(printf '\033')" demo.out || die "demo is coloured where there is no terminal"

digest=
for file in client/client.plan server/server.plan client/secret.key server/evaluation.key \
    server/sample.ct server/reply.ct; do
    run inspect inspect "$file" --json
    keys inspect.out file kind version digest bytes payload_bytes details
    equal "plan digest of $file" "$(member inspect.out digest)" \
        "${digest:=$(member inspect.out digest)}"
done

for command in plan keygen encrypt predict decrypt verify bench inspect demo; do
    run help "$command" --help
    grep -q "blindsight $command" help.out || die "$command --help shows no example"
done

# Refusals.
refuse "secret.key exists" keygen --plan client/client.plan -o client
equal "mode of secret.key" "$(mode client/secret.key)" 600
refuse "no such file" keygen --plan missing.plan -o client
refuse "no such file" "${decrypt[@]}" missing.ct
refuse "no sample 99" encrypt --plan client/client.plan --key client/secret.key \
    --input "$images" --index 99 -o bad.ct
refuse "server plan" keygen --plan server/server.plan -o other
absent other
refuse "secret key" predict --plan server/server.plan --evaluation-key client/secret.key \
    server/sample.ct -o bad.ct
refuse "not a Blindsight file" inspect "$model"
refuse "values a sample" encrypt --plan client/client.plan --key client/secret.key \
    --input "$root/Samples/digits-labels-idx1-ubyte" -o bad.ct
refuse "ONNX" plan "$images" -o other
refuse "threads" bench --plan server/server.plan --threads 0
refuse "either --plan or --calibrate" bench
refuse "labelled" demo --digit 10 --model "$model" --samples "$root/Samples"
refuse "" frobnicate

for length in 0 7 100 $(($(size server/reply.ct) - 1)); do
    head -c "$length" server/reply.ct >truncated.ct
    refuse "truncated.ct" "${decrypt[@]}" truncated.ct
done
for offset in 0 9 11 20 60 $(($(size server/sample.ct) / 2)) $(($(size server/sample.ct) - 1)); do
    flip server/sample.ct "$offset" flipped.ct
    refuse "flipped.ct" predict --plan server/server.plan \
        --evaluation-key server/evaluation.key flipped.ct -o bad.ct
done

# Another plan: the same network with one label renamed.
sed 's/0,1,2,3,4,5,6,7,8,9/o,1,2,3,4,5,6,7,8,9/' "$model" >other.onnx
! cmp -s "$model" other.onnx || die "the other model is the same"
run other plan other.onnx -o other
refuse "made for plan" encrypt --plan other/client.plan --key client/secret.key \
    --input "$images" -o bad.ct
refuse "made for plan" predict --plan other/server.plan --evaluation-key server/evaluation.key \
    server/sample.ct -o bad.ct
refuse "made for plan" decrypt --plan other/client.plan --key client/secret.key server/reply.ct
absent bad.ct

# A float model with calibration samples (64 values of 0 to 16 each), from plan to prediction, and what must be refused.
samples() {
    awk -v rows="$1" -v columns="$2" 'BEGIN {
        srand(7)
        for (i = 0; i < rows; i++)
            for (j = 0; j < columns; j++) printf "%d%s", 17 * rand() * rand(), j + 1 < columns ? "," : "\n"
    }'
}
samples 60 64 >digits.csv
samples 5 63 >narrow.csv
seq 59 >59.csv
seq 60 >60.csv
float=$root/Models/relu-mlp.onnx
refuse "--calibration" plan "$float" -o float
refuse "the model takes 64" plan "$float" --calibration narrow.csv -o float
refuse "belongs to --range calibrated" plan "$float" --calibration digits.csv --margin-bits 2 -o float
refuse "belongs to --calibration" plan "$float" --labels digits.csv -o float
refuse "bits" plan "$float" --calibration digits.csv --bits 8..3 -o float
refuse "use AveragePool" plan "$root/Models/maxpool.onnx" --calibration digits.csv -o float
absent float
run float plan "$float" --calibration digits.csv --degrees 2 -o float --json
keys float.out quantization certified range_bits
equal "certified" "$(member float.out certified)" 1
for name in report.md activation-1.svg server.plan client.plan; do
    [ -s "float/$name" ] || die "plan wrote no $name"
done
grep -q "activation-1.svg" float/report.md || die "the report shows no plot"
run float-verify verify --plan float/server.plan --data digits.csv --json
equal "mismatched logits of a float model" "$(member float-verify.out mismatched_logits)" 0
refuse "labels for 60 samples" verify --plan float/server.plan --data digits.csv --labels 59.csv
run float-labels verify --plan float/server.plan --data digits.csv --labels 60.csv --limit 9 --json
keys float-labels.out accuracy_float accuracy_integer accuracy_encrypted
run float-keygen keygen --plan float/client.plan -o float
run float-encrypt encrypt --plan float/client.plan --key float/secret.key --input digits.csv \
    --index 5 -o float.ct
run float-predict predict --plan float/server.plan --evaluation-key float/evaluation.key float.ct \
    -o float-reply.ct
run float-decrypt decrypt --plan float/client.plan --key float/secret.key float-reply.ct
if grep -q "Not certified" float-decrypt.out; then die "a certified plan says it is not"; fi

run loose plan "$float" --calibration digits.csv --degrees 2 --range calibrated --margin-bits 3 \
    -o loose
grep -q "NOT CERTIFIED" loose.out || die "a calibrated range is not told: $(cat loose.out)"
grep -q "NOT CERTIFIED" loose/report.md || die "a calibrated range is not in the report"
run loose-keygen keygen --plan loose/client.plan -o loose
run loose-encrypt encrypt --plan loose/client.plan --key loose/secret.key --input digits.csv \
    --index 5 -o loose.ct
run loose-predict predict --plan loose/server.plan --evaluation-key loose/evaluation.key loose.ct \
    -o loose-reply.ct
run loose-decrypt decrypt --plan loose/client.plan --key loose/secret.key loose-reply.ct --json
equal "certified" "$(member loose-decrypt.out certified)" 0

run force keygen --plan client/client.plan -o client --force
equal "mode of secret.key" "$(mode client/secret.key)" 600
if compgen -G "client/*.tmp" >/dev/null; then die "a temporary file was left"; fi

echo "test-cli: $checks checks passed"
