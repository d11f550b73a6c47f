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

# What `make mutants` breaks is a copy: what is shipped knows nothing of it, neither by symbol nor by text.
for trace in isMutant activeMutant BLINDSIGHT_MUTANT; do
    if grep -aqF -- "$trace" "$blindsight"; then die "$blindsight holds '$trace'"; fi
    pass
done

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

# at_once TEXT ARGUMENTS...: refuses within seconds, and is ended where it doesn't.
at_once() {
    local text=$1 pid tick
    shift
    "$blindsight" "$@" >/dev/null 2>&1 &
    pid=$!
    for tick in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    if kill -0 "$pid" 2>/dev/null; then
        kill -9 "$pid"
        die "blindsight $* waits; '$text' was expected"
    fi
    wait "$pid" 2>/dev/null || true
    refuse "$text" "$@"
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

# inner FILE KEY: the same at any depth, the first of them.
inner() { sed -n "s/^ *\"$2\": \(.*[^,]\),\{0,1\}\$/\1/p" "$1" | head -n 1; }

# detail FILE NAME: what inspect says of a file.
detail() {
    "$blindsight" inspect "$1" --json >inspected.out || die "inspect $1 failed"
    inner inspected.out "$2"
}

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
keys plan.out model server_plan client_plan method samples_per_group degree security_bits certified \
    bound_method range_bits range_margin_bits noise_margin_bits estimated_ms calibrated request_bytes \
    reply_bytes evaluation_key_bytes server_memory_bytes operations function_privacy_bits
equal "function privacy where it is cheap" "$(member plan.out function_privacy_bits)" 40
for bits in 0 64; do
    said='"none"'
    [ "$bits" = 0 ] || said="\"$bits bits a reply\""
    run hidden plan "$model" --function-privacy "$bits" -o "hidden$bits" --json
    equal "function privacy as asked" "$(member hidden.out function_privacy_bits)" "$bits"
    equal "the same in the client's plan" \
        "$(detail "hidden$bits/client.plan" "function privacy")" "$said"
done
refuse "must be 0, 40, 64 or 80" plan "$model" --function-privacy 50 -o bad
absent bad
equal "method" "$(member plan.out method)" '"slots"'
equal "samples a group" "$(member plan.out samples_per_group)" 1
equal "certified" "$(member plan.out certified)" true
equal "calibrated" "$(member plan.out calibrated)" false
mv plans/client.plan client/
mv plans/server.plan server/

run keygen keygen --plan client/client.plan -o client --json
keys keygen.out method secret_key secret_key_bytes secret_key_protected evaluation_key evaluation_key_bytes keygen_ms
equal "mode of secret.key" "$(mode client/secret.key)" 600
mv client/evaluation.key server/

run encrypt encrypt --plan client/client.plan --key client/secret.key --input "$images" \
    --index "$index" -o server/sample.ct --json
keys encrypt.out ciphertext request_bytes samples groups samples_per_group idle_places encrypt_ms
equal "request bytes" "$(member encrypt.out request_bytes)" "$(size server/sample.ct)"

mv client/secret.key secret.hidden
(cd server && "$blindsight" predict --plan server.plan --evaluation-key evaluation.key sample.ct \
    -o reply.ct --json >../predict.out) || die "predict failed without the secret key"
mv secret.hidden client/secret.key
keys predict.out reply reply_bytes samples groups resumed_groups latency_ms throughput_per_second threads \
    operations
equal "reply bytes" "$(member predict.out reply_bytes)" "$(size server/reply.ct)"

decrypt=(decrypt --plan client/client.plan --key client/secret.key)
run decrypt "${decrypt[@]}" --request server/sample.ct server/reply.ct --json
keys decrypt.out samples labels counts first certified decrypt_ms
equal "samples" "$(member decrypt.out samples)" 1
equal "certified" "$(member decrypt.out certified)" true
equal "label" "$(inner decrypt.out label)" "\"$label\""
equal "index" "$(inner decrypt.out index)" "$label"
for key in logits values; do
    [ -n "$(inner decrypt.out "$key")" ] || die "decrypt says no $key: $(cat decrypt.out)"
done
run any "${decrypt[@]}" --any-request server/reply.ct --json
equal "logits without the request" "$(inner any.out logits)" "$(inner decrypt.out logits)"
run text "${decrypt[@]}" --request server/sample.ct server/reply.ct
grep -q "^Prediction: $label\$" text.out || die "decrypt printed: $(cat text.out)"

# A result whose status and size say nothing of what was decrypted: a good reply, one with too much noise (made with
# another secret's evaluation keys), one to another sample.
run result "${decrypt[@]}" --request server/sample.ct server/reply.ct --json -o result.json
keys result.out output output_bytes samples
keys result.json samples labels certified results
equal "mode of the result" "$(mode result.json)" 600
equal "bytes of the result" "$(member result.out output_bytes)" "$(size result.json)"
grep -q "\"status\": \"decrypted\".*\"label\": \"$label\"" result.json || die "the result: $(cat result.json)"
run stranger keygen --plan client/client.plan -o stranger
run noise-predict predict --plan server/server.plan --evaluation-key stranger/evaluation.key server/sample.ct \
    -o noise.ct
cp result.out good-result.out
run result "${decrypt[@]}" --request server/sample.ct noise.ct --json -o noise.json
grep -q '"status": "refused"' noise.json || die "the result of noise: $(cat noise.json)"
equal "bytes of a refusal" "$(size noise.json)" "$(size result.json)"
equal "what is said of a refusal" "$(sed 's/noise.json/result.json/' result.out)" "$(cat good-result.out)"
equal "what is warned of a refusal" "$(cat result.err)" ""
refuse "more noise than the plan allows" "${decrypt[@]}" --request server/sample.ct noise.ct
equal "refusals that are counted" "$(size client/secret.key.refusals)" 2
run other-encrypt encrypt --plan client/client.plan --key client/secret.key --input "$images" --index 3 -o third.ct
run other-predict predict --plan server/server.plan --evaluation-key server/evaluation.key third.ct -o third-reply.ct
run other-result "${decrypt[@]}" --request third.ct third-reply.ct --json -o third.json
equal "bytes of another sample" "$(size third.json)" "$(size result.json)"
refuse "another request" "${decrypt[@]}" --request third.ct server/reply.ct --json -o refused.json
[ ! -e refused.json ] || die "a public refusal left a file"
rm -rf stranger client/secret.key.refusals

# The same sample from CSV, compressed: the same logits.
od -An -v -tu1 -j $((16 + index * 784)) -N 784 "$images" | tr -s ' \n' ',' \
    | sed 's/^,//; s/,*$//' | gzip >sample.csv.gz
run csv encrypt --plan client/client.plan --key client/secret.key --input sample.csv.gz -o csv.ct
run csv-predict predict --plan server/server.plan --evaluation-key server/evaluation.key csv.ct \
    -o csv-reply.ct --threads 1
run csv-decrypt "${decrypt[@]}" --request csv.ct csv-reply.ct --json
equal "logits from CSV" "$(inner csv-decrypt.out logits)" "$(inner decrypt.out logits)"

# Float, integer and encrypted on all that ships.
run verify verify --plan server/server.plan --data "$root/Samples" --json
keys verify.out samples mismatched_logits accuracy_float accuracy_integer accuracy_encrypted \
    minimum_noise_margin_bits
equal "mismatched logits" "$(member verify.out mismatched_logits)" 0
equal "accuracy" "$(member verify.out accuracy_encrypted)" 1.0
run limited verify --plan server/server.plan --data "$root/Samples" --limit 3 --threads 2 --json
equal "samples" "$(member limited.out samples)" 3

run bench bench --plan server/server.plan --repetitions 2 --threads 1 --json
keys bench.out method samples samples_per_group threads latency_ms throughput_per_second encrypt_ms \
    encrypt_per_second decrypt_ms decrypt_per_second keygen_ms client_setup_ms request_bytes reply_bytes \
    evaluation_key_bytes peak_rss_bytes buffers_taken buffers_allocated operations
# Exact: a change that raises one must say why.
equal "buffers that a prediction takes" "$(member bench.out buffers_taken)" 156
equal "buffers that it allocates in the steady state" "$(member bench.out buffers_allocated)" 0
export XDG_CACHE_HOME=$PWD/cache
run calibrate bench --calibrate --json
keys calibrate.out forward_butterfly_ns inverse_butterfly_ns key_residue_ns plaintext_residue_ns overhead written
run calibrated plan "$model" -o calibrated --json
equal "calibrated" "$(member calibrated.out calibrated)" true
# But for its identity, which is another each time: 16 bytes, and those of two digests over it.
equal "the plan's size on a calibrated machine" "$(size calibrated/client.plan)" "$(size client/client.plan)"
others=$( (cmp -l calibrated/client.plan client/client.plan || true) | wc -l)
((others >= 16 && others <= 16 + 2 * 32)) || die "the plan on a calibrated machine has $others other bytes"
pass
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

# What was made for a plan has its digest; keys have that of what keys depend on.
digest=
for file in client/client.plan server/server.plan server/sample.ct server/reply.ct; do
    run inspect inspect "$file" --json
    keys inspect.out file kind version digest bytes details
    equal "version of $file" "$(member inspect.out version)" 6
    equal "bytes of $file" "$(member inspect.out bytes)" "$(size "$file")"
    equal "plan digest of $file" "$(member inspect.out digest)" \
        "${digest:=$(member inspect.out digest)}"
done
key_set=$(detail client/client.plan "key set digest")
equal "key set of the server's plan" "$(detail server/server.plan "key set digest")" "$key_set"
for file in client/secret.key server/evaluation.key; do
    run inspect inspect "$file" --json
    keys inspect.out file kind version digest bytes details
    equal "key set of $file" "$(member inspect.out digest)" "$key_set"
    equal "method of $file" "$(inner inspect.out method)" '"slots"'
    run inspect-text inspect "$file"
    grep -q "key set digest" inspect-text.out || die "inspect $file: $(cat inspect-text.out)"
done
equal "method" "$(detail client/client.plan method)" '"slots"'
equal "samples a group" "$(detail client/client.plan "samples a group")" '"1"'
equal "groups" "$(detail server/sample.ct groups)" '"1"'
equal "samples" "$(detail server/reply.ct samples)" '"1"'

for command in plan keygen encrypt predict decrypt passphrase verify bench inspect demo; do
    run help "$command" --help
    grep -q "blindsight $command" help.out || die "$command --help shows no example"
done
# Its options are those of the program that it becomes.
run help help serve
grep -q "blindsight serve" help.out || die "help serve shows no example"

# What a file is not is seen by its head, however long it is.
truncate -s 3G long
none="not a Blindsight file"
refuse "$none" keygen --plan long -o bad
refuse "$none" verify --plan long --data "$root/Samples"
refuse "$none" inspect long
refuse "$none" encrypt --plan client/client.plan --key long --input "$images" -o bad.ct
refuse "$none" predict --plan server/server.plan --evaluation-key long server/sample.ct -o bad.ct
refuse "neither IDX, NPY, NPZ nor CSV" encrypt --plan client/client.plan --key client/secret.key --input long -o bad.ct
refuse "3221225472 bytes; at most 67108864 are read" plan long -o bad
rm long

# Refusals.
refuse "secret.key exists" keygen --plan client/client.plan -o client
equal "mode of secret.key" "$(mode client/secret.key)" 600
refuse "no such file" keygen --plan missing.plan -o client
refuse "either --force or" keygen --plan client/client.plan -o client --force --evaluation-only
refuse "no such file" keygen --plan client/client.plan -o other --evaluation-only
cp client/secret.key kept.key
for name in client/secret.key kept.key; do
    refuse "secret" encrypt --plan client/client.plan --key client/secret.key --input "$images" --index 0 -o "$name"
    refuse "secret" "${decrypt[@]}" --request server/sample.ct server/reply.ct -o "$name" --format csv
    refuse "secret" predict --plan server/server.plan --evaluation-key server/evaluation.key server/sample.ct \
        -o "$name"
    cmp -s client/secret.key kept.key || die "a secret key was replaced"
done
rm kept.key
refuse "one of the inputs" encrypt --plan client/client.plan --key client/secret.key --input "$images" --index 0 \
    -o client/client.plan
refuse "one of the inputs" "${decrypt[@]}" --request server/sample.ct server/reply.ct -o server/reply.ct --format csv
ln -s server/sample.ct alias.ct
refuse "one of the inputs" predict --plan server/server.plan --evaluation-key server/evaluation.key server/sample.ct \
    -o alias.ct
rm alias.ct

# Evaluation keys made anew serve what the secret key encrypted before.
cp client/secret.key kept.key
run renew keygen --plan client/client.plan -o client --evaluation-only --json
cmp -s client/secret.key kept.key || die "--evaluation-only replaced the secret key"
run renewed predict --plan server/server.plan --evaluation-key client/evaluation.key server/sample.ct -o renewed.ct
run renewed "${decrypt[@]}" --request server/sample.ct renewed.ct --json
equal "logits under new evaluation keys" "$(inner renewed.out logits)" "$(inner decrypt.out logits)"
rm kept.key client/evaluation.key renewed.ct
refuse "no such file" "${decrypt[@]}" --any-request missing.ct
refuse "no such file" "${decrypt[@]}" --request missing.ct server/reply.ct
refuse "--any-request" "${decrypt[@]}" server/reply.ct
refuse "--any-request" "${decrypt[@]}" --request server/sample.ct --any-request server/reply.ct
refuse "another request" "${decrypt[@]}" --request csv.ct server/reply.ct
refuse "request file where" "${decrypt[@]}" --any-request server/sample.ct
refuse "reply file where" "${decrypt[@]}" --request server/reply.ct server/reply.ct
refuse "Unknown option" plan "$model" --layout batch -o other
refuse "is unknown to this program" plan "$model" --method batch -o other
refuse "samples must be" plan "$model" --samples 0 -o other
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
    refuse "truncated.ct" "${decrypt[@]}" --request server/sample.ct truncated.ct
done
for offset in 0 9 11 20 60 90 120 124 128 132 $(($(size server/sample.ct) / 2)) $(($(size server/sample.ct) - 1)); do
    flip server/sample.ct "$offset" flipped.ct
    refuse "flipped.ct" predict --plan server/server.plan \
        --evaluation-key server/evaluation.key flipped.ct -o bad.ct
done

# On several threads keys are read beside the plan, on one after it: damage is seen either way, and a plan's first.
flip server/evaluation.key $(($(size server/evaluation.key) / 2)) flipped.key
for threads in 1 2; do
    refuse "flipped.key" predict --plan server/server.plan --evaluation-key flipped.key server/sample.ct \
        --threads "$threads" -o bad.ct
    refuse "flipped.ct" predict --plan flipped.ct --evaluation-key flipped.key server/sample.ct \
        --threads "$threads" -o bad.ct
done

# Another plan: the same network with one label renamed.
sed 's/0,1,2,3,4,5,6,7,8,9/o,1,2,3,4,5,6,7,8,9/' "$model" >other.onnx
! cmp -s "$model" other.onnx || die "the other model is the same"
run other plan other.onnx -o other
refuse "made for plan" predict --plan other/server.plan --evaluation-key server/evaluation.key \
    server/sample.ct -o bad.ct
refuse "made for plan" decrypt --plan other/client.plan --key client/secret.key --any-request server/reply.ct
refuse "made for plan" decrypt --plan other/client.plan --key client/secret.key \
    --request server/sample.ct server/reply.ct
# It needs the same keys, which serve both plans.
equal "key set of the other plan" "$(detail other/client.plan "key set digest")" "$key_set"
run other-encrypt encrypt --plan other/client.plan --key client/secret.key --input "$images" \
    --index "$index" -o other.ct
run other-predict predict --plan other/server.plan --evaluation-key server/evaluation.key other.ct \
    -o other-reply.ct
run other-decrypt decrypt --plan other/client.plan --key client/secret.key --request other.ct other-reply.ct \
    --json
equal "logits of the other plan" "$(inner other-decrypt.out logits)" "$(inner decrypt.out logits)"
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
refuse "needs products" plan "$float" --calibration digits.csv --method paillier -o float
refuse "the model takes 64" plan "$float" --calibration narrow.csv -o float
refuse "belongs to --range calibrated" plan "$float" --calibration digits.csv --margin-bits 2 -o float
refuse "belongs to --calibration" plan "$float" --labels digits.csv -o float
refuse "bits" plan "$float" --calibration digits.csv --bits 8..3 -o float
refuse "use AveragePool" plan "$root/Models/maxpool.onnx" --calibration digits.csv -o float
absent float
run float plan "$float" --calibration digits.csv --degrees 2 -o float --json
keys float.out quantization certified range_bits
equal "certified" "$(member float.out certified)" true
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
run float-decrypt decrypt --plan float/client.plan --key float/secret.key --request float.ct float-reply.ct
if grep -q "Not certified" float-decrypt.out; then die "a certified plan says it is not"; fi

# Data files as tools write them: what can be meant in two ways is refused, with the option that says which.
data=(encrypt --plan float/client.plan --key float/secret.key -o data.ct)
row() { sed -n "$1p" digits.csv; }
{ seq -s, 0 63; cat digits.csv; } >numbered.csv
refuse "--header yes or --header no" "${data[@]}" --input numbered.csv
refuse "--header yes" plan "$float" --calibration numbered.csv -o bad
refuse "--header yes" verify --plan float/server.plan --data numbered.csv
run header "${data[@]}" --input numbered.csv --header yes --json
equal "samples below a header" "$(member header.out samples)" 60
equal "values of their own calibration that were clamped" "$(member header.out clamped_values)" 0
equal "whether they look like other units" "$(member header.out other_units_suspected)" false
run header-calibration plan "$float" --calibration numbered.csv --header yes --degrees 2 -o numbered
run header-verify verify --plan float/server.plan --data numbered.csv --header yes --limit 2
{ row 1 | sed 's/^[^,]*//'; row 2; } >missing.csv
refuse "line 1, column 1: '' is empty" "${data[@]}" --input missing.csv
# A batch doesn't end for one row.
left_out() {
    run rows "${data[@]}" --input "$2"
    grep -q "^NOT ENCRYPTED: 1 of 2 rows" rows.out || die "a row that is left out isn't told: $(cat rows.out)"
    grep -qF -- "$1" rows.out || die "'$1' was expected, not: $(cat rows.out)"
    [ "$(wc -l <data.ct.rows)" -eq 4 ] || die "a row isn't in the file of rows"
}
{ row 1; row 2 | sed 's/^[^,]*/nan/'; } >missing.csv
left_out "line 2, column 1: 'nan' is a missing value" missing.csv
row 2 | sed 's/^[^,]*/nan/' >missing.csv
refuse "line 1, column 1: 'nan' is a missing value" "${data[@]}" --input missing.csv --header no
tr , ' ' <digits.csv >spaces.txt
run spaces "${data[@]}" --input spaces.txt
refuse "--array" "${data[@]}" --input digits.csv --array x
printf '<!DOCTYPE html>' >page.csv
refuse "HTML" "${data[@]}" --input page.csv
# 60 samples of classes 0 to 9 under a header that is a number.
{ echo 0; seq 60; } >61.csv
run header-labels verify --plan float/server.plan --data digits.csv --labels 61.csv --limit 2 --json
keys header-labels.out accuracy_float clamped_values
{ row 1; row 2 | sed 's/^[^,]*/1000/'; } >far.csv
absent bad
left_out "line 2: sample 1, feature 0 is 1000.0" far.csv
grep -q -- "--outside clamp" rows.out || die "a value far outside comes without advice: $(cat rows.out)"
rm data.ct data.ct.rows
refuse "--outside clamp" "${data[@]}" --input far.csv --index 1
absent data.ct
# Nor does a verification: labels of rows that are left out are left out with them.
seq 2 >2.csv
run far-rows verify --plan float/server.plan --data far.csv --labels 2.csv
grep -q "^NOT ENCRYPTED: 1 of 2 rows" far-rows.out || die "a row that is left out isn't told: $(cat far-rows.out)"
grep -qF "line 2: sample 1, feature 0 is 1000.0" far-rows.out || die "the row isn't named: $(cat far-rows.out)"
{ row 1; row 2 | sed 's/^[^,]*/nan/'; } >missing.csv
run missing-rows verify --plan float/server.plan --data missing.csv --header no --json
equal "rows left out" "$(member missing-rows.out refused_samples)" 1
row 2 | sed 's/^[^,]*/1000/' >far-alone.csv
refuse "--outside clamp" verify --plan float/server.plan --data far-alone.csv --header no
run far "${data[@]}" --input far.csv --outside clamp --json
equal "clamped values" "$(member far.out clamped_values)" 1
equal "clamped values by feature" "$(inner far.out 0)" 1
run far-verify verify --plan float/server.plan --data far.csv --outside clamp --json
equal "mismatched logits of clamped samples" "$(member far-verify.out mismatched_logits)" 0
equal "clamped samples" "$(member far-verify.out clamped_samples)" 1
awk -F, '{ for (i = 1; i <= NF; i++) printf "%s%s", $i / 1000, i < NF ? "," : "\n" }' digits.csv >thousandths.csv
run units "${data[@]}" --input thousandths.csv
grep -q "^WARNING: as integers" units.out || die "thousandths of the values bring no warning: $(cat units.out)"

run loose plan "$float" --calibration digits.csv --degrees 2 --range calibrated --margin-bits 3 \
    -o loose
grep -q "NOT CERTIFIED" loose.out || die "a calibrated range is not told: $(cat loose.out)"
grep -q "NOT CERTIFIED" loose/report.md || die "a calibrated range is not in the report"
run loose-keygen keygen --plan loose/client.plan -o loose
run loose-encrypt encrypt --plan loose/client.plan --key loose/secret.key --input digits.csv \
    --index 5 -o loose.ct
run loose-predict predict --plan loose/server.plan --evaluation-key loose/evaluation.key loose.ct \
    -o loose-reply.ct
run loose-decrypt decrypt --plan loose/client.plan --key loose/secret.key --request loose.ct loose-reply.ct \
    --json
equal "certified" "$(member loose-decrypt.out certified)" false

# Keys of another key set are refused.
refuse "keys of the set" encrypt --plan float/client.plan --key client/secret.key --input digits.csv -o bad.ct
refuse "keys of the set" predict --plan float/server.plan --evaluation-key server/evaluation.key float.ct \
    -o bad.ct
refuse "keys of the set" decrypt --plan float/client.plan --key client/secret.key --any-request float-reply.ct

# A new plan within the key set of the old one: keys are kept. Other bits, so other weights.
run within plan "$float" --calibration digits.csv --degrees 2 --bits 4 --within float/client.plan -o within \
    --json
equal "certified" "$(member within.out certified)" true
equal "key set within" "$(detail within/client.plan "key set digest")" \
    "$(detail float/client.plan "key set digest")"
[ "$(detail within/client.plan digest)" != "$(detail float/client.plan digest)" ] || die "the plan is the old one"
run within-encrypt encrypt --plan within/client.plan --key float/secret.key --input digits.csv -o within.ct
run within-predict predict --plan within/server.plan --evaluation-key float/evaluation.key within.ct \
    -o within-reply.ct
run within-decrypt decrypt --plan within/client.plan --key float/secret.key --request within.ct \
    within-reply.ct -o within.csv
run within-verify verify --plan within/server.plan --data digits.csv --json
equal "mismatched logits within a key set" "$(member within-verify.out mismatched_logits)" 0
refuse "not within the keys that exist" plan "$model" --within float/client.plan -o bad
refuse "has the method 'slots'" plan "$float" --calibration digits.csv --degrees 2 --method features \
    --within float/client.plan -o bad
refuse "client plan" plan "$float" --calibration digits.csv --within float/server.plan -o bad
absent bad

# The method "features": a file of samples from plan to table, in dozens of groups.
for copy in $(seq 600); do cat digits.csv; done >many.csv
run batch plan "$float" --calibration digits.csv --degrees 2 --method features --samples 100 -o batch --json
keys batch.out model server_plan client_plan method samples_per_group degree security_bits certified \
    bound_method range_bits range_margin_bits noise_margin_bits estimated_ms calibrated samples_per_second \
    request_bytes reply_bytes evaluation_key_bytes server_memory_bytes operations
equal "method" "$(member batch.out method)" '"features"'
capacity=$(member batch.out samples_per_group)
[ "$capacity" -ge 100 ] || die "a group of $capacity for 100 samples"
samples=36000
groups=$(((samples + capacity - 1) / capacity))
[ "$groups" -ge 20 ] || die "only $groups groups: nothing can be interrupted"
run batch-keygen keygen --plan batch/client.plan -o batch
batch_encrypt=(encrypt --plan batch/client.plan --key batch/secret.key --input many.csv)
batch_predict=(predict --plan batch/server.plan --evaluation-key batch/evaluation.key)
batch_decrypt=(decrypt --plan batch/client.plan --key batch/secret.key --request)
run batch-encrypt "${batch_encrypt[@]}" -o batch.ct --json
keys batch-encrypt.out ciphertext request_bytes samples groups samples_per_group idle_places encrypt_ms
equal "request bytes" "$(member batch-encrypt.out request_bytes)" "$(size batch.ct)"
equal "groups" "$(member batch-encrypt.out groups)" "$groups"
equal "idle places" "$(member batch-encrypt.out idle_places)" $((groups * capacity - samples))
run batch-predict "${batch_predict[@]}" batch.ct -o replies.ct --json
keys batch-predict.out reply reply_bytes samples groups resumed_groups latency_ms throughput_per_second threads \
    operations
equal "reply bytes" "$(member batch-predict.out reply_bytes)" "$(size replies.ct)"
run batch-csv "${batch_decrypt[@]}" batch.ct replies.ct -o table.csv
equal "lines of the table" "$(wc -l <table.csv | tr -d ' ')" $((samples + 1))
equal "mode of the table" "$(mode table.csv)" 600
[[ $(head -n 1 table.csv) == sample,label,logit_0,*,value_9 ]] \
    || die "the table begins: $(head -n 1 table.csv)"
run batch-npy "${batch_decrypt[@]}" batch.ct replies.ct -o table.npy
equal "bytes of the NPY table" "$(size table.npy)" $((128 + samples * 80))
equal "logits in CSV and NPY" \
    "$(tail -n +2 table.csv | cut -d, -f3-12 | tr '\n' ',' | cksum)" \
    "$(od -An -v -td8 -w80 -j128 table.npy | sed 's/^ *//; s/  */,/g' | tr '\n' ',' | cksum)"
run batch-json "${batch_decrypt[@]}" batch.ct replies.ct --json
keys batch-json.out samples labels counts first certified decrypt_ms
equal "samples" "$(member batch-json.out samples)" "$samples"
run batch-text "${batch_decrypt[@]}" batch.ct replies.ct
grep -q "36,000 samples" batch-text.out || die "decrypt printed: $(cat batch-text.out)"
run batch-any decrypt --plan batch/client.plan --key batch/secret.key --any-request replies.ct -o any.csv
equal "the table without the request" "$(cksum <any.csv)" "$(cksum <table.csv)"
# Traps: left out of the table, compared, and told to no exit status.
head -n 61 table.csv >known.csv
run traps-encrypt "${batch_encrypt[@]}" --traps 10% --known digits.csv --known-outputs known.csv -o traps.ct --json
equal "traps" "$(member traps-encrypt.out traps)" 4000
equal "samples beside traps" "$(member traps-encrypt.out samples)" "$samples"
equal "mode of traps" "$(mode traps.ct.traps)" 600
equal "known samples among traps" "$(grep -c ^known traps.ct.traps)" 2000
equal "copies among traps" "$(grep -c ^copy traps.ct.traps)" 2000
run traps-predict "${batch_predict[@]}" traps.ct -o traps-reply.ct --json
equal "places" "$(member traps-predict.out samples)" $((samples + 4000))
run traps-decrypt "${batch_decrypt[@]}" traps.ct traps-reply.ct -o traps.csv --json
equal "traps" "$(member traps-decrypt.out traps)" 4000
equal "traps that disagree" "$(member traps-decrypt.out traps_disagreeing)" 0
equal "the table without traps" "$(cksum <traps.csv)" "$(cksum <table.csv)"
run traps-honest "${batch_decrypt[@]}" traps.ct traps-reply.ct --fail-on-traps
grep -q "4,000 traps, all as they must be" traps-honest.out || die "decrypt printed: $(cat traps-honest.out)"
run traps-result "${batch_decrypt[@]}" traps.ct traps-reply.ct -o honest.json --json
grep -q '"traps_disagreeing": 0' honest.json || die "the result says nothing of traps: $(tail -n 3 honest.json)"
equal "lines of the result" "$(grep -c '"status": "decrypted"' honest.json)" "$samples"
# What a server that deviates brings about: an answer that is not the known one.
cp traps.ct.traps kept.traps
awk '!done && $1 == "known" { $3 = 123456; done = 1 } { print }' kept.traps >traps.ct.traps
! cmp -s kept.traps traps.ct.traps || die "no known output was changed"
run traps-wrong "${batch_decrypt[@]}" traps.ct traps-reply.ct
grep -q "TRAPS DISAGREE: 1 of 4,000" traps-wrong.out || die "decrypt printed: $(cat traps-wrong.out)"
if "$blindsight" "${batch_decrypt[@]}" traps.ct traps-reply.ct --fail-on-traps >/dev/null; then
    die "traps disagree, and --fail-on-traps says nothing"
fi
pass
run traps-result "${batch_decrypt[@]}" traps.ct traps-reply.ct -o wrong.json --json
grep -q '"traps_disagreeing": 1' wrong.json || die "the result says nothing of traps: $(tail -n 3 wrong.json)"
equal "bytes of a result with traps that disagree" "$(size wrong.json)" "$(size honest.json)"
refuse "keeps from it" "${batch_decrypt[@]}" traps.ct traps-reply.ct -o bad.json --json --fail-on-traps
sed 's/^copy /same /' kept.traps >traps.ct.traps
refuse "traps.ct.traps: " "${batch_decrypt[@]}" traps.ct traps-reply.ct
cp kept.traps batch.ct.traps
refuse "the traps of another request" "${batch_decrypt[@]}" batch.ct replies.ct
rm batch.ct.traps
refuse "belong together" "${batch_encrypt[@]}" --traps 5 --known digits.csv -o bad.ct
head -n 60 known.csv >short-known.csv
refuse "59 rows for 60 samples" "${batch_encrypt[@]}" --traps 5 --known digits.csv --known-outputs short-known.csv \
    -o bad.ct
for traps in 0 -1 0% 91% x; do
    refuse "traps" "${batch_encrypt[@]}" "--traps=$traps" -o bad.ct
done
absent bad.ct
absent bad.ct.traps
# Sample 5 of the file alone.
run one-encrypt "${batch_encrypt[@]}" --index 5 -o one.ct
grep -q "1 sample in 1 group" one-encrypt.out || die "encrypt printed: $(cat one-encrypt.out)"
run one-predict "${batch_predict[@]}" one.ct -o one-reply.ct
run one-decrypt "${batch_decrypt[@]}" one.ct one-reply.ct -o one.csv
equal "sample 5" "$(tail -n 1 one.csv | cut -d, -f2-)" "$(sed -n 7p table.csv | cut -d, -f2-)"
run part-encrypt "${batch_encrypt[@]}" --from 60 --limit 7 -o part.ct --json
equal "samples" "$(member part-encrypt.out samples)" 7
run batch-verify verify --plan batch/server.plan --data digits.csv --labels 60.csv --json
equal "mismatched logits of a batch" "$(member batch-verify.out mismatched_logits)" 0
for file in batch.ct replies.ct; do
    run inspect inspect "$file" --json
    keys inspect.out file kind version digest bytes details
    equal "groups of $file" "$(inner inspect.out groups)" "\"$groups\""
    equal "samples of $file" "$(inner inspect.out samples)" "\"$samples\""
done
run batch-bench bench --plan batch/server.plan --repetitions 1 --json
keys batch-bench.out method samples samples_per_group threads latency_ms throughput_per_second encrypt_ms \
    encrypt_per_second decrypt_ms decrypt_per_second keygen_ms client_setup_ms request_bytes reply_bytes \
    evaluation_key_bytes peak_rss_bytes buffers_taken buffers_allocated operations
equal "operations of a group, bench and plan" "$(sed -n '/"operations"/,/}/p' batch-bench.out)" \
    "$(sed -n '/"operations"/,/}/p' batch.out | sed 's/},$/}/')"

# reached PID FILE BYTES: whether a process has written as much into FILE, a pattern, or into a file that has no name
# yet; of that the mark "unnamed" tells. Few processes a look, since a run takes no longer than a second.
reached() {
    local name
    for name in $2; do
        if [ -f "$name" ]; then
            [ "$(wc -c <"$name")" -ge "$3" ]
            return
        fi
    done
    [ -n "$(find -L "/proc/$1/fd" -type f -links 0 -size "+$3c" 2>/dev/null)" ] || return 1
    : >unnamed
}

# interrupt SIGNAL FILE BYTES COMMAND...: starts it, sends it the signal once FILE is as long; status is its exit
# status. Tries again where it was done before.
interrupt() {
    local signal=$1 file=$2 bytes=$3 attempt pid
    shift 3
    for attempt in {1..40}; do
        # With job control, SIGINT isn't ignored in the background. Who looks comes first.
        set -m
        nice -n 19 "$blindsight" "$@" >interrupted.out 2>interrupted.err &
        pid=$!
        set +m
        while kill -0 "$pid" 2>/dev/null && ! reached "$pid" "$file" "$bytes"; do :; done
        kill "-$signal" "$pid" 2>/dev/null || true
        status=0
        wait "$pid" 2>/dev/null || status=$?
        [ "$status" -eq 0 ] || return 0
    done
    die "blindsight $* was never interrupted"
}

# same_table NAME: replies of a resumed run decrypt to what an undisturbed one gave.
same_table() {
    run "$1" "${batch_predict[@]}" batch.ct -o "$1.ct" --resume --json
    absent "$1.ct.partial"
    run same "${batch_decrypt[@]}" batch.ct "$1.ct" -o "$1.csv"
    equal "the table of $1" "$(cksum <"$1.csv")" "$(cksum <table.csv)"
}

# A file that ends within a group comes below, cut on purpose.
for attempt in {1..10}; do
    rm -f killed.ct.partial
    interrupt KILL killed.ct.partial 200000 "${batch_predict[@]}" batch.ct -o killed.ct --threads 1
    "$blindsight" "${batch_decrypt[@]}" batch.ct killed.ct.partial 2>&1 | grep -q "ends within group" || break
done
equal "exit status" "$status" 137
absent killed.ct
refuse "--resume" "${batch_predict[@]}" batch.ct -o killed.ct
refuse "another request" "${batch_predict[@]}" part.ct -o killed.ct --resume
run unfinished inspect killed.ct.partial
grep -q "of $groups, unfinished" unfinished.out || die "inspect printed: $(cat unfinished.out)"
refuse "groups" "${batch_decrypt[@]}" batch.ct killed.ct.partial
cp killed.ct.partial torn.ct.partial
flip killed.ct.partial 5000 damaged.ct.partial
same_table killed
[ "$(member killed.out resumed_groups)" -ge 1 ] || die "nothing was resumed"

# The last group cut off; damage before the last group; rubbish in the last.
truncate -s -1000 torn.ct.partial
cp torn.ct.partial rubbish.ct.partial
same_table torn
head -c 3000 /dev/zero >>rubbish.ct.partial
same_table rubbish
refuse "checksum" "${batch_predict[@]}" batch.ct -o damaged.ct --resume
head -c 100000 damaged.ct.partial >short.ct.partial
same_table short
equal "groups of less than one" "$(member short.out resumed_groups)" 0

interrupt INT stopped.ct.partial 200000 "${batch_predict[@]}" batch.ct -o stopped.ct --threads 1
equal "exit status" "$status" 130
grep -q -- "--resume" interrupted.err || die "on SIGINT it said: $(cat interrupted.err)"
same_table stopped
interrupt TERM "gone.ct*" 200000 "${batch_encrypt[@]}" -o gone.ct
equal "exit status" "$status" 143
if compgen -G "gone.ct*" >/dev/null; then die "an interrupted encrypt left a file"; fi
# Where files have no name until they are finished, nothing is left of a process that is killed.
rm -f unnamed
interrupt KILL "gone.ct*" 200000 "${batch_encrypt[@]}" -o gone.ct
equal "exit status" "$status" 137
if [ -e unnamed ] && compgen -G "gone.ct*" >/dev/null; then die "a killed encrypt left a file"; fi
rm -f gone.ct*

refuse "no sample $samples" "${batch_encrypt[@]}" --index "$samples" -o bad.ct
refuse "either --index or" "${batch_encrypt[@]}" --index 1 --limit 1 -o bad.ct
refuse "made for plan" "${batch_predict[@]}" float.ct -o bad.ct
refuse "made for plan" predict --plan float/server.plan --evaluation-key float/evaluation.key \
    batch.ct -o bad.ct
refuse "made for the method 'slots'" predict --plan batch/server.plan --evaluation-key float/evaluation.key \
    one.ct -o bad.ct
refuse "made for the method 'slots'" encrypt --plan batch/client.plan --key float/secret.key --input digits.csv \
    -o bad.ct
refuse "another request" "${batch_decrypt[@]}" part.ct replies.ct
refuse "neither .csv nor .npy nor .json" "${batch_decrypt[@]}" batch.ct replies.ct -o table.txt
refuse "belongs to --output" "${batch_decrypt[@]}" batch.ct replies.ct --format csv
for length in 0 30 59 70 135 $(($(size one.ct) - 1)) $(($(size batch.ct) - 1)); do
    head -c "$length" batch.ct >cut.ct
    refuse "cut.ct" "${batch_predict[@]}" cut.ct -o bad.ct
done
for offset in 0 9 11 20 50 57 63 70 90 120 124 128 132 $(($(size one.ct) / 2)) $(($(size one.ct) - 1)); do
    flip one.ct "$offset" flipped.ct
    refuse "flipped.ct" "${batch_predict[@]}" flipped.ct -o bad.ct
done
cat batch.ct one.ct >long.ct
refuse "long.ct" "${batch_predict[@]}" long.ct -o bad.ct
absent bad.ct
absent bad.ct.partial

# One sample a group: several samples in a request, and what an interrupted run left.
slots_encrypt=(encrypt --plan float/client.plan --key float/secret.key --input many.csv)
slots_predict=(predict --plan float/server.plan --evaluation-key float/evaluation.key)
slots_decrypt=(decrypt --plan float/client.plan --key float/secret.key --request)
run slots-all encrypt --plan float/client.plan --key float/secret.key --input digits.csv -o all.ct --json
equal "samples by default" "$(member slots-all.out samples)" 60
equal "groups" "$(member slots-all.out groups)" 60
equal "idle places" "$(member slots-all.out idle_places)" 0
run slots-encrypt "${slots_encrypt[@]}" --from 60 --limit 600 -o slots.ct --json
equal "samples" "$(member slots-encrypt.out samples)" 600
run slots-predict "${slots_predict[@]}" slots.ct -o slots-replies.ct --resume --json
equal "resumed groups where there were none" "$(member slots-predict.out resumed_groups)" 0
run slots-csv "${slots_decrypt[@]}" slots.ct slots-replies.ct -o slots.csv
equal "lines of the table" "$(wc -l <slots.csv | tr -d ' ')" 601
equal "a sample in two methods" "$(sed -n 7p slots.csv)" "$(sed -n 7p table.csv)"
interrupt KILL slots-killed.ct.partial 200000 "${slots_predict[@]}" slots.ct -o slots-killed.ct
equal "exit status" "$status" 137
absent slots-killed.ct
refuse "--resume" "${slots_predict[@]}" slots.ct -o slots-killed.ct
refuse "another request" "${slots_predict[@]}" all.ct -o slots-killed.ct --resume
run slots-resumed "${slots_predict[@]}" slots.ct -o slots-killed.ct --resume --json
[ "$(member slots-resumed.out resumed_groups)" -ge 1 ] || die "nothing was resumed"
absent slots-killed.ct.partial
run slots-same "${slots_decrypt[@]}" slots.ct slots-killed.ct -o slots-killed.csv
equal "the table of a resumed run" "$(cksum <slots-killed.csv)" "$(cksum <slots.csv)"
refuse "another request" "${slots_decrypt[@]}" all.ct slots-replies.ct

# A linear model under Paillier: many samples in a request, one table.
samples 60 30 >wide.csv
for copy in $(seq 640); do cat wide.csv; done >wider.csv
run linear plan "$root/Models/logistic.onnx" --calibration wide.csv --method paillier --key-bits 2048 -o linear \
    --json
keys linear.out model server_plan client_plan method samples_per_group security_bits certified bound_method \
    range_bits range_margin_bits key_bits estimated_ms calibrated request_bytes reply_bytes \
    evaluation_key_bytes server_memory_bytes operations
equal "method" "$(member linear.out method)" '"paillier"'
run linear-keygen keygen --plan linear/client.plan -o linear --json
keys linear-keygen.out method secret_key secret_key_bytes evaluation_key evaluation_key_bytes keygen_ms
linear_encrypt=(encrypt --plan linear/client.plan --key linear/secret.key --input)
linear_predict=(predict --plan linear/server.plan --evaluation-key linear/evaluation.key)
linear_decrypt=(decrypt --plan linear/client.plan --key linear/secret.key --request)
run linear-encrypt "${linear_encrypt[@]}" wide.csv -o linear.ct --json
keys linear-encrypt.out ciphertext request_bytes samples groups samples_per_group idle_places encrypt_ms
run linear-predict "${linear_predict[@]}" linear.ct -o linear-reply.ct --json
keys linear-predict.out reply reply_bytes samples groups resumed_groups latency_ms throughput_per_second threads \
    operations
run linear-json "${linear_decrypt[@]}" linear.ct linear-reply.ct --json
keys linear-json.out samples labels counts first certified decrypt_ms
run linear-decrypt "${linear_decrypt[@]}" linear.ct linear-reply.ct -o linear.csv
equal "lines of the table" "$(wc -l <linear.csv | tr -d ' ')" 61
run linear-verify verify --plan linear/server.plan --data wide.csv --json
equal "wrong linear logits" "$(member linear-verify.out mismatched_logits)" 0
run linear-bench bench --plan linear/server.plan --repetitions 1 --json
keys linear-bench.out method samples samples_per_group threads latency_ms throughput_per_second encrypt_ms \
    encrypt_per_second decrypt_ms decrypt_per_second keygen_ms client_setup_ms request_bytes reply_bytes \
    evaluation_key_bytes peak_rss_bytes buffers_taken buffers_allocated operations
run linear-part "${linear_encrypt[@]}" wide.csv --from 3 --limit 2 -o linear-part.ct --json
equal "linear samples" "$(member linear-part.out samples)" 2
refuse "another request" "${linear_decrypt[@]}" linear-part.ct linear-reply.ct
refuse "--any-request" decrypt --plan linear/client.plan --key linear/secret.key linear-reply.ct
# Groups of them, interrupted.
run linear-many "${linear_encrypt[@]}" wider.csv -o linear-many.ct --json
[ "$(member linear-many.out groups)" -ge 10 ] || die "only $(member linear-many.out groups) groups of Paillier"
interrupt KILL linear-killed.ct.partial 20000 "${linear_predict[@]}" linear-many.ct -o linear-killed.ct
equal "exit status" "$status" 137
absent linear-killed.ct
refuse "--resume" "${linear_predict[@]}" linear-many.ct -o linear-killed.ct
refuse "another request" "${linear_predict[@]}" linear.ct -o linear-killed.ct --resume
run linear-resumed "${linear_predict[@]}" linear-many.ct -o linear-killed.ct --resume --json
[ "$(member linear-resumed.out resumed_groups)" -ge 1 ] || die "nothing was resumed"
absent linear-killed.ct.partial
run linear-killed "${linear_decrypt[@]}" linear-many.ct linear-killed.ct -o linear-killed.csv
equal "lines of the resumed table" "$(wc -l <linear-killed.csv | tr -d ' ')" 38401
equal "the first samples of a resumed run" "$(head -n 61 linear-killed.csv | cksum)" "$(cksum <linear.csv)"
equal "the last samples of a resumed run" "$(tail -n 60 linear-killed.csv | cut -d, -f2- | cksum)" \
    "$(tail -n 60 linear.csv | cut -d, -f2- | cksum)"
# A key serves every linear plan of its size.
run linear-within plan "$root/Models/logistic.onnx" --calibration wide.csv --bits 4 --within linear/client.plan \
    -o linear-within --json
equal "method" "$(member linear-within.out method)" '"paillier"'
run linear-kept encrypt --plan linear-within/client.plan --key linear/secret.key --input wide.csv -o kept.ct
refuse "2048, 3072 or 4096" plan "$root/Models/logistic.onnx" --calibration wide.csv --method paillier \
    --key-bits 1024 -o bad
refuse "made for plan" "${linear_predict[@]}" float.ct -o bad.ct
refuse "made for the method 'slots'" predict --plan linear/server.plan --evaluation-key float/evaluation.key \
    linear.ct -o bad.ct
refuse "where an evaluation key" predict --plan linear/server.plan --evaluation-key linear/secret.key \
    linear.ct -o bad.ct
# auto takes by the number of samples, and only what serves.
run auto-one plan "$float" --calibration digits.csv --degrees 2 -o auto-one --json
equal "method for one sample" "$(member auto-one.out method)" '"slots"'
run auto-many plan "$float" --calibration digits.csv --degrees 2 --method auto --samples 4000 -o auto-many --json
equal "method for thousands" "$(member auto-many.out method)" '"features"'

# Named pipes are refused wherever a file is read; nothing waits for a writer. First as every command's plan.
mkfifo pipe
pipe="pipe: not a regular file"
at_once "$pipe" plan pipe -o bad
at_once "$pipe" plan "$model" --within pipe -o bad
at_once "$pipe" keygen --plan pipe -o bad
at_once "$pipe" encrypt --plan pipe --key client/secret.key --input "$images" -o bad.ct
at_once "$pipe" predict --plan pipe --evaluation-key server/evaluation.key server/sample.ct -o bad.ct
at_once "$pipe" decrypt --plan pipe --key client/secret.key --any-request server/reply.ct
at_once "$pipe" verify --plan pipe --data "$root/Samples"
at_once "$pipe" bench --plan pipe
at_once "$pipe" inspect pipe
at_once "$pipe" demo --model pipe --samples "$root/Samples"
absent bad
refuse "$pipe" keygen --plan pipe -o bad
refuse "$pipe" encrypt --plan pipe --key client/secret.key --input "$images" -o bad.ct
refuse "$pipe" encrypt --plan client/client.plan --key pipe --input "$images" -o bad.ct
refuse "$pipe" encrypt --plan client/client.plan --key client/secret.key --input pipe -o bad.ct
refuse "$pipe" predict --plan pipe --evaluation-key server/evaluation.key server/sample.ct -o bad.ct
refuse "$pipe" predict --plan server/server.plan --evaluation-key pipe server/sample.ct -o bad.ct
refuse "$pipe" predict --plan server/server.plan --evaluation-key server/evaluation.key pipe -o bad.ct
refuse "$pipe" decrypt --plan pipe --key client/secret.key --any-request server/reply.ct
refuse "$pipe" decrypt --plan client/client.plan --key pipe --any-request server/reply.ct
refuse "$pipe" "${decrypt[@]}" --any-request pipe
refuse "$pipe" "${decrypt[@]}" --request pipe server/reply.ct
refuse "$pipe" verify --plan float/server.plan --data digits.csv --labels pipe
refuse "$pipe" plan "$float" --calibration pipe -o bad
refuse "$pipe" plan "$float" --calibration digits.csv --labels pipe -o bad
refuse "$pipe" verify --plan pipe --data "$root/Samples"
refuse "$pipe" verify --plan server/server.plan --data pipe
refuse "$pipe" bench --plan pipe
refuse "$pipe" inspect pipe
refuse "$pipe" plan pipe -o bad
absent bad.ct

# Output to a pipe or a device goes into it and does not replace it. First a device of this folder's own and a link,
# which a defect may cost; then the real one.
cat pipe >piped.ct &
reader=$!
run to-pipe encrypt --plan client/client.plan --key client/secret.key --input "$images" --index 0 -o pipe
wait "$reader"
[ -p pipe ] || die "a pipe was replaced by a file"
run piped predict --plan server/server.plan --evaluation-key server/evaluation.key piped.ct -o piped-reply.ct
devices=null
ln -s /dev/null null
if mknod device c 1 3 2>/dev/null && (: >device) 2>/dev/null; then devices="device $devices"; fi
for device in $devices /dev/null; do
    run to-device encrypt --plan client/client.plan --key client/secret.key --input "$images" -o "$device"
    run batch-to-device "${batch_predict[@]}" batch.ct -o "$device"
    run table-to-device "${batch_decrypt[@]}" batch.ct replies.ct -o "$device" --format csv
    [ -c "$device" ] || die "$device was replaced by a file"
    pass
done
[ -L null ] || die "a link to a device was replaced"
absent null.partial
absent /dev/null.partial

# Folders around a key are their owner's, and what is write-protected stays, for root too.
(umask 0 && "$blindsight" keygen --plan client/client.plan -o own/keys >/dev/null) || die "keygen failed"
equal "mode of a folder with a key" "$(mode own) $(mode own/keys) $(mode own/keys/secret.key)" "700 700 600"
chmod 400 own/keys/secret.key
refuse "write-protected" keygen --plan client/client.plan -o own/keys --force
refuse "cannot make the folder own/keys/secret.key/x: own/keys/secret.key: Not a directory" \
    keygen --plan client/client.plan -o own/keys/secret.key/x
refuse "cannot make the folder : No such file" keygen --plan client/client.plan -o ""
cp own/keys/secret.key victim
ln -s victim linked.ct.partial
refuse "a symbolic link" predict --plan server/server.plan --evaluation-key server/evaluation.key server/sample.ct \
    -o linked.ct --resume
cmp -s victim own/keys/secret.key || die "a run wrote through a link"

# A secret key under a passphrase, from files' first lines.
printf 'correct horse\nnot this\n' >pass
printf 'battery staple' >new-pass
printf '\n' >no-pass
head -c 2000 /dev/zero | tr '\0' x >long-pass
run protect keygen --plan client/client.plan -o locked --passphrase-file pass --json
keys protect.out method secret_key secret_key_bytes secret_key_protected evaluation_key evaluation_key_bytes keygen_ms
equal "protected" "$(member protect.out secret_key_protected)" true
equal "mode of a protected key" "$(mode locked/secret.key)" 600
equal "bytes of a protected key" "$(size locked/secret.key)" $(($(size client/secret.key) + 68))
[[ $(detail locked/secret.key protection) == '"passphrase: scrypt with N = 2^17'* ]] \
    || die "inspect says of a protected key: $(cat inspected.out)"
equal "protection" "$(detail client/secret.key protection)" '"none"'
locked=(--plan client/client.plan --key locked/secret.key)
one=(--input "$images" --index "$index")
run locked-encrypt encrypt "${locked[@]}" --passphrase-file pass "${one[@]}" -o locked.ct
run locked-predict predict --plan server/server.plan --evaluation-key locked/evaluation.key locked.ct \
    -o locked-reply.ct
run locked-decrypt decrypt "${locked[@]}" --passphrase-file <(echo "correct horse") --request locked.ct \
    locked-reply.ct --json
equal "logits under a protected key" "$(inner locked-decrypt.out logits)" "$(inner decrypt.out logits)"
wrong="not the one that protects"
refuse "$wrong" encrypt "${locked[@]}" --passphrase-file new-pass "${one[@]}" -o bad.ct
refuse "$wrong" decrypt "${locked[@]}" --passphrase-file new-pass --request locked.ct locked-reply.ct -o bad.csv
refuse "$wrong" keygen --plan client/client.plan -o locked --evaluation-only --passphrase-file new-pass
refuse "first line is empty" encrypt "${locked[@]}" --passphrase-file no-pass "${one[@]}" -o bad.ct
refuse "more than 1024 bytes" encrypt "${locked[@]}" --passphrase-file long-pass "${one[@]}" -o bad.ct
refuse "no such file" encrypt "${locked[@]}" --passphrase-file missing "${one[@]}" -o bad.ct
refuse "is not protected" encrypt --plan client/client.plan --key client/secret.key --passphrase-file pass \
    "${one[@]}" -o bad.ct
refuse "--passphrase belongs to" keygen --plan client/client.plan -o locked --evaluation-only --passphrase
refuse "either --remove or" passphrase locked/secret.key --remove --new-passphrase-file pass
run locked-renew keygen --plan client/client.plan -o locked --evaluation-only --passphrase-file pass --json
equal "protected still" "$(member locked-renew.out secret_key_protected)" true
# What stands before the secret can't be changed: by chance, or by who makes the checksum right again.
mkdir tampered
for offset in 20 60 76 110 130 150; do
    flip locked/secret.key "$offset" tampered/secret.key
    refuse "tampered/secret.key: " encrypt --plan client/client.plan --key tampered/secret.key \
        --passphrase-file pass "${one[@]}" -o bad.ct
done
if command -v python3 >/dev/null; then
    # Salt, and scrypt's cost within what is taken.
    for offset in 101 94; do
        python3 - locked/secret.key "$offset" tampered/secret.key <<'PYTHON'
import hashlib, sys

content = bytearray(open(sys.argv[1], "rb").read()[:-32])
content[int(sys.argv[2])] ^= 1
open(sys.argv[3], "wb").write(content + hashlib.sha256(content).digest())
PYTHON
        refuse "$wrong" encrypt --plan client/client.plan --key tampered/secret.key --passphrase-file pass \
            "${one[@]}" -o bad.ct
    done
fi
absent bad.ct
absent bad.csv
run change passphrase locked/secret.key --passphrase-file pass --new-passphrase-file new-pass --json
keys change.out secret_key secret_key_bytes secret_key_protected
refuse "$wrong" decrypt "${locked[@]}" --passphrase-file pass --request locked.ct locked-reply.ct
run changed decrypt "${locked[@]}" --passphrase-file new-pass --request locked.ct locked-reply.ct --json
equal "logits under another passphrase" "$(inner changed.out logits)" "$(inner decrypt.out logits)"
run unlock passphrase locked/secret.key --passphrase-file new-pass --remove
equal "mode of a key without passphrase" "$(mode locked/secret.key)" 600
run unlocked decrypt "${locked[@]}" --request locked.ct locked-reply.ct --json
equal "logits without a passphrase" "$(inner unlocked.out logits)" "$(inner decrypt.out logits)"
run relock passphrase locked/secret.key --new-passphrase-file pass

# The same from a terminal, which shows nothing of it, and is as it was afterwards.
if command -v python3 >/dev/null; then
    python3 - "$blindsight" <<'PYTHON' || die "passphrases from a terminal"
import os, pty, signal, subprocess, sys, termios

program = sys.argv[1]
encrypt = ["encrypt", "--plan", "client/client.plan", "--key", "locked/secret.key", "--input", "sample.csv.gz"]


def talk(arguments, *answers, interrupt=False):
    """Exit status, and what the terminal showed; each answer is given when it is asked for."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(program, [program, *arguments])
    shown, answers = b"", list(answers)
    try:
        while part := os.read(terminal, 1 << 12):
            shown += part
            if part.rstrip(b" ").endswith(b":") and (answers or interrupt):
                assert not termios.tcgetattr(terminal)[3] & termios.ECHO, "the terminal shows what is typed"
                os.write(terminal, answers.pop(0).encode() + b"\n" if answers else b"\x03")
    except OSError:
        pass
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert termios.tcgetattr(terminal)[3] & termios.ECHO, "the terminal was left without echo"
    os.close(terminal)
    return status, shown.decode()


def check(what, found, status, *texts):
    assert found[0] == status and all(text in found[1] for text in texts), f"{what}: {found}"
    assert "horse" not in found[1] and "staple" not in found[1], f"{what}: {found}"
    print("test-cli: terminal:", what)


check("right", talk([*encrypt, "-o", "asked.ct"], "correct horse"), 0, "Passphrase of locked/secret.key")
check("wrong", talk([*encrypt, "-o", "bad.ct"], "battery"), 1, "not the one that protects")
check("empty", talk([*encrypt, "-o", "bad.ct"], ""), 1, "first line is empty")
check("interrupted", talk([*encrypt, "-o", "bad.ct"], interrupt=True), 130)
make = ["keygen", "--plan", "client/client.plan", "-o", "asked", "--passphrase"]
check("not the same", talk(make, "correct horse", "correct staple"), 1, "differ")
assert not os.path.exists("asked"), "keys were made for passphrases that differ"
check("new", talk(make, "battery staple", "battery staple"), 0, "The same again")
check("change", talk(["passphrase", "asked/secret.key"], "battery staple", "horse", "horse"), 0)
alone = subprocess.run([program, *encrypt, "-o", "bad.ct"], start_new_session=True, capture_output=True, text=True)
assert alone.returncode == 1 and "--passphrase-file" in alone.stderr, alone
assert not os.path.exists("bad.ct")
PYTHON
    pass
fi

# Who holds a secret leaves no core dump; a server may.
if [ -r /proc/self/limits ]; then
    "$blindsight" encrypt --plan client/client.plan --key client/secret.key "${one[@]}" -o pipe >/dev/null &
    pid=$!
    for tick in $(seq 100); do
        limit=$(sed -n 's/^Max core file size *\([^ ]*\) *\([^ ]*\).*/\1 \2/p' "/proc/$pid/limits")
        [[ $limit == [01]" "[01] ]] && break
        sleep 0.1
    done
    cat pipe >/dev/null
    wait "$pid"
    [[ $limit == [01]" "[01] ]] || die "encrypt may leave a core dump: $limit"
    pass
fi

run force keygen --plan client/client.plan -o client --force
equal "mode of secret.key" "$(mode client/secret.key)" 600
if compgen -G "*.tmp" >/dev/null || compgen -G "client/*.tmp" >/dev/null; then die "a temporary file was left"; fi

echo "test-cli: $checks checks passed"
