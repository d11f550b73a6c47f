#!/usr/bin/env bash
# The float models under Models/, as a stranger would serve them: planned with calibration samples, then verified on
# their test splits. Encrypted logits must equal the integer network's, and scores stay near the float model's; of trees
# all labels must be onnxruntime's (those in Samples, where the made-up samples of two models are). Models that can't be
# served must be refused with the reason.
#
#   check-models.sh [BINARY] [FOLDER WITH MNIST]   the convolutional network needs MNIST, and is left out without it
#
# The first run installs scikit-learn, which has the data sets, into a Python environment under .build.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."

binary=${1:-.build/release/blindsight}
mnist=${2:-}
environment=.build/models/venv
data=.build/models/data
plans=.build/models/plans

if [ ! -e "$data/.done$mnist" ] || [ ! -e "$data/forest-test.npy" ]; then
    [ -x "$environment/bin/pip" ] || python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check 'scikit-learn==1.9.*' numpy
    "$environment/bin/python" Notebooks/data.py --output "$data" ${mnist:+--mnist "$mnist"} >/dev/null
    mkdir -p "$(dirname "$data/.done$mnist")" && touch "$data/.done$mnist"
fi

die() {
    echo "check-models: $*" >&2
    exit 1
}

# member FILE KEY: a number or a name of a JSON object.
member() { sed -n "s/^ *\"$2\": \"*\([^,\"]*\)\"*,*$/\1/p" "$1" | head -n 1; }

# The time is that of a group.
printf '%-13s %-9s %8s %10s %10s %8s %10s %9s\n' model method samples float encrypted wrong 'range bits' 'one core'

# model NAME MEASURE TOLERANCE [OPTIONS]: float's score less the encrypted one's is at most TOLERANCE.
model() { model_on "$1" "$@"; }

# model_on DATA NAME MEASURE TOLERANCE [OPTIONS]: the same with another model's data.
model_on() {
    local set=$1 name=$2 measure=$3 tolerance=$4
    shift 4
    local plan=$plans/$name
    rm -rf "$plan"
    "$binary" plan "Models/$name.onnx" --calibration "$data/$set-calibration.npy" -o "$plan" --json "$@" \
        >"$plan.json" || die "$name has no plan"
    "$binary" verify --plan "$plan/server.plan" --data "$data/$set-test.npy" \
        --labels "$data/$set-test-labels.npy" --json >"$plan-verify.json" \
        || die "$name: encrypted logits differ"
    local wrong float encrypted
    wrong=$(member "$plan-verify.json" mismatched_logits)
    float=$(member "$plan-verify.json" "${measure}_float")
    encrypted=$(member "$plan-verify.json" "${measure}_encrypted")
    printf '%-13s %-9s %8s %10.4f %10.4f %8s %10.1f %6.1f ms\n' "$name" "$(member "$plan.json" method)" \
        "$(member "$plan-verify.json" samples)" "$float" "$encrypted" "$wrong" \
        "$(member "$plan.json" range_bits)" "$(member "$plan.json" estimated_ms)"
    [ "$wrong" = 0 ] || die "$name: $wrong encrypted logits differ"
    awk -v f="$float" -v e="$encrypted" -v t="$tolerance" 'BEGIN { exit !(f - e <= t) }' \
        || die "$name: $measure $encrypted encrypted, $float in floating point, more than $tolerance apart"
}

# refused NAME TEXT: there is no plan, and the reason says TEXT.
refused() {
    local name=$1 text=$2
    if "$binary" plan "Models/$name.onnx" --calibration "$data/$name-calibration.npy" \
        -o "$plans/$name" >/dev/null 2>"$plans-$name.err"; then
        die "$name was planned; '$text' was expected"
    fi
    grep -qF -- "$text" "$plans-$name.err" || die "$name: '$text' was expected, not: $(cat "$plans-$name.err")"
    echo "$name: refused, as it should be"
}

# trees NAME CALIBRATION SAMPLES MODE LEAST: of the first 200 samples, at least the share LEAST must get onnxruntime's
# label.
trees() {
    local name=$1 calibration=$2 samples=$3 mode=$4 least=$5
    local plan=$plans/$name-$mode
    rm -rf "$plan"
    "$binary" plan "Models/$name.onnx" --calibration "$calibration" -o "$plan" --trees "$mode" --json >"$plan.json" \
        || die "$name has no plan"
    "$binary" verify --plan "$plan/server.plan" --data "$samples" --labels "Samples/$name-labels.csv" --limit 200 \
        --json >"$plan-verify.json" || die "$name: encrypted scores differ"
    local wrong same
    wrong=$(member "$plan-verify.json" mismatched_logits)
    same=$(member "$plan-verify.json" accuracy_encrypted)
    printf '%-13s %-10s %8s %10.4f %8s %10.1f %6.1f ms\n' "$name" "$mode" "$(member "$plan-verify.json" samples)" \
        "$same" "$wrong" "$(member "$plan.json" range_bits)" "$(member "$plan.json" estimated_ms)"
    [ "$wrong" = 0 ] || die "$name: $wrong encrypted scores differ"
    awk -v s="$same" -v l="$least" 'BEGIN { exit !(s >= l) }' \
        || die "$name: $same of the labels are onnxruntime's, not $least"
}

mkdir -p "$plans"
model logistic accuracy 0.005
model logistic accuracy 0.005 --method paillier
model sigmoid-mlp accuracy 0.01
model svm accuracy 0
model relu-mlp accuracy 0.015
model regression r2 0.01
model relu-mlp accuracy 0.015 --method features
model_on relu-mlp digits-tables accuracy 0 --activations table --method features
[ -z "$mnist" ] || model mnist-cnn accuracy 0.002
[ -z "$mnist" ] || model_on mnist-cnn mnist-linear accuracy 0.002 --method paillier
printf '%-13s %-10s %8s %10s %8s %10s %9s\n' trees 'told' samples 'same label' wrong 'range bits' 'one core'
trees forest "$data/forest-calibration.npy" "$data/forest-test.npy" thresholds 1
trees digits-trees "$data/digits-trees-calibration.npy" "$data/digits-trees-test.npy" thresholds 1
trees credit Samples/credit.csv Samples/credit.csv thresholds 1
trees credit Samples/credit.csv Samples/credit.csv grid 0.9
trees income Samples/income.csv Samples/income.csv thresholds 1
refused deep "carries 3 of them"
refused maxpool "use AveragePool of the same window"
echo "check-models: all passed"
