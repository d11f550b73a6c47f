# SPDX-License-Identifier: Apache-2.0
"""A plan's report for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._plan import Plan

_SHOWN = (
    ("method", "method", ""),
    ("samples_per_group", "samples a group", ""),
    ("security_bits", "security", "bits"),
    ("function_privacy_bits", "function privacy", "bits"),
    ("range_bits", "range of outputs", "bits"),
    ("range_margin_bits", "range margin", "bits"),
    ("estimated_ms", "a group on one core (estimate)", "ms"),
    ("request_bytes", "request", "bytes"),
    ("reply_bytes", "reply", "bytes"),
    ("evaluation_key_bytes", "evaluation keys, once", "bytes"),
    ("server_memory_bytes", "server memory (estimate)", "bytes"),
)


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return escape(str(value))
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    titles = "".join(f"<th style='text-align:left'>{escape(title)}</th>" for title in head)
    lines = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>"


def _share(value: Any) -> str:
    return "-" if value is None else f"{100 * value:.2f} %"


def page(plan: Plan) -> str:
    """HTML; whatever comes from the model's file is escaped. Plots are pictures, in which no script runs."""
    import base64

    report = plan.report
    proven = "certified for every input in the box" if report.get("certified") else "NOT certified"
    parts = [f"<b>Plan {escape(plan.client.digest[:16])}</b>: {proven} ({escape(str(report.get('bound_method')))})"]
    quantization = report.get("quantization")
    if quantization:
        rows = [
            [
                escape(str(stage["name"])),
                _share(stage.get("accuracy")),
                _share(stage.get("same_decision")),
                _share(stage.get("error")),
            ]
            for stage in quantization["stages"]
        ]
        parts.append(_table(["", "accuracy", "same decision", "error (of the deviation)"], rows))
        for warning in quantization["judgement"].get("warnings", ()):
            parts.append(f"<p><b>Warning:</b> {escape(str(warning))}</p>")
    rows = [
        [escape(title), f"{_number(report[key])} {unit}"] for key, title, unit in _SHOWN if report.get(key) is not None
    ]
    parts.append(_table(["", ""], rows))
    for plot in report.get("plots", ()):
        data = base64.b64encode(str(plot["svg"]).encode()).decode()
        parts.append(
            f"<img alt='{escape(str(plot['name']), quote=True)}' style='max-width:45%' "
            f"src='data:image/svg+xml;base64,{data}'>"
        )
    parts.append(f"<pre>{escape(plan._learned)}</pre>")
    return "\n".join(parts)
