#!/usr/bin/env bash
# The Swift files that people write: generated ones left out.
set -euo pipefail
cd "$(dirname "$0")/.."
{
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard '*.swift'
    else
        find Package.swift Sources Tests Snippets -name '*.swift' 2>/dev/null
    fi
} | grep -v -e '/Generated/' -e '\.pb\.swift$' | while read -r file; do
    [ ! -f "$file" ] || echo "$file"
done
