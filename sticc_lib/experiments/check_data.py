"""A data set checked before use: found against expected, and every problem with its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sticc_lib.tracklets.sources import choose
from sticc_lib.tracklets.sources.reading import Reading, told_once
from sticc_lib.tracklets.table import DataError


@dataclass(frozen=True)
class Checked:
    """What `sticc check-data` prints.

    Attributes:
        reading: what the source found, with the problems that decoding added.
        splits: what the set holds by split; None where it cannot be used.
        refusal: why it cannot be used, where the tables do not fit though nothing was told.
    """

    reading: Reading
    splits: pd.DataFrame | None
    refusal: str = ""

    @property
    def ready(self) -> bool:
        """Whether it can be used as it is."""
        return self.splits is not None

    def __str__(self) -> str:
        reading = self.reading
        lines = [f"{reading.name} in {reading.root}"]
        lines += [f"  {name}: {text}" for name, text in reading.facts.items()]
        lines += [f"  rule: {reading.rule}", "", table(reading.overview())]
        if self.splits is not None:
            lines += ["", table(self.splits.reset_index())]
        told = reading.problems
        fatal, notes = (  # one heading each, the ones in the way first
            [f"  - {p}" for p in told if p.fatal is kind] for kind in (True, False)
        )
        if fatal:
            lines += ["", f"{len(fatal)} problem(s) to mend before use:", *fatal]
        if notes:
            lines += ["", f"{len(notes)} note(s), the set can be used with these:", *notes]
        lines += ["", self.refusal] if self.refusal else []
        return "\n".join([*lines, "", "ready for use" if self.ready else "not ready for use"])


def check_data(
    name: str,
    root: str = "",
    split: int = 0,
    options: Mapping[str, Any] | None = None,
    decode: bool = False,
) -> Checked:
    """Reads a data set as training would, and says what it found.

    Args:
        name: one of `tracklets.sources.SOURCES`.
        root: its folder.
        split: which of its splits.
        options: of the source.
        decode: also open every picture that the tables name.

    Raises:
        DataError: an unknown name or option, or no folder given.
    """
    reading = choose.read(name, root, split, **(options or {}))
    if decode:
        reading.problems[:] = told_once([*reading.problems, *choose.decode(reading)])
    try:
        return Checked(reading, reading.to_set().describe())
    except DataError as error:
        return Checked(reading, None, "" if reading.fatal else str(error))


def table(rows: pd.DataFrame) -> str:
    """A table as text: names to the left, whole numbers with commas to the right."""
    shown = rows.map(lambda v: f"{v:,}" if isinstance(v, int) else str(v))
    shown = pd.concat([pd.DataFrame([list(rows.columns)], columns=rows.columns), shown])
    widths = [max(len(v) for v in shown[c]) for c in shown]
    right = [all(not isinstance(v, str) or v == "" for v in rows[c]) for c in rows]
    return "\n".join(
        "  " + "  ".join(
            v.rjust(w) if r else v.ljust(w) for v, w, r in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in shown.itertuples(index=False)
    )  # fmt: skip
