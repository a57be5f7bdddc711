"""Where two runs differ: settings, what made them, numbers beside their spread, figures."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sticc_lib.config import flatten
from sticc_lib.reporting.numbers import show
from sticc_lib.reporting.status import Status
from sticc_lib.run import read_json

COST = re.compile(r"(^|[._])(seconds|ms|us|mib|mb|gib|fps|memory|latency|per_second)($|[._])", re.I)
"""Names of what a run took: another number each time, and no result."""
LEVEL = 0.95


@dataclass(frozen=True)
class Row:
    """One thing that differs; `""` where a run has none of it."""

    name: str
    a: str
    b: str
    note: str = ""


@dataclass(frozen=True)
class Part:
    """Things of one kind: those that differ, and how many are equal."""

    title: str
    rows: list[Row] = field(default_factory=list)
    equal: int = 0

    @property
    def noted(self) -> bool:
        """Whether anything more is said of a difference."""
        return any(row.note for row in self.rows)


@dataclass(frozen=True)
class Pair:
    """A figure that differs, or that only one of the runs has."""

    name: str
    a: Path | None
    b: Path | None


@dataclass(frozen=True)
class Differences:
    """What `sticc diff` shows.

    Attributes:
        names: of the two runs.
        settings: parameters, of the run and of its notebooks.
        made_with: code, versions, machine, data, notebooks: what can explain other numbers.
        results: metrics, fingerprints of weights, and how notebooks ended.
        costs: time and memory; they differ always.
        figures: those that are not the same picture.
        equal_figures: how many are.
    """

    names: tuple[str, str]
    settings: Part
    made_with: Part
    results: Part
    costs: Part
    figures: list[Pair]
    equal_figures: int

    @property
    def same_results(self) -> bool:
        """Whether all metrics, weights and ends are the same, bit for bit."""
        return not self.results.rows

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.settings, self.made_with, self.results, self.costs


def differences(a: Path, b: Path) -> Differences:
    """Compares two run folders.

    Raises:
        RunError: a file of theirs is damaged.
    """
    one, two = _Facts.read(a), _Facts.read(b)
    figures = {path.name for folder in (a, b) for path in folder.glob("figures/*.png")}
    figures |= {path.name for folder in (a, b) for path in folder.glob("*.png")}
    pairs = [Pair(name, _picture(a, name), _picture(b, name)) for name in sorted(figures)]
    other = [p for p in pairs if p.a is None or p.b is None or not _same(p.a, p.b)]
    return Differences(
        (a.name, b.name),
        _part("Settings", one.settings, two.settings),
        _part("Made with", one.made_with, two.made_with),
        _results(one, two),
        _part("Time and memory", one.costs, two.costs, show),
        other,
        len(pairs) - len(other),
    )


@dataclass(frozen=True)
class _Facts:
    """Of one run, flat, by what they are for."""

    settings: dict[str, Any]
    made_with: dict[str, Any]
    metrics: dict[str, float | None]
    results: dict[str, Any]
    costs: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> _Facts:
        manifest, status = _json(folder / "manifest.json"), Status.load(folder)
        every = _json(folder / "metrics.json")
        metrics = {name: value for name, value in every.items() if not COST.search(name)}
        settings = {**manifest.get("identity", {}), **flatten(manifest.get("parameters", {})),
                    **flatten({"compare": manifest.get("tables", {})})}  # fmt: skip
        settings = {k: v for k, v in settings.items() if ".overrides." not in k}  # said already
        groups = ("versions", "machine", "data", "notebooks")
        with_ = {"python": manifest.get("python"), "commit": str(manifest.get("commit") or "")[:12],
                 "uncommitted changes": manifest.get("diff"),
                 **{name: manifest.get(name, {}) for name in groups}}  # fmt: skip
        ends = {f"{stem} ended": verdict.ended for stem, verdict in status.notebooks.items()}
        weights = {f"weights {name}": held for name, held in manifest.get("weights", {}).items()}
        costs = {name: value for name, value in every.items() if name not in metrics}
        names = ("seconds", "peak_mib", "largest_child_peak_mib")
        costs |= {f"run.{name}": manifest[name] for name in names if name in manifest}
        return cls(settings, flatten(with_), metrics, {**weights, **ends}, costs)


def _results(one: _Facts, two: _Facts) -> Part:
    spreads = {n for f in (one, two) for n in _spread_names(f.metrics)}
    parts = [f"{name}.{end}" for name in spreads for end in ("mean", "std", "runs")]
    plain = [{k: v for k, v in f.metrics.items() if k not in parts} for f in (one, two)]
    part = _part("Results", one.results | plain[0], two.results | plain[1], _number, _change)
    rows, equal = list(part.rows), part.equal
    for name in sorted(spreads):
        a, b = (tuple(f.metrics.get(f"{name}.{end}") for end in ("mean", "std", "runs"))
                for f in (one, two))  # fmt: skip
        if a == b:
            equal += 1
            continue
        digits = show if show(a[0]) != show(b[0]) else _number
        rows.append(Row(name, _spread(a, digits), _spread(b, digits), judged(a, b)))
    return Part(part.title, rows, equal)


def judged(a: tuple[Any, ...], b: tuple[Any, ...]) -> str:
    """Whether two means differ by more than their runs do: (mean, std, runs) each.

    CHOICE: Welch's t interval at 95 %: runs of different seeds, few of them, of unequal spread.
    Many metrics are compared at once; one in twenty would fall outside by chance.
    """
    if None in (a[0], b[0]):
        return ""
    change = b[0] - a[0]
    words = _signed(change)
    if None in (*a, *b) or min(a[2], b[2]) < 2:
        return f"{words}; one run, no spread to judge it by"
    parts = [held[1] ** 2 / held[2] for held in (a, b)]
    error = math.sqrt(sum(parts))
    if error == 0:
        return f"{words}; outside the spread (which is 0)" if change else ""
    from scipy.stats import t  # type: ignore[import-untyped]

    freedom = error**4 / sum(p**2 / (h[2] - 1) for p, h in zip(parts, (a, b), strict=True))
    limit = float(t.ppf((1 + LEVEL) / 2, freedom)) * error
    where = "within" if abs(change) <= limit else "outside"
    return f"{words}; {where} the spread over seeds (±{show(limit)})"


def _spread_names(metrics: Mapping[str, Any]) -> list[str]:
    means = [name.removesuffix(".mean") for name in metrics if name.endswith(".mean")]
    return [name for name in means if f"{name}.runs" in metrics]


def _spread(held: tuple[Any, ...], text: Callable[[Any], str]) -> str:
    mean, std, runs = held
    if mean is None:
        return ""
    return f"{text(mean)} ± {show(std)} ({runs} runs)" if std is not None else text(mean)


def _part(
    title: str,
    a: Mapping[str, Any],
    b: Mapping[str, Any],
    text: Callable[[Any], str] = lambda value: "" if value is None else str(value),
    note: Callable[[Any, Any], str] = lambda a, b: "",
) -> Part:
    names = [*a, *(name for name in b if name not in a)]
    differ = [n for n in names if n not in a or n not in b or a[n] != b[n]]
    rows = []
    for n in differ:
        one, two = (text(side[n]) if n in side else "" for side in (a, b))
        if one == two and n in a and n in b:  # they differ beyond the digits that are shown
            one, two = repr(a[n]), repr(b[n])
        rows.append(Row(n, one, two, note(a.get(n), b.get(n))))
    return Part(title, rows, len(names) - len(differ))


def _number(value: Any) -> str:
    """Every digit: two numbers that differ must not look the same."""
    return str(value) if isinstance(value, str) else "–" if value is None else f"{value:.9g}"


def _change(a: Any, b: Any) -> str:
    both = isinstance(a, (int, float)) and isinstance(b, (int, float))
    return _signed(b - a) if both else ""


def _signed(change: float) -> str:
    return f"{change:+.3g}"


def _picture(folder: Path, name: str) -> Path | None:
    return next((p for p in (folder / "figures" / name, folder / name) if p.is_file()), None)


def _same(a: Path, b: Path) -> bool:
    return a.stat().st_size == b.stat().st_size and a.read_bytes() == b.read_bytes()


def _json(path: Path) -> dict[str, Any]:
    return read_json(path) if path.exists() else {}
