"""Horizontal bars on a logarithmic axis, as SVG."""

import math
from html import escape

from .markdown import OPERATIONS, time

DEGREE = 8192
SHOWN = [
    "multiply_relinearize", "square_relinearize", "relinearize", "rotate", "rotate_hoisted",
    "modulus_switch", "plaintext_multiply", "encrypt_symmetric", "decrypt",
]
COLORS = {
    "Blindsight": "#0b6e4f", "SEAL": "#d98e04", "OpenFHE BFV": "#7a8ca5",
    "OpenFHE BGV": "#b9c4d3", "TenSEAL": "#d98e04",
}
WIDTH, LEFT, RIGHT, TOP = 860, 190, 90, 84
BAR, GAP = 13, 14


def shown(results):
    return [tool for tool in results.tools() if tool in COLORS]


def groups(results):
    """(title, [(label, color, microseconds)]) from top to bottom."""
    first = [("Blindsight", COLORS["Blindsight"], results.prediction(1) * 1e3)]
    if results.network():
        first.append(("TenSEAL", COLORS["TenSEAL"], results.network() * 1e3))
    out = [("MNIST prediction", first)]
    words = dict(OPERATIONS)
    for operation in SHOWN:
        bars = [
            (tool, COLORS[tool], results.microseconds(tool, DEGREE, operation))
            for tool in shown(results)
        ]
        bars = [bar for bar in bars if bar[2]]
        if bars:
            out.append((words[operation], bars))
    return out


def text(x, y, content, anchor="start", size=12, color="#333", weight="normal"):
    """The text twice: a white halo, then itself. Not every renderer knows paint-order."""
    start = f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
    start += f'font-weight="{weight}" '
    end = f">{escape(content)}</text>"
    halo = f'{start}fill="white" stroke="white" stroke-width="3"{end}'
    return halo + "\n" + f'{start}fill="{color}"{end}'


def svg(results, subtitle):
    all_groups = groups(results)
    times = [bar[2] for _, bars in all_groups for bar in bars]
    low = math.floor(math.log10(min(times)))
    high = math.ceil(math.log10(max(times)))
    plot = WIDTH - LEFT - RIGHT

    def x(microseconds):
        return LEFT + plot * (math.log10(microseconds) - low) / (high - low)

    height = TOP + sum(BAR * len(bars) + GAP for _, bars in all_groups) + 34
    bottom = height - 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="Helvetica, Arial, sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        text(16, 26, f"Time on one core, N = {DEGREE}; shorter is better", size=16, weight="bold"),
        text(16, 45, subtitle, size=11, color="#666"),
    ]
    at = LEFT
    for name in shown(results):
        parts.append(f'<rect x="{at}" y="58" width="11" height="11" fill="{COLORS[name]}"/>')
        label = name + (" (prediction: TenSEAL, CKKS)" if name == "SEAL" else "")
        parts.append(text(at + 16, 68, label))
        at += 40 + 6.8 * len(label)
    for power in range(low, high + 1):
        place = x(10**power)
        parts.append(
            f'<line x1="{place:.1f}" y1="{TOP - 6}" x2="{place:.1f}" y2="{bottom}" '
            'stroke="#ddd" stroke-width="1"/>'
        )
        parts.append(text(place, bottom + 18, _tick(power), "middle", 11, "#666"))
    y = TOP
    for title, bars in all_groups:
        middle = y + BAR * len(bars) / 2
        parts.append(text(LEFT - 10, middle + 4, title, "end"))
        for label, color, microseconds in bars:
            end = x(microseconds)
            parts.append(
                f'<rect x="{LEFT}" y="{y}" width="{end - LEFT:.1f}" height="{BAR - 2}" '
                f'fill="{color}"><title>{escape(label)}</title></rect>'
            )
            weight = "bold" if label == "Blindsight" else "normal"
            parts.append(text(end + 5, y + BAR - 4, time(microseconds), size=10.5, weight=weight))
            y += BAR
        y += GAP
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _tick(power):
    for unit, digits in (("s", 6), ("ms", 3)):
        if power >= digits:
            return f"{10 ** (power - digits)} {unit}"
    return f"{10.0**power:g} µs"
