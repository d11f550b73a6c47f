#!/usr/bin/env bash
# What the README shows must exist: its Swift is the snippet that is compiled and run, each subcommand answers
# --help, each make target and each linked file is there.
# Usage: Scripts/check-readme.sh [path of the blindsight binary]
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${1:-.build/release/blindsight}
snippet=Snippets/PredictDigit.swift

status=0
complain() {
    echo "check-readme: $*" >&2
    status=1
}

# Code blocks of one language, without the fences.
blocks() { awk -v fence="\`\`\`$1" '$0 == "```" {inside = 0} inside {print} $0 == fence {inside = 1}' "$2"; }

if [ -f "$snippet" ]; then
    # The snippet's leading comment is for its reader, not for the README's.
    shown=$(blocks swift README.md)
    source=$(awk '!body && (/^\/\// || /^$/) {next} {body = 1; print}' "$snippet")
    [ "$shown" = "$source" ] || {
        complain "the Swift in README.md differs from $snippet:"
        diff <(echo "$shown") <(echo "$source") >&2 || true
    }
fi

pages=(README.md CONTRIBUTING.md docs/*.md)
if [ -x "$binary" ]; then
    for command in $(grep -hoE '(^|[`$ /])blindsight [a-z]+' "${pages[@]}" | awk '{print $NF}' | sort -u); do
        "$binary" "$command" --help >/dev/null 2>&1 || complain "'blindsight $command --help' fails"
    done
else
    echo "check-readme: $binary is absent: subcommands are not checked" >&2
fi

for target in $(grep -hoE '`make [a-z-]+|^make [a-z-]+' "${pages[@]}" | awk '{print $NF}' | sort -u); do
    grep -qE "^$target:" Makefile || complain "'make $target' is not in the Makefile"
done

for page in "${pages[@]}"; do
    folder=$(dirname "$page")
    for link in $(grep -oE '\]\([^)#: ]+' "$page" | sed 's/^](//' | sort -u); do
        [ -e "$folder/$link" ] || complain "$page links to $link, which is absent"
    done
done

if grep -q MEASURED README.md; then
    echo "check-readme: README.md still has MEASURED where a figure belongs" >&2
fi
[ "$status" != 0 ] || echo "check-readme: what the README shows exists"
exit "$status"
