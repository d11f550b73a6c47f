#!/usr/bin/env bash
# Installs the peers from PyPI into Benchmarks/.venv. What can't be installed is said there in absent-<peer>.txt
# and left out; this script fails only where no environment can be made.
#
# openfhe's wheel says that it fits every Python, but holds an extension for one: the build for Ubuntu 22.04 (its
# version ends so) is for Python 3.10. PYTHON310 names the interpreter where it isn't found.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=.venv
# TenSEAL imports numpy without asking pip for it.
tenseal='tenseal==0.3.16 numpy==2.2.6'
openfhe=openfhe==1.6.1.0.22.4
paillier='phe==1.5.0 gmpy2==2.3.2'
heu='sf-heu'

find_python() {
    local candidate
    for candidate in "${PYTHON310:-}" python3.10 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10.*/bin/python3.10 python3; do
        if [ -n "$candidate" ] && "$candidate" -c 'import venv, ensurepip' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# packages, name of the module
# shellcheck disable=SC2086 # The packages are words.
install() {
    local log=$environment/install-$2.log note=$environment/absent-$2.txt
    rm -f "$note"
    if ! "$environment/bin/python" -m pip install --quiet --disable-pip-version-check $1 >"$log" 2>&1; then
        echo "pip can't install $1: $(tail -n 1 "$log")" >"$note"
    elif ! "$environment/bin/python" -c "import $2" >"$log" 2>&1; then
        echo "$1 is installed, but can't be imported by $("$environment/bin/python" --version): $(tail -n 1 "$log")" >"$note"
    fi
    if [ -f "$note" ]; then cat "$note" >&2; else echo "$1 is there"; fi
}

if [ ! -x "$environment/bin/python" ]; then
    python=$(find_python) || { echo "install.sh: no Python with venv and pip is there" >&2; exit 1; }
    "$python" -m venv "$environment"
fi
install "$tenseal" tenseal
install "$openfhe" openfhe
install "$paillier" phe
install "$heu" heu
