#!/usr/bin/env bash
# What the README and docs show must exist: the README's Swift is the snippet that is compiled and run, each subcommand
# answers --help and has the options that it is shown with, each make target, each file and each linked page is there.
# The README stays a front page, and text is wrapped at 120 columns.
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

# The snippet's leading comment is for its reader, not for the README's.
source=$(awk '!body && (/^\/\// || /^$/) {next} {body = 1; print}' "$snippet")
for page in README.md Sources/Blindsight/Blindsight.docc/FirstModel.md; do
    shown=$(blocks swift "$page")
    [ "$shown" = "$source" ] || {
        complain "the Swift in $page differs from $snippet:"
        diff <(echo "$shown") <(echo "$source") >&2 || true
    }
done

pages=(README.md CONTRIBUTING.md SECURITY.md docs/*.md Benchmarks/README.md Notebooks/README.md)
commands='plan|keygen|encrypt|predict|decrypt|verify|bench|inspect|demo'
# Lines with "blindsight COMMAND", and code spans that begin with a command; lines that go on are joined.
shown_commands() {
    cat "${pages[@]}" | sed -e ':a' -e '/\\$/N; s/\\\n//; ta' \
        | grep -oE "((^|[\`\$ /])blindsight [a-z]+|\`($commands) )[^\`#]*" | sed 's/^[`$ /]*//; s/^blindsight //' | sort -u
}
if [ -x "$binary" ]; then
    while read -r command rest; do
        # It hands its options, --help among them, to a program of another package.
        if [ "$command" = serve ]; then
            "$binary" help serve >/dev/null || complain "there is no 'blindsight serve'"
            continue
        fi
        "$binary" "$command" --help >.build/help.txt 2>&1 || {
            complain "'blindsight $command --help' fails"
            continue
        }
        for option in $(grep -oE -- '(^| )--[a-z-]+' <<<"$rest" || true); do
            [ "$option" = --help ] || grep -qE -- "(^|[ ,])$option([ ,]|\$)" .build/help.txt ||
                complain "'blindsight $command' has no $option: $command $rest"
        done
    done < <(shown_commands)
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

# Paths in code spans, of the project or the page's folder; a NAME in capitals stands for any.
for page in "${pages[@]}"; do
    for path in $(grep -oE '`(Sources|Tests|Scripts|Snippets|Models|Samples|Benchmarks|Notebooks)/[^` ]*`' "$page" |
        tr -d '`' | grep -v '[A-Z]\{4,\}$' | sort -u); do
        compgen -G "$path" >/dev/null || compgen -G "$(dirname "$page")/$path" >/dev/null ||
            complain "$page shows $path, which is absent"
    done
done

lines=$(wc -l <README.md)
[ "$lines" -le 150 ] || complain "README.md has $lines lines; a front page has at most 150"
# Tables, links and code have the length that they need.
for page in "${pages[@]}" CHANGELOG.md; do
    long=$(awk 'length > 120 && !/^(\||    |!)/ {print FNR; exit}' "$page")
    [ -z "$long" ] || complain "$page:$long is longer than 120 columns"
done

if grep -q MEASURED README.md; then
    echo "check-readme: README.md still has MEASURED where a figure belongs" >&2
fi
[ "$status" != 0 ] || echo "check-readme: what the README shows exists"
exit "$status"
