#!/usr/bin/env bash
# Runs a wheel where nothing of Swift is: in a folder that holds a Python, numpy and the C library, as root of its file
# system. It plans, encrypts, predicts and decrypts there, in Python and by the command line.
# Usage: Scripts/test-wheel.sh WHEEL
set -euo pipefail
cd "$(dirname "$0")/.."
wheel=$1
environment=.build/python
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# The system's Python where it is there: in one place, and with nothing beside it that knows of this machine.
python=$("$environment/bin/python" -c 'import os, sys; print(os.path.realpath(sys.executable))')
library=$("$environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
prefix=$("$environment/bin/python" -c 'import sys; print(sys.base_prefix)')
packages=$("$environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

copy() {
    mkdir -p "$root$(dirname "$1")"
    cp -L "$1" "$root$1"
}
# A program or library, and all that it needs.
copy_with_libraries() {
    copy "$1"
    local file
    for file in $(ldd "$1" 2>/dev/null | grep -oE '/[^ ]+' || true); do
        [ -e "$root$file" ] || copy "$file"
    done
}
copy_with_libraries "$python"
mkdir -p "$root$library" "$root/site" "$root/tmp" "$root/work" "$root/proc" "$root/dev"
tar -C "$library" --exclude=site-packages --exclude=test --exclude='__pycache__' -cf - . | tar -C "$root$library" -xf -
while read -r extension; do copy_with_libraries "$extension"; done < <(find "$library/lib-dynload" -name '*.so')
cp -R "$packages"/numpy "$packages"/numpy*.libs "$root/site/" 2>/dev/null || cp -R "$packages/numpy" "$root/site/"
# What numpy and the wheel take from the system.
for name in libstdc++.so.6 libgcc_s.so.1 libm.so.6 libz.so.1 libpthread.so.0 libdl.so.2; do
    file=$(ldconfig -p 2>/dev/null | awk -v n="$name" '$1 == n {print $NF; exit}')
    [ -z "$file" ] || [ -e "$root$file" ] || copy "$file"
done
[ ! -e /lib64 ] || { mkdir -p "$root/lib64" && cp -L /lib64/ld-linux-*.so.* "$root/lib64/"; }
"$environment/bin/python" -m zipfile -e "$wheel" "$root/site"
cp Models/mnist.onnx Samples/digits-images-idx3-ubyte Samples/digits-labels-idx1-ubyte "$root/work/"
cat >"$root/work/check.py" <<'PYTHON'
import os, sys
assert not os.path.exists("/opt/swift") and not os.path.exists("/usr/bin/swift")
import numpy as np
import blindsight as bs

images = np.frombuffer(open("/work/digits-images-idx3-ubyte", "rb").read(), np.uint8, offset=16).reshape(-1, 28, 28)
labels = np.frombuffer(open("/work/digits-labels-idx1-ubyte", "rb").read(), np.uint8, offset=8)
plan = bs.compile("/work/mnist.onnx")
with bs.Client(plan.client) as client:
    server = bs.PreparedModel(plan).server(client.evaluation_keys)
    found = client.decrypt(server.predict(client.encrypt(images[:3])))
assert (found.labels == labels[:3]).all(), found
assert (found.logits == plan.simulate(images[:3]).logits).all()
print("test-wheel: without Swift, it plans, encrypts, predicts and decrypts:", found)
PYTHON
# chroot needs root, or a user's name space of its own.
inside=(chroot "$root")
[ "$(id -u)" = 0 ] || inside=(unshare --user --map-root-user chroot "$root")
run() {
    env -i HOME=/tmp PATH=/none PYTHONHOME="$prefix" PYTHONPATH=/site PYTHONDONTWRITEBYTECODE=1 \
        LD_LIBRARY_PATH="$prefix/lib" "$(command -v "${inside[0]}")" "${inside[@]:1}" "$python" "$@"
}
run /work/check.py
run -m blindsight plan /work/mnist.onnx --method slots -o /work/plan >/dev/null
run -m blindsight inspect /work/plan/client.plan | head -n 3
