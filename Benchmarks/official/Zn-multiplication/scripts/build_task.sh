#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the harness calls before it measures: the adapter is built, the product is planned, and the steps get their names.
# Usage: scripts/build_task.sh
# Environment:
#   BLINDSIGHT_ROOT     a checkout of Blindsight in which `make build` was run
#   BLINDSIGHT_PRIVACY  bits of function privacy, 0 by default: the model is public here
set -euo pipefail
submission=$(cd "$(dirname "$0")/../submission" && pwd)
root=${BLINDSIGHT_ROOT:?names a checkout of Blindsight}
. "$root/Benchmarks/official/build.sh"

make_build "$submission/target/release"
product() {
    local size=$1
    shift
    make_plan "$size" "$submission/product.onnx" --calibration "$submission/calibration.npy" "$@"
}
product single --method slots
product small --method features --samples 1000
product medium --method features --samples 100000
product large --method features --samples 10000000
make_steps "$submission/step" client_preprocess_input client_key_generation client_encode_encrypt_input \
    server_encrypted_compute client_decrypt_decode client_postprocess
