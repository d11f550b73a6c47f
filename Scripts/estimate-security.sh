#!/usr/bin/env bash
# What the best known attacks on the lattices of the models' plans cost (Notebooks/estimate_security.py). Models that
# need calibration samples are left out where `make check-models` has not brought these.
#
#   estimate-security.sh [BINARY] [OPTIONS OF THE NOTEBOOK]
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."

binary=${1:-.build/release/blindsight}
shift || true
data=.build/models/data
plans=()

if [ -x "$binary" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT

    # plan MODEL [OPTIONS]
    plan() {
        local model=$1 file=$folder/${#plans[@]}.json
        shift
        "$binary" plan "Models/$model.onnx" --json -o "$folder/plan" "$@" >"$file" || {
            echo "estimate-security: $model has no plan with $*" >&2
            exit 1
        }
        plans+=("$file")
    }

    for model in mnist cryptonets; do
        for privacy in 0 40 64 80; do
            plan $model --method slots --function-privacy $privacy
        done
        plan $model --method features --samples 8192
    done
    for model in sigmoid-mlp svm relu-mlp mnist-cnn; do
        if [ -e "$data/$model-calibration.npy" ]; then
            plan $model --calibration "$data/$model-calibration.npy"
        else
            echo "estimate-security: no calibration samples of $model (make check-models)" >&2
        fi
    done
else
    echo "estimate-security: $binary is not built (make build); the published table alone" >&2
fi

python3 Notebooks/estimate_security.py ${plans[@]+"${plans[@]}"} "$@"
