# SPDX-License-Identifier: Apache-2.0
"""The service on loopback against its OpenAPI description, by schemathesis: data that fit it, and data that don't.

    .build/python/bin/python Service/tests/schema.py [EXAMPLES]

What is left out: that whatever fits the description is taken. A body of random bytes fits, and is no ciphertext.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from calls import put_keys
from conftest import ROOT, Service, bs, resident, write_tenants


def main():
    examples = sys.argv[1] if len(sys.argv) > 1 else "60"
    from sklearn.linear_model import LogisticRegression

    samples = np.random.default_rng(1).normal(size=(400, 6)).astype(np.float32)
    model = LogisticRegression().fit(samples, samples[:, 0] > 0.1)
    folder = Path(tempfile.mkdtemp())
    plan = bs.compile(model, calibration=samples, method="slots", function_privacy=0)
    plan.save(folder / "models/score")
    token = write_tenants(folder / "tenants.json", {"ward": {}})["ward"]
    service = Service(folder, bodySeconds=5)
    client = bs.Client(plan.client)
    before = resident(service.process.pid)
    status = 0
    # Whatever the description lets through, then addresses of what is there.
    for known in (False, True):
        run = folder / f"known-{known}"
        run.mkdir()
        if known:
            digest = put_keys(service, client, "score", token)
            (run / "schemathesis.toml").write_text(
                '[parameters]\n"path.model" = "score"\n"query.model" = "score"\n"path.version" = "1"\n'
                f'"path.digest" = "{digest}"\n')
        status |= subprocess.call([
            ROOT / ".build/python/bin/schemathesis", "run", ROOT / "Service/openapi.yaml", "--url", service.url,
            "--header", f"Authorization: Bearer {token}", "--checks", "all",
            "--exclude-checks", "positive_data_acceptance", "--max-examples", examples, "--seed", "1",
            "--request-timeout", "20", "--no-color", "--warnings", "off"], cwd=run)
    grown = resident(service.process.pid) - before
    assert service.call("GET", "/v2/health/ready")[0] == 200
    assert service.stop() == 0
    print(f"memory grew by {grown:.0f} MB")
    return status or grown > 100


if __name__ == "__main__":
    sys.exit(main())
