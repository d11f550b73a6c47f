# SPDX-License-Identifier: Apache-2.0
# What the build scripts of the workloads share; they name the checkout in `root`. BLINDSIGHT_BINARY, if set, is the
# command line to run.

binary=${BLINDSIGHT_BINARY:-$root/.build/release/blindsight}
[ -x "$binary" ] || {
    echo "build: $binary is absent; run 'make build' in $root first" >&2
    exit 1
}

# make_adapter: official-adapter, from its sources where they are newer. It needs no package: it imports nothing.
make_adapter() {
    local sources=$root/Benchmarks/official/adapter adapter=$root/.build/official/official-adapter
    if [ ! -x "$adapter" ] || [ -n "$(find "$sources" -newer "$adapter" -name '*.swift')" ]; then
        mkdir -p "${adapter%/*}"
        swiftc -O -swift-version 6 -parse-as-library -module-name OfficialAdapter "$sources"/*.swift -o "$adapter"
    fi
    cp "$adapter" "$build/"
}

# make_build FOLDER: an empty one, with the adapter and where things are.
make_build() {
    build=$1
    rm -rf "$build"
    mkdir -p "$build"
    make_adapter
    printf '%s\n' "blindsight='$binary'" "adapter='$build/official-adapter'" >"$build/settings"
}

# make_plan NAME MODEL OPTIONS...: plans/NAME, with the function privacy that was asked for.
make_plan() {
    local name=$1 model=$2
    shift 2
    local privacy=${BLINDSIGHT_PRIVACY:-0}
    [ "$privacy" = default ] || set -- "$@" --function-privacy "$privacy"
    "$binary" plan "$model" "$@" -o "$build/plans/$name" >"$build/plan-$name.txt"
    echo "planned $name: $(sed -n '1p' "$build/plan-$name.txt")"
}

# make_steps SCRIPT NAME...: the script under each name.
make_steps() {
    local script=$1 name
    shift
    for name; do
        cp "$script" "$build/$name"
        chmod 755 "$build/$name"
    done
}
