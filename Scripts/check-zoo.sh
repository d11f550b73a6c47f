#!/usr/bin/env bash
# Every scikit-learn estimator that skl2onnx converts, trees of XGBoost, LightGBM and CatBoost, networks as PyTorch and
# Keras export them, and graphs that end in labels of all kinds: each is refused with the reason, or answered encrypted
# as onnxruntime answers it (Notebooks/zoo.py).
#
#   check-zoo.sh [BINARY] [OPTIONS OF THE NOTEBOOK]   with --only WORDS the models whose names have them, with
#                                                     --through python those of the wheel in Python/dist beside it
#
# The first run installs scikit-learn, skl2onnx, onnxruntime and, where they can be had, the boosters, PyTorch and
# TensorFlow (1 GB) into a Python environment under .build.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."

binary=${1:-.build/release/blindsight}
shift || true
environment=.build/zoo/venv

if [ ! -e "$environment/.with-all" ]; then
    [ -x "$environment/bin/pip" ] || python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check 'scikit-learn==1.9.*' 'skl2onnx==1.20.*' \
        'onnx==1.23.*' 'onnxruntime==1.32.*' 'protobuf==6.*' numpy pandas
    optional() {
        "$environment/bin/pip" install --quiet --disable-pip-version-check "$@" ||
            echo "check-zoo: can't install $*; their models are left out" >&2
    }
    optional 'onnxmltools==1.16.*' 'xgboost-cpu==3.2.*' 'lightgbm==4.7.*'
    optional 'catboost==1.2.*'
    optional 'torch==2.13.0' 'onnxscript==0.7.*' # a CPU build where pip finds one
    optional 'tensorflow-cpu==2.21.*' 'tf2onnx==1.17.*'
    touch "$environment/.with-all"
fi
if [[ " $* " == *" --through python "* ]]; then
    wheel=$(ls Python/dist/blindsight-*.whl) || { echo "check-zoo: no wheel in Python/dist: make wheel" >&2; exit 1; }
    "$environment/bin/pip" install --quiet --disable-pip-version-check --no-deps --force-reinstall "$wheel"
fi
"$environment/bin/python" -W ignore Notebooks/zoo.py --binary "$binary" --output .build/zoo "$@"
