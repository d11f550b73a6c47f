#!/usr/bin/env bash
# Python's package, from the sources: style, types, tests, notebooks; and the example in C. The shared object is linked of
# the objects that are built for the rest.
# Usage: Scripts/check-python.sh [all]     all: boosted trees, PyTorch and every notebook too, which install gigabytes
set -euo pipefail
cd "$(dirname "$0")/.."
packages=(numpy pytest mypy ruff scikit-learn skl2onnx onnx onnxruntime pandas matplotlib 'ray[data]')
notebooks=(first_prediction thousands certificate)
if [ "${1:-}" = all ]; then
    packages+=(xgboost lightgbm onnxmltools torch polars pyarrow tqdm)
    notebooks+=(credit_scoring pytorch_model)
fi
Scripts/python-environment.sh "${packages[@]}"
bin=$PWD/.build/python/bin

library=Python/src/blindsight/libblindsight.so
[ "$(uname)" = Linux ] || library=${library%.so}.dylib
"$bin/python" Python/backend/blindsight_build.py "$library"
(cd Python && "$bin/ruff" check -q . && "$bin/ruff" format -q --check src tests backend && "$bin/mypy" | tail -n 1)
export PYTHONPATH=$PWD/Python/src PYTHONDONTWRITEBYTECODE=1
(cd Python && "$bin/python" -m pytest -q -p no:cacheprovider) | tail -n 15
for notebook in "${notebooks[@]}"; do
    MPLBACKEND=agg "$bin/python" "Notebooks/$notebook.py" >.build/notebook.log 2>&1 || {
        tail -n 20 .build/notebook.log >&2
        echo "check-python: Notebooks/$notebook.py fails" >&2
        exit 1
    }
    echo "check-python: Notebooks/$notebook.py runs"
done
if [ "$(uname)" = Linux ]; then Scripts/measure-shared-library.sh "$library"; else Scripts/check-c.sh "$library"; fi
