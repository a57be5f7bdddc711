"""The short table of what was measured against a target, from results.json, as Markdown.

python benchmarks/table.py       prints it; `make bench` writes it to results/table.md
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sticc_lib.run import read_json

RESULTS = Path(__file__).parent / "results" / "results.json"
SHORT = (
    "ranking.mars.compiled", "ranking.large.compiled", "ranking.10000x100000.extra",
    "rerank.given_distances.5000", "rerank.from_features.5000", "embedding.ours",
    "embedding.ours.no_grad", "embedding.compiled", "embedding.accuracy.bf16.mAP",
    "embedding.head", "training.resnet18.whole", "training.resnet18.last_block", "loader.files",
    "loader.raw_pack",
)  # fmt: skip
"""Figures of the table in docs/speed.md, in this order."""


def short(results: dict[str, dict[str, Any]]) -> str:
    """The table of SHORT."""
    return markdown({name: results[name] for name in SHORT if name in results}, every=True)


def markdown(results: dict[str, dict[str, Any]], every: bool = False) -> str:
    """A row a figure, in the given order; only those with a target unless `every`."""
    rows = ["| figure | measured | target |", "|---|---|---|"]
    for name, found in results.items():
        wanted = target(found)
        if wanted is not None or every:
            said = measured(found).replace("|", "\\|")
            rows.append(f"| `{name}` | {said} | {wanted or ''} |")
    return "\n".join(rows) + "\n"


def measured(found: dict[str, Any]) -> str:
    """The ratio with both sides, or the value with its unit."""
    if "ratio" in found:
        sides = f"{found['ours']:,.4g} against {found['other']:,.4g} {found['unit']}"
        return f"{found['ratio']:.2f}x as fast as {found['over']} ({sides})"
    return f"{found['value']:,.3g} {found['unit']}"


def target(found: dict[str, Any]) -> str | None:
    """`>= 3x`, with MISSED where it was; None without one."""
    if found.get("target") is not None:
        return _said(f"≥ {found['target']:g}x", found["ratio"] >= found["target"])
    if "most" in found:
        return _said(f"≤ {found['most']:g}", found["value"] <= found["most"])
    if "least" in found:
        return _said(f"≥ {found['least']:g}", found["value"] >= found["least"])
    return None


def _said(limit: str, reached: bool) -> str:
    return limit if reached else f"{limit}, **missed**"


if __name__ == "__main__":
    print(short(read_json(RESULTS)["results"]), end="")
