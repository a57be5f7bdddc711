"""The tables of the study of worlds, as Markdown."""

from __future__ import annotations

import pandas as pd

from sticc_lib.experiments.tables import as_markdown
from sticc_lib.retrieval.stats import spread

TABLES = {
    "Validation persons": ["val.rendered.mAP", "val.rendered.frame_mAP", "val.drawn.mAP",
                           "val.drawn.frame_mAP"],
    "Rendered test persons": ["rendered.mAP", "rendered.rank1", "rendered.none.mAP",
                              "rendered.medium.mAP", "rendered.heavy.mAP",
                              "rendered_unseen_cameras.mAP", "rendered_unseen_occluders.mAP"],
    "Drawn test persons, before the same cameras": [
        "drawn.mAP", "drawn.rank1", "drawn.none.mAP", "drawn.medium.mAP", "drawn.heavy.mAP",
        "drawn_unseen_cameras.mAP", "drawn_unseen_occluders.mAP"],
    "PETS2009 re-entry (real), frame mAP": [
        "pets_mot.none", "pets_mot.wccn", "pets_mot.lda", "pets.none", "pets.wccn", "pets.lda"],
}  # fmt: skip

SHORT = {
    "rendered.mAP": "rendered, mAP",
    "rendered.heavy.mAP": "heavy occlusion",
    "rendered_unseen_cameras.mAP": "unseen cameras",
    "drawn.mAP": "drawn, mAP",
    "pets_mot.none": "PETS2009, frame mAP",
    "pets_mot.lda": "fitted to the video",
}
"""Metrics of the short table, and what they are called."""
WORLDS = ("rendered", "both", "drawn", "-")
"""In this order; - for what was not trained."""


def short(values: pd.DataFrame) -> str:
    """What a reader asks first, a row a method and world, as Markdown: the README's table.

    World by world, the best under unseen cameras first.
    """
    groups = values[values["metric"].isin(SHORT)].groupby(["world", "method", "metric"])["value"]
    means, wide = groups.mean().unstack("metric"), groups.agg(_shown).unstack("metric")
    ranks = means["rendered_unseen_cameras.mAP"]
    order = sorted(wide.index, key=lambda row: (WORLDS.index(row[0]), -ranks[row]))
    wide = wide.loc[order].reindex(columns=list(SHORT)).fillna("").rename(columns=SHORT)
    wide.index = [f"`{method}`, {world if world != '-' else 'untrained'}"
                  for world, method in wide.index]  # fmt: skip
    return as_markdown(wide, "method, trained on")


def markdown(values: pd.DataFrame) -> str:
    """The tables of the study: mean and spread over seeds, a row a world and method."""
    parts = []
    for title, metrics in TABLES.items():
        part = values[values["metric"].isin(metrics)]
        if part.empty:
            continue
        shown = part.groupby(["world", "method", "metric"], sort=False)["value"].agg(_shown)
        wide = shown.unstack("metric").reindex(columns=metrics).fillna("")
        wide.index = [f"{method}, {world}" if world != "-" else f"{method}, untrained"
                      for world, method in wide.index]  # fmt: skip
        parts += [f"**{title}** (synthetic people)" if "real" not in title else f"**{title}**", "",
                  as_markdown(wide, "method, trained on"), ""]  # fmt: skip
    return "\n".join(parts)


def _shown(values: pd.Series) -> str:
    mean, deviation, runs = spread(values.to_numpy())
    return f"{mean:.3f}" + (f" ± {deviation:.3f}" if runs > 1 else "")
