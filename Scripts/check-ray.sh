#!/usr/bin/env bash
# Kills workers, machines and drivers of a Ray cluster on loopback inside groups; every group must come out right, once.
# A quarter of an hour. The shared object is linked of the objects that are built for the rest.
# Usage: Scripts/check-ray.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
Scripts/python-environment.sh numpy 'ray[data]'
library=Python/src/blindsight/libblindsight.so
.build/python/bin/python Python/backend/blindsight_build.py "$library"
.build/python/bin/python Python/tests/ray_kills.py "${1:-50}"
