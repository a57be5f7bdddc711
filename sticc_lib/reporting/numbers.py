"""Dotted metrics as tables: which row, which column, how a number is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

HIGHER = ("rank1", "rank5", "rank10", "rank20", "mAP", "mINP", "frame_mAP", "visit_rank1", "auc")
"""Measures of which more is better, in the order columns are shown."""
TITLES = {"rank1": "rank-1", "rank5": "rank-5", "rank10": "rank-10", "rank20": "rank-20"}
TITLES |= {"visit_rank1": "visit rank-1", "pets": "PETS"}
MANY = 6
Value = tuple[float | None, str]
"""A number and how it is written."""
NONE: Value = (None, "")


@dataclass(frozen=True)
class Cell:
    text: str
    share: str = ""
    """Length of the bar behind it, `61.2%`; empty for no bar."""
    best: bool = False
    edge: bool = False
    """First of a group of columns."""


@dataclass(frozen=True)
class Row:
    name: str
    cells: list[Cell]


@dataclass(frozen=True)
class Table:
    """`groups`: (prefix, column titles); the prefix of a plain column is empty."""

    title: str
    groups: list[tuple[str, list[str]]]
    rows: list[Row]

    @property
    def grouped(self) -> bool:
        return any(name for name, _ in self.groups)


def tables(metrics: Mapping[str, float | None]) -> list[Table]:
    """Every number in a table.

    `evaluation.walkers.sticc.heavy.rank1` stands in the table `evaluation, walkers`, in the row
    `sticc`, under `heavy` in the column `rank1`. Other names are split as table, row, column.
    `.mean`, `.std` and `.runs` of one name share a cell.
    """
    held: dict[str, dict[str, dict[str, Value]]] = {}
    for name, value in _spreads(metrics).items():
        table, row, column = _place(name)
        held.setdefault(table, {}).setdefault(row, {})[column] = value
    return [_table(title, held[title]) for title in sorted(held, key=_first)]


def key_numbers(runs: Iterable[Mapping[str, float]]) -> list[str]:
    """The names worth a column in the table of runs: STICC's, whole sets, of any run."""
    names = {
        name
        for metrics in runs
        for name in metrics
        if name.startswith("evaluation.") and name.count(".") == 3 and name.split(".")[2] == "sticc"
    }
    kept = [name for name in names if name.rpartition(".")[2] in ("rank1", "mAP", "frame_mAP")]
    return sorted(kept, key=lambda name: (_first(name.rsplit(".", 2)[0]), _order(name)[2]))[:MANY]


def key_title(name: str) -> str:
    """`rank-1, walkers (synthetic)` for `evaluation.walkers.sticc.rank1`."""
    _, data, _, measure = name.split(".")
    return f"{column_title(measure)}, {column_title(data)}"


def show(value: float | None) -> str:
    """Three decimals below 10, no more digits than a reader needs above, a dash for no number."""
    if value is None or value != value:
        return "–"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    if value and abs(value) < 5e-4:
        return f"{value:.1e}"
    if abs(value) < 10:
        return f"{value:.3f}"
    return f"{value:,.1f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def column_title(name: str) -> str:
    """How a part of a dotted name reads; what is drawn is called synthetic."""
    text = TITLES.get(name, name.replace("_", " "))
    return f"{text} (synthetic)" if name.startswith("walkers") else text


def _spreads(metrics: Mapping[str, float | None]) -> dict[str, Value]:
    values = {name: (value, show(value)) for name, value in metrics.items()}
    for name in [n.removesuffix(".mean") for n in metrics if n.endswith(".mean")]:
        mean, std, runs = (values.pop(f"{name}.{part}", None) for part in ("mean", "std", "runs"))
        if mean is not None:
            several = std is not None and std[0] is not None and runs is not None
            values[name] = (mean[0], f"{mean[1]} ± {std[1]}" if several and std else mean[1])
    return values


def _place(name: str) -> tuple[str, str, str]:
    parts = name.split(".")
    if len(parts) > 3 and parts[0] == "evaluation":
        return ".".join(parts[:2]), parts[2], ".".join(parts[3:])
    if len(parts) > 3 and parts[0] == "compare":
        return f"compare.{parts[2]}", parts[1], ".".join(parts[3:])
    if len(parts) > 2:
        return parts[0], parts[1], ".".join(parts[2:])
    return (parts[0] if len(parts) == 2 else ""), "", parts[-1]


def _table(title: str, rows: Mapping[str, Mapping[str, Value]]) -> Table:
    columns = sorted({c for row in rows.values() for c in row}, key=_order)
    groups: dict[str, list[str]] = {}
    for column in columns:
        groups.setdefault(column.rpartition(".")[0], []).append(column)
    ordered = [column for group in groups.values() for column in group]
    firsts = {group[0] for prefix, group in groups.items() if prefix}
    rivals = {c: [v for row in rows.values() if (v := row.get(c, NONE)[0]) is not None]
              for c in ordered}  # fmt: skip
    if _measures(ordered[0]):
        lead = ordered[0]
        rows = dict(sorted(rows.items(), key=lambda item: -(item[1].get(lead, NONE)[0] or 0)))

    def cell(column: str, row: Mapping[str, Value]) -> Cell:
        value, text = row.get(column, NONE)
        share, wins = "", False
        if _measures(column) and value is not None and 0 <= value <= 1:
            share = f"{100 * value:.1f}%"
            wins = value == max(rivals[column]) > min(rivals[column])
        return Cell(text, share, wins, column in firsts)

    return Table(
        ", ".join(column_title(part) for part in title.split(".")),
        [
            (column_title(prefix), [column_title(c.rpartition(".")[2]) for c in group])
            for prefix, group in groups.items()
        ],
        [Row(name, [cell(c, row) for c in ordered]) for name, row in rows.items()],
    )


def _first(table: str) -> tuple[bool, bool, bool, str]:
    """What was found before how it was come by; the set the models were trained for before all."""
    room, _, data = table.partition(".")
    return room not in ("evaluation", "compare"), not data, not data.startswith("walkers"), table


def _measures(column: str) -> bool:
    return column.rpartition(".")[2] in HIGHER


def _order(column: str) -> tuple[int, str, int, str]:
    prefix, _, last = column.rpartition(".")
    place = HIGHER.index(last) if last in HIGHER else len(HIGHER)
    return prefix.count(".") + bool(prefix), prefix, place, last
