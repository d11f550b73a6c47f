#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the harness calls before it measures: the adapter is built, the models are planned, and the steps get their names.
# Usage: scripts/build_task.sh FOLDER-OF-THE-SUBMISSION
# Environment:
#   BLINDSIGHT_ROOT     a checkout of Blindsight in which `make build` was run
#   BLINDSIGHT_PRIVACY  bits of function privacy, 0 by default; "default" is what `blindsight plan` chooses by itself
set -euo pipefail
submission=$(cd "$1" && pwd)
root=${BLINDSIGHT_ROOT:?names a checkout of Blindsight}
. "$root/Benchmarks/official/build.sh"

make_build "$submission/build"
# N images a group: the planner makes groups for about so many.
make_plan single "$root/Models/mnist.onnx" --method slots
make_plan small "$root/Models/mnist.onnx" --method features --samples 100
make_plan medium "$root/Models/mnist.onnx" --method features --samples 1000
make_plan large "$root/Models/mnist.onnx" --method features --samples 10000
make_steps "$submission/step" client_key_generation client_preprocess_input client_encode_encrypt_input \
    server_encrypted_compute client_decrypt_decode client_postprocess
