#!/usr/bin/env bash
# Installs a wheel into every Python from 3.9 to 3.13 that is here, with numpy and pytest, and runs the tests that need no
# more.
# Usage: Scripts/test-wheel-pythons.sh WHEEL
set -euo pipefail
cd "$(dirname "$0")/.."
wheel=$(realpath "$1")
tried=0
for minor in 9 10 11 12 13; do
    program=''
    for candidate in "$(command -v "python3.$minor" || true)" "$HOME"/.pyenv/versions/3."$minor".*/bin/python; do
        if [ -x "$candidate" ] && "$candidate" -c "import sys; sys.exit(sys.version_info[:2] != (3, $minor))" 2>/dev/null; then
            program=$candidate
            break
        fi
    done
    [ -n "$program" ] || {
        echo "test-wheel-pythons: no Python 3.$minor here"
        continue
    }
    folder=.build/python-3.$minor
    [ -x "$folder/bin/python" ] || "$program" -m venv "$folder"
    "$folder/bin/pip" install -q --disable-pip-version-check numpy pytest
    "$folder/bin/pip" install -q --disable-pip-version-check --force-reinstall --no-deps "$wheel"
    result=$(cd Python && PYTHONDONTWRITEBYTECODE=1 "../$folder/bin/python" -m pytest -q -p no:cacheprovider | tail -n 1)
    echo "test-wheel-pythons: 3.$minor: $result"
    [[ $result == *passed* && $result != *failed* && $result != *error* ]] || exit 1
    tried=$((tried + 1))
done
[ "$tried" -gt 0 ] || exit 1
