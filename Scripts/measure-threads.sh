#!/usr/bin/env bash
# What a second thread gains on a quiet machine, and what it costs beside a busy neighbour: the server's latency on two
# cores with one and with two threads, both alone and with one endless loop on the second core. Beside the neighbour,
# two threads should take at most 1.1 times what one takes.
#
#   measure-threads.sh [BINARY] [PLAN] [ROUNDS] [REPETITIONS]
#
# Each figure is the smallest of the medians of all rounds, since whatever else runs only adds to them.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."

binary=${1:-.build/release/blindsight}
plan=${2:-}
rounds=${3:-5}
repetitions=${4:-100}
scratch=$(mktemp -d)
neighbour=
stop() {
    [ -z "$neighbour" ] || { kill "$neighbour" && wait "$neighbour" || true; } 2>/dev/null
    neighbour=
}
trap 'stop; rm -rf "$scratch"' EXIT

if [ -z "$plan" ]; then
    "$binary" plan Models/mnist.onnx -o "$scratch/plan" >/dev/null
    plan=$scratch/plan/server.plan
fi

# Milliseconds.
latency() {
    taskset -c 0,1 "$binary" bench --plan "$plan" --threads "$1" --repetitions "$repetitions" --json 2>/dev/null |
        sed -n 's/.*"latency_ms": *\([0-9.]*\).*/\1/p'
}

for ((round = 0; round < rounds; round++)); do
    for where in quiet neighbour; do
        if [ "$where" = neighbour ]; then
            taskset -c 1 sh -c 'while :; do :; done' &
            neighbour=$!
        fi
        for threads in 1 2; do latency "$threads" >>"$scratch/$where-$threads"; done
        stop
    done
done
smallest() { sort -n "$scratch/$1" | head -n 1; }
printf 'quiet:     1 thread %7.2f ms   2 threads %7.2f ms\n' "$(smallest quiet-1)" "$(smallest quiet-2)"
printf 'neighbour: 1 thread %7.2f ms   2 threads %7.2f ms\n' "$(smallest neighbour-1)" "$(smallest neighbour-2)"
