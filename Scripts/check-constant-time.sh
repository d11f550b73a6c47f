#!/usr/bin/env bash
# Keys, errors and messages must change neither the instructions that a client executes nor the addresses that it
# reads and writes: traces of both, by valgrind, must be equal to the last line for different secrets.
# Usage: Scripts/check-constant-time.sh [paths of probes: ClientProbe, PaillierProbe]; KERNELS="portable avx2" picks the paths.
# valgrind knows no AVX-512: docs/ThreatModel.md says what is done about that path.
set -euo pipefail
cd "$(dirname "$0")/.."
probes=("$@")
[ $# != 0 ] || probes=(.build/release/ClientProbe .build/release/PaillierProbe)
command -v valgrind >/dev/null || { echo "check-constant-time: valgrind is absent" >&2; exit 1; }
for probe in "${probes[@]}"; do
    [ -x "$probe" ] || swift build -c release --product "$(basename "$probe")"
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Random hash seeds and addresses would differ between any two runs; the rest of the environment is left out.
trace() {
    env -i PATH="$PATH" SWIFT_DETERMINISTIC_HASHING=1 BLINDSIGHT_KERNELS="$1" \
        setarch -R valgrind --tool=lackey --trace-mem=yes --log-fd=9 "$scratch/probe" trace "$2" \
        9>&1 >/dev/null 2>&1 | sed -n -e '/^==/d' -e "/^I  $main,/,\$p"
}

status=0
for probe in "${probes[@]}"; do
    # valgrind gives up on debug information that it can't read.
    strip --strip-debug -o "$scratch/probe" "$probe"
    # Where valgrind puts the probe's main; before it the loader reads what the kernel drew for the process.
    main=$(printf '%08x' $((0x108000 + 0x$(nm "$probe" | awk '$3 == "main" {print $1}'))))
    for kernels in ${KERNELS:-portable avx2}; do
        first=
        for secrets in 1 2; do
            mkfifo "$scratch/lines"
            wc -l <"$scratch/lines" >"$scratch/count" &
            counter=$!
            sum=$(trace "$kernels" "$secrets" | tee "$scratch/lines" | sha256sum | cut -d' ' -f1)
            wait "$counter"
            rm "$scratch/lines"
            : "${first:=$sum}"
            echo "$(basename "$probe"), $kernels, secrets $secrets: $(cat "$scratch/count") lines, SHA-256 ${sum:0:16}"
            # A trace that never reached main has few lines.
            [ "$sum" = "$first" ] && [ "$(cat "$scratch/count")" -gt 1000000 ] || status=1
        done
    done
done
[ "$status" = 0 ] || { echo "check-constant-time: traces differ" >&2; exit 1; }
echo "check-constant-time: the same instructions and addresses for all secrets"
