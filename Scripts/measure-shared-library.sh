#!/usr/bin/env bash
# How large the shared library of everything is: the engine behind its C interface, with Swift's standard library in it,
# stripped. Fails where it is larger than it may be, needs a library outside the list, shows other functions than the
# header's, or doesn't recognize a digit. Linux only.
# Usage: Scripts/measure-shared-library.sh [libblindsight.so]
set -euo pipefail
cd "$(dirname "$0")/.."
# The command line is in it, 2.5 MB with its parser of arguments.
limit=28000000
allowed='libc.so.6 libm.so.6 libgmp.so.10 libz.so.1 libstdc++.so.6 libpthread.so.0 libdl.so.2 ld-linux-x86-64.so.2
    ld-linux-aarch64.so.1'

[ "$(uname)" = Linux ] || {
    echo "measure-shared-library: Linux only" >&2
    exit 1
}
library=${1:-.build/shared-library/libblindsight.so}
if [ $# -eq 0 ]; then
    mkdir -p "$(dirname "$library")"
    python3 Python/backend/blindsight_build.py "$library"
fi

status=0
size=$(wc -c <"$library")
printf 'measure-shared-library: %d.%d MB, of %d at most\n' \
    $((size / 1000000)) $((size % 1000000 / 100000)) $((limit / 1000000))
if ((size > limit)); then
    echo "measure-shared-library: $library is larger than it may be" >&2
    status=1
fi
needed=$(LC_ALL=C readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
echo "measure-shared-library: it needs" $needed
for name in $needed; do
    [[ " $(echo $allowed) " == *" $name "* ]] || {
        echo "measure-shared-library: $name is not among $(echo $allowed)" >&2
        status=1
    }
done
header=$(sed 's,//.*,,' Sources/BlindsightC/include/blindsight.h | grep -oE '\bbs_[a-z_0-9]+\(' | tr -d '(' | sort -u)
seen=$(nm -D --defined-only "$library" | awk '{print $NF}' | sort -u)
[ "$header" = "$seen" ] || {
    echo "measure-shared-library: the library and its header have other functions:" >&2
    diff <(echo "$header") <(echo "$seen") >&2 || true
    status=1
}
Scripts/check-c.sh "$library" || status=1
exit "$status"
