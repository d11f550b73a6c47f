#!/usr/bin/env bash
# The page and its library: types, the library under Node against the command line, the page in headless Chromium against a
# service in Python. Needs what `make web` needs, Node 20, and Chromium with its driver (Debian: chromium,
# chromium-driver; or their paths in CHROMIUM and CHROMEDRIVER).
# The Python package is BLINDSIGHT_WHEEL, or the sources' as `make check-python` builds it.
# Usage: Scripts/check-web.sh [SCREENSHOTS]     a folder for pictures of the page
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "check-web: $*" >&2
    exit 1
}

Scripts/build-web.sh
command -v node >/dev/null || fail "no node; on Debian: apt-get install nodejs"
if command -v tsc >/dev/null; then
    tsc -p Web/tsconfig.json
else
    echo "check-web: types were not checked: no tsc (Debian: node-typescript)" >&2
fi

Scripts/python-environment.sh numpy onnx selenium mypy ruff
bin=$PWD/.build/python/bin
if [ -n "${BLINDSIGHT_WHEEL:-}" ]; then
    "$bin/pip" install -q --disable-pip-version-check --force-reinstall --no-deps "$BLINDSIGHT_WHEEL"
elif [ -e Python/src/blindsight/libblindsight.so ]; then
    export PYTHONPATH=$PWD/Python/src
else
    fail "no Python package; make check-python builds it, or BLINDSIGHT_WHEEL names a wheel"
fi
export PYTHON=$bin/python PYTHONDONTWRITEBYTECODE=1
"$bin/ruff" check -q --config Python/pyproject.toml Web/tests
"$bin/ruff" format -q --check --config Python/pyproject.toml Web/tests
(cd Web/tests && "$bin/mypy" --strict --no-error-summary --cache-dir ../../.build/web/mypy plans.py server.py traffic.py browser.py)

# Plans are the engine's alone: they are made again where its library is another.
version=$("$PYTHON" -c 'import blindsight, hashlib, pathlib
print(hashlib.sha256((pathlib.Path(blindsight.__file__).parent / "libblindsight.so").read_bytes()).hexdigest()[:16])')
export PLANS=$PWD/.build/web-plans/$version
[ -d "$PLANS" ] || rm -rf .build/web-plans
"$PYTHON" Web/tests/plans.py "$PLANS"

log=.build/web/node.log
node --test Web/tests/*.test.mjs >"$log" 2>&1 || {
    grep -E '^not ok|^    *error:|rror' "$log" >&2 || tail -n 40 "$log" >&2
    fail "the library's tests fail: $log"
}
echo "check-web: $(sed -n 's/^# pass //p' "$log") tests of the library under Node passed"
network=.build/web/network.json
node Web/tools/network-json.mjs "$PLANS/mnist/server.plan" >"$network"
"$PYTHON" Web/tests/browser.py --plan "$PLANS/mnist" --pages Web/dist --network "$network" ${1:+--screenshots "$1"}
