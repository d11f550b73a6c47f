#!/usr/bin/env bash
# Checks for Swift and installs the C libraries that the package links, GMP and zlib, and what Python's environments need.
# Says what it installs; does nothing where all is there.
set -euo pipefail

minimum_major=6
minimum_minor=1

say() { echo "dependencies: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

check_swift() {
    command -v swift >/dev/null ||
        fail "no swift on the PATH; install Swift $minimum_major.$minimum_minor or later from https://swift.org/install"
    local version major minor
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
    [ -n "$version" ] || fail "'swift --version' names no version; is this a Swift toolchain?"
    major=${version%%.*}
    minor=${version#*.}
    minor=${minor%%.*}
    [ "$minor" != "$version" ] || minor=0
    if ((major < minimum_major || (major == minimum_major && minor < minimum_minor))); then
        fail "Swift $version is too old; $minimum_major.$minimum_minor or later is needed (https://swift.org/install)"
    fi
}

# Whether a C header is there, as the toolchain's own compiler sees it.
has_header() {
    local compiler
    for compiler in clang cc gcc; do
        command -v "$compiler" >/dev/null || continue
        echo "#include <$1>" | "$compiler" -E -x c - >/dev/null 2>&1
        return
    done
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "not root and no sudo; run as root: $*"
    fi
}

install_linux() {
    local packages=()
    has_header gmp.h || packages+=(libgmp-dev)
    has_header zlib.h || packages+=(zlib1g-dev)
    # The operator conformance test installs the onnx package into an environment.
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || packages+=(python3-venv)
    ((${#packages[@]})) || return 0
    command -v apt-get >/dev/null ||
        fail "missing: ${packages[*]} (Debian's names); install GMP's and zlib's headers and Python 3 with your package manager"
    say "installing ${packages[*]} with apt-get"
    # A fresh image has no package lists; an old one may have stale ones.
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${packages[@]}"
}

# zlib comes with the macOS SDK.
install_macos() {
    command -v brew >/dev/null || fail "Homebrew is needed to install gmp (https://brew.sh)"
    brew list --versions gmp >/dev/null 2>&1 && return
    say "installing gmp with Homebrew"
    brew install gmp
}

check_swift
case "$(uname -s)" in
Linux) install_linux ;;
Darwin) install_macos ;;
*) fail "only Linux and macOS are known here; install GMP and zlib, then run swift build" ;;
esac
