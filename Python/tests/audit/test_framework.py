# SPDX-License-Identifier: Apache-2.0
"""The audit's framework: findings, rows, endpoints, results, reports; the twin against its integers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnx")
pytest.importorskip("matplotlib")

import blindsight as bs  # noqa: E402
from blindsight.audit import Expected, Finding, Row, SimulatedEndpoint, register, report, rows, wilson  # noqa: E402
from blindsight.audit.endpoint import OnlyLabels, Recorder  # noqa: E402
from blindsight.audit.models import polynomial_network, serve, subject  # noqa: E402
from blindsight.audit.runner import Results, run_row, run_rows, status  # noqa: E402
from blindsight.audit.twin import NoTwin, Twin  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def digits() -> Any:
    return subject("digits")


def test_twin_is_the_integer_network(digits: Any) -> None:
    twin, endpoint = Twin(digits.plan), digits.endpoint()
    random = np.random.default_rng(1)
    # Beyond the box, too, where clients clamp; and at the halves where they round.
    wild = random.uniform(-0.3, 1.3, (300, 64)).astype(np.float32)
    halves = (random.integers(0, 254, (300, 64)) / 252).astype(np.float32)
    for x in (digits.data.test_x, wild, halves):
        with torch.no_grad():
            found = twin.integers(torch.as_tensor(x)).numpy()
        assert np.array_equal(found, endpoint.scores(x))


def test_twin_of_convolutions() -> None:
    plan = bs.compile(ROOT / "Models/mnist.onnx", method="slots", function_privacy=0)
    x = np.random.default_rng(2).uniform(0, 255, (40, 1, 28, 28)).astype(np.float32)
    with torch.no_grad():
        found = Twin(plan).integers(torch.as_tensor(x)).numpy()
    assert np.array_equal(found, plan.simulate(x).logits)


def test_twin_has_gradients(digits: Any) -> None:
    twin = Twin(digits.plan).soften(digits.data.train_x[:200])
    x = torch.as_tensor(digits.data.test_x[:20]).requires_grad_(True)
    twin(x).logsumexp(dim=1).sum().backward()
    assert float(x.grad.abs().max()) > 0
    top = twin(x.detach()).topk(2, dim=1).values
    assert 1 < float((top[:, 0] - top[:, 1]).median()) < 25


def test_twin_refuses_what_it_is_not_exact_for(digits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).uniform(0, 1, (300, 16)).astype(np.float32)
    deep = serve(polynomial_network((16, 8, 8, 2), 0), x, bits=5)
    with pytest.raises(NoTwin, match="weights or biases"):
        Twin(deep)
    # The bound itself: as if doubles had fewer bits than this network's sums.
    bound = Twin(digits.plan).bound
    monkeypatch.setattr("blindsight.audit.twin._EXACT", bound)
    with pytest.raises(NoTwin, match="its integers"):
        Twin(digits.plan)
    monkeypatch.setattr("blindsight.audit.twin._EXACT", bound * 1.01)
    Twin(digits.plan)
    trees = bs.compile(ROOT / "Models/digits-trees.onnx", subject("digits").data.train_x[:300] * 16, trees="thresholds")
    with pytest.raises(NoTwin):
        Twin(trees)


def test_endpoints_count_and_refuse(digits: Any) -> None:
    endpoint = digits.endpoint(only_labels=True)
    assert endpoint.labels(digits.data.test_x[:7]).shape == (7,)
    assert endpoint.queries == 7 and endpoint.cost_seconds > 0
    with pytest.raises(OnlyLabels):
        endpoint.scores(digits.data.test_x[:1])
    assert endpoint.queries == 7


def test_encrypted_and_simulated_findings_are_the_same(digits: Any) -> None:
    pytest.importorskip("art")
    row: Any = next(row for row in rows("evasion") if row.name == "fgsm")
    row = type(row)()
    row.count = 60
    found = [run_row(row, digits, kind=kind) for kind in ("simulated", "encrypted")]
    encrypted = found[0].details.pop("encrypted")
    assert encrypted["queries"] == encrypted["same"] == 100
    assert found[0].value == found[1].value and found[0].details == found[1].details
    assert found[0].queries == found[1].queries > 100


def test_recorder_notices_a_difference(digits: Any) -> None:
    with Recorder(5) as recorder:
        digits.endpoint().labels(digits.data.test_x[:50])
    assert recorder.seen == 50 and recorder.compare()["same"] == 5
    plan, sample, logits = recorder.kept[0]
    recorder.kept[0] = (plan, sample, logits + 1)
    assert recorder.compare()["same"] == 4


def test_wilson() -> None:
    low, high = wilson(45, 50)
    assert low == pytest.approx(0.7864, abs=1e-4) and high == pytest.approx(0.9565, abs=1e-4)
    assert wilson(0, 10)[0] == 0 and wilson(10, 10)[1] == 1
    with pytest.raises(ValueError):
        wilson(3, 2)


def test_findings_as_json() -> None:
    finding = Finding("a", "m", 0.5, (0.4, 0.6), 1.0, 3, {"x": [1]}, [("p", b"\x89PNG")], 0.2, "r")
    assert Finding.from_json(json.loads(json.dumps(finding.to_json()))) == finding
    with pytest.raises(ValueError):
        Finding("a", "m", float("nan"))
    with pytest.raises(ValueError):
        Finding("a", "m", 0.0, risk=1.5)


class _Row(Row):
    group, paper, threat, budget, headline, metric = "evasion", "p", "t", "b", "h", "m"
    expected = Expected(0.5)

    def __init__(self, name: str, value: float, risk: float = 0.5) -> None:
        self.name, self.value, self.risk, self.runs = name, value, risk, 0

    def run(self, endpoint: Any, data: Any, seed: int = 0) -> Finding:
        self.runs += 1
        if self.value < 0:
            raise RuntimeError("it fails")
        return Finding(self.name, self.metric, self.value, risk=self.risk, remedy="<do this>")


def test_register_refuses() -> None:
    with pytest.raises(TypeError, match="headline"):
        register(type("Half", (), {"name": "x", "group": "evasion", "paper": "", "threat": "", "budget": ""}))


def test_results_are_kept_and_resumed(tmp_path: Path) -> None:
    results = Results(tmp_path)
    first, second, third = _Row("a", 0.5), _Row("b", 0.4), _Row("c", -1)
    findings, failed = run_rows([first, third], results, say=lambda _: None)
    assert [finding.row for finding in findings] == ["a"] and "it fails" in failed["c"]
    with (tmp_path / "evasion.jsonl").open("a") as file:
        file.write('{"row": "b", "met')  # killed while it wrote
    findings, _ = run_rows([first, second], results, say=lambda _: None)
    assert [finding.row for finding in findings] == ["a", "b"] and (first.runs, second.runs) == (1, 1)
    run_rows([first], results, seed=1, say=lambda _: None)
    assert first.runs == 2
    lines = (tmp_path / "evasion.jsonl").read_text().splitlines()
    assert len(lines) == 3
    (tmp_path / "evasion.jsonl").write_text("\n".join([lines[0], lines[1][:20], lines[2], ""]))
    with pytest.raises(bs.InvalidArgument, match="line 2"):
        Results(tmp_path).read()


def test_status() -> None:
    assert status(_Row("a", 0), Finding("a", "m", 0.53)) == "reproduced"
    assert status(_Row("a", 0), Finding("a", "m", 0.54)) == "missed"
    row = _Row("a", 0)
    row.expected = Expected(0.5, 0.0, False)
    assert status(row, Finding("a", "m", 0.9)) == "shown"


def test_table_and_report(tmp_path: Path) -> None:
    made = [_Row("low", 0.5, 0.1), _Row("high", 0.52, 0.9)]
    page = tmp_path / "page.md"
    page.write_text("no place")
    with pytest.raises(bs.FileError):
        report.write_table(page, made, {})
    page.write_text(f"before\n{report._BEGIN}\nold\n{report._END}\nafter\n")
    findings, _ = run_rows(made, say=lambda _: None)
    report.write_table(page, made, {findings[1].row: findings[1]})
    text = page.read_text()
    assert "not run" in text and "reproduced" in text and "old" not in text and text.endswith("after\n")
    report.write_table(page, made, {})
    assert page.read_text() == text  # what was measured stays
    report.write(tmp_path / "audit.html", "T", made, findings, {"other": "because"}, "head")
    html = (tmp_path / "audit.html").read_text()
    assert html.index('id="high"') < html.index('id="low"') and "&lt;do this&gt;" in html and "because" in html
    assert "http:" not in html and "https:" not in html and "<script" not in html
    assert [each["row"] for each in json.loads((tmp_path / "audit.json").read_text())["findings"]] == ["high", "low"]


def test_data_of_an_audit(tmp_path: Path) -> None:
    good = {"x": np.zeros((4, 2, 2)), "y": np.array([0, 1, 0, 1])}
    np.savez(tmp_path / "good.npz", **good)
    name = str(tmp_path / "good.npz")
    assert report.load_data("n", name, name, (4,)).train_x.shape == (4, 4)
    for change in (
        {"y": np.zeros(4)},
        {"x": np.full((4, 4), np.nan)},
        {"x": np.zeros((4, 5))},
        {"y": np.zeros(3, int)},
    ):
        np.savez(tmp_path / "bad.npz", **{**good, **change})
        with pytest.raises(bs.DataError):
            report.load_data("n", name, str(tmp_path / "bad.npz"), (4,))
    with pytest.raises(bs.FileError):
        report.load_data("n", name, str(tmp_path / "none.npz"), (4,))


def test_audit_of_a_plan(digits: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command, with two rows: one that fits, one that doesn't."""
    from blindsight.audit.__main__ import main

    fits, other = _Row("fits", 0.5, 0.9), _Row("other", 0.5)
    fits.audits = other.audits = True
    monkeypatch.setattr(other, "applies", lambda endpoint, data: "no images", raising=False)
    monkeypatch.setattr(report, "rows", lambda: [fits, other])
    digits.plan.save(tmp_path / "plan")
    data = digits.data
    for name, x, y in (("train", data.train_x, data.train_y), ("test", data.test_x, data.test_y)):
        np.savez(tmp_path / f"{name}.npz", x=x, y=y)
    files = ["--data", str(tmp_path / "train.npz"), "--test", str(tmp_path / "test.npz")]
    command = [str(tmp_path / "plan"), *files, "--report", str(tmp_path / "audit.html"), "--results", str(tmp_path)]
    assert main(command) == 0 and main(command) == 0
    assert (fits.runs, other.runs) == (1, 0)
    text = (tmp_path / "audit.txt").read_text()
    assert "0.90  fits" in text and "not run: other: no images" in text and "96." in text
    assert main(command[:-4]) == 1


def test_rows_are_there() -> None:
    pytest.importorskip("art")
    pytest.importorskip("foolbox")
    names = {row.name for row in rows()}
    from blindsight.audit.evasion.table import TABLE as evasion
    from blindsight.audit.poisoning.table import TABLE as poisoning

    assert set(evasion) | set(poisoning) <= names
    assert {"fgsm", "hopskipjump", "backdoor"} <= {row.name for row in rows(quick=True)}
    assert isinstance(SimulatedEndpoint, type)
