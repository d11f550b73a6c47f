#!/usr/bin/env bash
# Every source file names its licence in the first line. Manifests begin with their tools' version, and
# snippets are shown whole on other pages: both are left out.
set -euo pipefail
cd "$(dirname "$0")/.."

header='// SPDX-License-Identifier: Apache-2.0'
missing=0
while read -r file; do
    if [ "$(head -n 1 "$file")" != "$header" ]; then
        echo "check-headers: $file does not begin with '$header'" >&2
        missing=1
    fi
done < <({ Scripts/list-swift-files.sh; git ls-files 'Sources/*.c' 'Sources/*.h'; } |
    grep -v -e 'Package\.swift$' -e '^Snippets/')
[ "$missing" -eq 0 ] || exit 1
echo "check-headers: every source file names its licence"
