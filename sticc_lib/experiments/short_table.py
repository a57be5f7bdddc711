"""A comparison in short: what a reader asks first, as the README and docs/results.md show it."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from sticc_lib.experiments.tables import Comparison, as_markdown

COLUMNS = {
    "walkers.rank1": "rank-1",
    "walkers.mAP": "mAP",
    "walkers.heavy.rank1": "rank-1, heavy occlusion",
    "walkers_unseen_cameras.mAP": "mAP, unseen cameras",
    "walkers_unseen_occluders.mAP": "mAP, unseen occluders",
    "pets.frame_mAP": "PETS frame mAP",
    "pets_mot.frame_mAP": "PETS frame mAP, MOT crops",
}
"""Metrics, and what they are called in the table."""

LEADS = {
    ("walkers", "rank1"): "walkers rank-1",
    ("walkers", "mAP"): "walkers mAP",
    ("walkers_unseen_cameras", "mAP"): "unseen cameras mAP",
    ("walkers_unseen_occluders", "mAP"): "unseen occluders mAP",
    ("pets_mot", "mAP"): "PETS mAP, MOT crops",
}
"""Condition and metric of leads, and what they are called."""


def short_table(found: Iterable[Comparison]) -> pd.DataFrame:
    """A row a method, in the order of the comparisons; one that is in several is shown once.

    Returns:
        Text: mean ± standard deviation over seeds; a column a value of COLUMNS.
    """
    parts = [result.table(list(COLUMNS)) for result in found]
    table = pd.concat(parts).fillna("")
    return table[~table.index.duplicated()].rename(columns=COLUMNS)


def short(found: Iterable[Comparison]) -> str:
    """`short_table` as Markdown."""
    table = short_table(found)
    return as_markdown(table.set_axis([f"`{name}`" for name in table.index]), "method")


def short_leads(found: Comparison) -> str:
    """STICC's lead over each method, with its 95 % interval over persons, as Markdown."""
    kept = found.differences.set_index(["condition", "metric"])
    rows: dict[str, dict[str, str]] = {}
    for key, name in LEADS.items():
        for row in kept.loc[[key]].itertuples() if key in kept.index else ():
            text = f"{row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"
            rows.setdefault(f"`{row.method}`", {})[name] = text
    return as_markdown(pd.DataFrame.from_dict(rows, orient="index").fillna(""), "STICC minus")
