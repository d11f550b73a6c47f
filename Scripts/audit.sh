#!/usr/bin/env bash
# The audit, from the sources, in an environment of its own: .build/audit-python. Gigabytes the first time.
# Usage: Scripts/audit.sh --tests                     the tests of the audit
#        Scripts/audit.sh [--folder DATA] ARGUMENTS   python -m blindsight.audit ARGUMENTS; DATA has mnist/ and tabular/
# AUDIT_PYTHON names another Python that has the packages.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${AUDIT_PYTHON:-}
if [ -z "$python" ]; then
    environment=$PWD/.build/audit-python
    python=$environment/bin/python
    if [ ! -e "$environment/complete" ]; then
        mkdir -p .build
        python3 -m venv "$environment"
        packages=$(python3 - <<'PYTHON'
import re
text = open("Python/pyproject.toml").read()
print(" ".join(re.findall(r'"([^"]+)"', re.search(r"^audit = \[(.*)\]$", text, re.M).group(1))))
PYTHON
        )
        # shellcheck disable=SC2086
        "$environment/bin/pip" install -q --disable-pip-version-check numpy pytest $packages
        touch "$environment/complete"
    fi
fi
library=Python/src/blindsight/libblindsight.so
[ "$(uname)" = Linux ] || library=${library%.so}.dylib
[ -e "$library" ] || "$python" Python/backend/blindsight_build.py "$library"
export PYTHONPATH=$PWD/Python/src PYTHONDONTWRITEBYTECODE=1 MPLBACKEND=agg
if [ "${1:-}" = --tests ]; then
    cd Python && exec "$python" -m pytest -q -p no:cacheprovider tests/audit
fi
if [ "${1:-}" = --folder ]; then
    BLINDSIGHT_DATA=$(cd "$2" && pwd)
    export BLINDSIGHT_DATA
    shift 2
fi
exec "$python" -W ignore -m blindsight.audit "$@"
