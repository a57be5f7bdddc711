"""A search from the names of files to files: table, sheet of pictures, and what was used."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sticc_lib.experiments.galleries import Embedder
from sticc_lib.experiments.lookup import Found, query_of, search
from sticc_lib.retrieval.index import Gallery
from sticc_lib.run import write_json, write_text


def search_files(
    query: str,
    gallery: str | Path,
    folder: str | Path,
    source: str = "",
    k: int = 10,
    other_cameras: bool = False,
    probes: int = 0,
    whole: bool = False,
    embedder: tuple[str, str, Mapping[str, Any]] = ("", "sticc", {}),
) -> str:
    """Searches and writes `ranked.csv`, `ranked.json`, and `found.png` with its words.

    Args:
        query, source: see `lookup.query_of`.
        gallery: its folder.
        folder: where to write.
        k: how many to show.
        other_cameras: leave out the query's camera.
        probes: lists to look through; 0 for the gallery's own number.
        whole: compare every byte of the gallery first.
        embedder: checkpoint (empty: the gallery's), method, changed settings.

    Returns:
        The table as text, with the gallery and the embedder above it.
    """
    from sticc_lib.figures.captions import save
    from sticc_lib.figures.found import found_sheet

    opened = Gallery.open(gallery, whole)
    if probes and opened.lists is not None:
        facts = {**opened.facts, "probes": min(probes, opened.facts["lists"]["lists"])}
        facts["recall"] = None if facts["probes"] != opened.facts["probes"] else facts["recall"]
        opened = dataclasses.replace(opened, facts=facts)
    checkpoint, method, changes = embedder
    model = Embedder.load(checkpoint or opened.facts.get("checkpoint", ""), method, changes)
    found = search(opened, query_of(query, opened, model.config, source), model, k, other_cameras)
    told = words(found)
    write_text(Path(folder) / "ranked.csv", found.table.to_csv(index=False))
    write_json(
        Path(folder) / "ranked.json",
        {"query": found.query.name, **told, "pixels_not_at_hand": found.away,
         "found": found.table.astype(object).where(found.table.notna(), None).to_dict("records")},
    )  # fmt: skip
    figure = found_sheet(found.table, found.pictures, found.query_pictures, found.query.name, told,
                         found.away)  # fmt: skip
    save(figure, Path(folder) / "found.png")
    return _text(found, told)


def words(found: Found) -> dict[str, str]:
    """Embedder, gallery, and what was left out, in a line each."""
    facts = found.gallery.facts
    held = facts["embedder"]
    embedder = f"{held['model']} ({held['model_fingerprint']}), {held['policy']}"
    return {
        "embedder": f"{embedder}, {facts['metric']} distance",
        "gallery": found.gallery.told(),
        "left_out": found.left_out,
    }


def _text(found: Found, told: Mapping[str, str]) -> str:
    table = found.table.drop(columns="path").assign(
        distance=found.table["distance"].map("{:.4f}".format),
        mark=found.table["mark"].map({"true": "same", "false": "another", "": "?"}),
        person=found.table["person"].map({0: "distractor", -1: "junk"}).fillna(
            found.table["person"].astype(str)),
    ).rename(columns={"mark": "person of query"})  # fmt: skip
    lines = [f"{found.query.name} in {found.gallery.folder} ({told['gallery']})",
             f"embedder: {told['embedder']}"]  # fmt: skip
    if told["left_out"]:
        lines.append(f"left out: {told['left_out']}")
    lines += [f"{name}: pixels not at hand ({why})" for name, why in found.away.items()]
    return "\n".join([*lines, table.to_string(index=False)])
