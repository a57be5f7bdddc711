"""The count as a person wants it: a row an interval, a row a sample instant, and what must hold.

Two kinds of quantity, never in one table: per interval (target U: people of the whole video) and
at the sample instants (targets S and P: people of the samples).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sticc_lib.values import Refusal


class CountError(Refusal, AssertionError):
    """A table that contradicts itself; the message names the row."""


def interval_table(person: np.ndarray, interval: np.ndarray, intervals: int) -> pd.DataFrame:
    """What happened in each interval.

    Args:
        person: int [n], the individual of each fragment or box, from 1; 0 for nobody.
        interval: int [n], from 0.
        intervals: how many there are.

    Returns:
        Index `interval`; `present` (different people), `arrivals` (not in the interval before),
        `departures` (of those before, gone), `new` (never before), `unique` (so far).
    """
    rows, before, ever = [], set(), set()
    for k in range(intervals):
        here = set(person[(interval == k) & (person > 0)].tolist())
        new = here - ever
        ever |= here
        rows.append((len(here), len(here - before), len(before - here), len(new), len(ever)))
        before = here
    names = ["present", "arrivals", "departures", "new", "unique"]
    return pd.DataFrame(rows, columns=names).rename_axis("interval")


def sample_table(person: np.ndarray, frame: np.ndarray, samples: np.ndarray) -> pd.DataFrame:
    """What shows at the sample instants.

    Args:
        person: int [boxes], 0 for nobody.
        frame: int [boxes].
        samples: int [K], the frames, rising.

    Returns:
        Index `sample`; `frame`, `n`, `inflow`, `outflow` (against the sample before; the first is
        counted from nobody), `summed` (n of the first and all inflow since).
    """
    rows, before, total = [], set(), 0
    for frame_ in samples:
        here = set(person[(frame == frame_) & (person > 0)].tolist())
        total += len(here - before)
        rows.append((int(frame_), len(here), len(here - before), len(before - here), total))
        before = here
    names = ["frame", "n", "inflow", "outflow", "summed"]
    return pd.DataFrame(rows, columns=names).rename_axis("sample")


def targets(person: np.ndarray, frame: np.ndarray, samples: np.ndarray) -> dict[str, int]:
    """The three numbers that papers call the count.

    Args:
        person: int or text [boxes], who; 0 or missing for nobody.
        frame: int [boxes].
        samples: int [K].

    Returns:
        `U`: different people over all frames. `S`: over the sample frames. `P`: people of the first
        sample and all inflow since, so that who comes back counts again.
    """
    known = pd.factorize(pd.Series(person).where(pd.Series(person) != 0))[0] + 1
    at = np.isin(frame, samples) & (known > 0)
    table = sample_table(known, np.asarray(frame), np.asarray(samples))
    return {
        "U": len(set(known[known > 0])),
        "S": len(set(known[at])),
        "P": int(table["summed"].iloc[-1]) if len(table) else 0,
    }


def check_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """The table itself, if it is consistent.

    Raises:
        CountError: names the first row that breaks an identity: unique never falls and rises by
            new, present changes by arrivals less departures, new is at most arrivals, the last
            unique is at least any present. Interval 0 is counted from nobody.
    """
    before = table.shift(1, fill_value=0)
    rules = {
        "unique rises by new": table["unique"] - before["unique"] == table["new"],
        "unique never falls": table["unique"] >= before["unique"],
        "present changes by arrivals less departures": table["present"]
        == before["present"] + table["arrivals"] - table["departures"],
        "new is at most arrivals": table["new"] <= table["arrivals"],
        "unique is at least present": table["unique"] >= table["present"],
    }
    return _checked(table, rules)


def check_samples(table: pd.DataFrame) -> pd.DataFrame:
    """The table itself, if n changes by inflow less outflow.

    Raises:
        CountError: names the first row where it does not.
    """
    before = table["n"].shift(1, fill_value=0)
    flow = before + table["inflow"] - table["outflow"]
    return _checked(table, {"n changes by inflow less outflow": table["n"] == flow})


def _checked(table: pd.DataFrame, rules: dict[str, pd.Series]) -> pd.DataFrame:
    for rule, holds in rules.items():
        if not holds.all():
            row = int(np.argmin(holds.to_numpy()))
            raise CountError(
                f"row {row}: {rule}, does not hold: {table.iloc[row].to_dict()}; count again"
            )
    return table
