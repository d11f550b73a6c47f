#!/usr/bin/env bash
# An environment of Python for checks and wheels, .build/python, with the packages that are named. What is there already
# is not asked for again.
# Usage: Scripts/python-environment.sh PACKAGE...
set -euo pipefail
cd "$(dirname "$0")/.."
environment=.build/python
[ -x "$environment/bin/python" ] || {
    mkdir -p .build
    python3 -m venv "$environment"
}
missing=()
for package in "$@"; do
    name=${package%%[=<>\[]*}
    "$environment/bin/python" - "$name" <<'PYTHON' || missing+=("$package")
import importlib.metadata, sys
try:
    importlib.metadata.version(sys.argv[1])
except importlib.metadata.PackageNotFoundError:
    sys.exit(1)
PYTHON
done
((${#missing[@]})) || exit 0
echo "python-environment: installing ${missing[*]}" >&2
"$environment/bin/pip" install -q --disable-pip-version-check "${missing[@]}"
