#!/usr/bin/env bash
# Runs the notebooks of Python's package and writes pages with their texts and plots.
# Usage: Scripts/render-notebooks.sh [folder, .build/notebooks by default]
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-.build/notebooks}
mkdir -p "$folder"
Scripts/python-environment.sh numpy scikit-learn skl2onnx onnx pandas matplotlib xgboost onnxmltools torch jupytext \
    nbconvert ipykernel
bin=$PWD/.build/python/bin
"$bin/python" Python/backend/blindsight_build.py Python/src/blindsight/libblindsight.so
export PYTHONPATH=$PWD/Python/src PATH=$bin:$PATH
for name in first_prediction pytorch_model credit_scoring thousands certificate; do
    "$bin/jupytext" --quiet --to ipynb --execute --run-path "$PWD" --output "$folder/$name.ipynb" "Notebooks/$name.py"
    "$bin/jupyter" nbconvert --log-level WARN --to html "$folder/$name.ipynb"
    echo "render-notebooks: $folder/$name.html"
done
