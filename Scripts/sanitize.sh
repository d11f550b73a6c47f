#!/usr/bin/env bash
# Runs the unit tests under sanitizers: AddressSanitizer, then ThreadSanitizer.
#
#   Scripts/sanitize.sh [address|thread|all] [FILTER, a regular expression]
#
# Each builds in a folder of its own, .build-asan and .build-tsan; what a sanitizer found stands in test.log there. The
# flags are given here alone: the package itself has none.
set -euo pipefail
cd "$(dirname "$0")/.."

which=${1:-all}
filter=${2:-.}
case $which in
address | thread | all) ;;
*)
    echo "sanitize: address, thread or all, not $which" >&2
    exit 2
    ;;
esac

# Both: the sanitizers' mlock does nothing, and their shadow is terabytes of writable memory, which takes an hour to
# read through.
skipped='SecretMemoryTests/secretsAreLocked|MemoryScanTests'
# ThreadSanitizer ends a forked child that starts threads.
skipped_thread="$skipped|ForkTests/theChildEndsAPoolAndMakesOne"

# Builds the tests. build NAME FOLDER
build() {
    swift build -c release --sanitize="$1" --scratch-path "$2" --product blindsightPackageTests
}

# Runs them. run NAME FOLDER SKIPPED VARIABLE=VALUE ...
run() {
    local name=$1 scratch=$2 skip=$3 status=0
    local log=$scratch/test.log
    shift 3
    env "$@" swift test -c release --sanitize="$name" --scratch-path "$scratch" --skip-build \
        --filter "$filter" --skip "$skip" >"$log" 2>&1 || status=$?
    grep -aE '^✘|Test run with|ERROR: [A-Z][a-z]+Sanitizer|SUMMARY: ' "$log" | head -n 40 || true
    # The closing line is looked for, so that a run of no tests at all can't pass.
    if [ "$status" -ne 0 ] || ! grep -aEq 'Test run with [1-9][0-9]* tests? .*passed' "$log" ||
        grep -aEq 'ERROR: [A-Z][a-z]+Sanitizer|WARNING: ThreadSanitizer' "$log"; then
        echo "sanitize: under the $name sanitizer not all is well: $log" >&2
        return 1
    fi
}

result=0
if [ "$which" != thread ]; then
    build address .build-asan
    # Swift's tests end without releasing what they hold for good: a leak is none.
    run address .build-asan "$skipped" ASAN_OPTIONS=detect_leaks=0 || result=1
fi
if [ "$which" != address ]; then
    build thread .build-tsan
    settings=(TSAN_OPTIONS="suppressions=$PWD/Scripts/sanitize-thread.txt")
    if [ "$(uname -s)" = Linux ]; then
        clang=$(dirname "$(readlink -f "$(command -v swiftc)")")/clang
        "$clang" -O2 -shared -fPIC -o .build-tsan/mutex.so Scripts/sanitize-mutex.c -ldl
        settings+=(LD_PRELOAD="$PWD/.build-tsan/mutex.so")
    fi
    run thread .build-tsan "$skipped_thread" "${settings[@]}" || result=1
fi
exit $result
