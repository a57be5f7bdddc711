"""Building a gallery index chunk by chunk, so that the vectors are never in memory together.

`building.json` notes after every chunk how many tracklets are safe on disk. Interrupted, the next
builder cuts the files back to that and goes on. `index.json` is written last, from one moment to
the next; what was a gallery before stays one until then.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sticc_lib.retrieval import index_files as files
from sticc_lib.retrieval.index import Gallery
from sticc_lib.retrieval.index_files import GalleryError
from sticc_lib.retrieval.index_lists import faiss, lists_of, opened
from sticc_lib.retrieval.index_recall import chosen
from sticc_lib.run import fingerprint, now, read_json, write_json

FEW = 20_000
"""CHOICE: below this, exact search is quick enough (milliseconds) and misses nothing."""


@dataclass
class Builder:
    """Appends to one folder. Use `Builder.open`, then `begin` and `append` by set, then `finish`.

    Attributes:
        folder: the gallery's.
        state: what `building.json` says: embedder, metric, kind, dim, count, sets.
        done: what `index.json` says of the gallery that is added to, if one is.
    """

    folder: Path
    state: dict[str, Any]
    done: dict[str, Any] | None = None

    @classmethod
    def open(
        cls, folder: Path | str, embedder: dict[str, str], metric: str, kind: str = "auto",
        add: bool = False,
    ) -> Builder:  # fmt: skip
        """Begins a gallery, goes on with an interrupted one, or adds to a finished one.

        Args:
            folder: made when needed; one with other things in it is refused.
            embedder: what makes vectors comparable: `model_fingerprint`, `policy`, and in words
                `model`.
            metric: cosine, euclidean or dot.
            kind: exact, approximate, or auto (approximate from FEW tracklets on).
            add: whether a finished gallery may grow.

        Raises:
            GalleryError: a finished one without `add`, one of another embedder, a damaged one, or
                a folder that is none; or faiss is missing for an approximate one.
        """
        folder = Path(folder)
        if kind not in ("auto", "exact", "approximate"):
            raise GalleryError(f"kind: {kind!r} is none of auto, exact, approximate")
        if kind == "approximate":
            faiss()
        fresh = {"embedder": embedder, "metric": metric, "kind": kind, "dim": 0, "count": 0,
                 "sets": []}  # fmt: skip
        done = None
        if (folder / files.INDEX).exists():
            done = files.read_index(folder)
            files.compare(folder, done["files"], whole=True)
            fresh = {name: done[name] for name in fresh}
        if (folder / files.JOURNAL).exists():
            state = read_json(folder / files.JOURNAL)
            if done is not None and state["count"] < done["count"]:
                state = fresh
        elif done is None:
            state = fresh
            _clear(folder)
        elif not add:
            raise GalleryError(f"{folder}: a gallery is there already; --add adds sets to it")
        else:
            state = fresh
        for name in sorted(embedder):
            if state["embedder"].get(name) != embedder[name] or state["metric"] != metric:
                raise GalleryError(
                    f"{folder}: made by another embedder ({name} {state['embedder'].get(name)} "
                    f"there, {embedder[name]} here); give its checkpoint, or another folder"
                )
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, state, done)

    def begin(self, told: dict[str, Any], total: int) -> int:
        """Begins or goes on with a set; returns how many of its tracklets are in already.

        Args:
            told: `name`, `key` (which set it is), `fingerprint`, and whatever opens it again.
            total: tracklets of it.

        Raises:
            GalleryError: it was indexed with other contents, or another set is unfinished.
        """
        sets = self.state["sets"]
        unfinished = [s for s in sets if s["start"] + s["total"] > s["stop"]]
        if unfinished and unfinished[0]["key"] != told["key"]:
            name = unfinished[0]["name"]
            raise GalleryError(f"{self.folder}: {name} is half in; give it first, to finish it")
        for held in sets:
            if held["key"] == told["key"]:
                if (held["fingerprint"], held["total"]) != (told["fingerprint"], total):
                    raise GalleryError(
                        f"{self.folder}: {told['name']} has changed since it was indexed; build "
                        "the gallery again in another folder"
                    )
                return held["stop"] - held["start"]
        start = self.state["count"]
        sets.append({**told, "total": total, "start": start, "stop": start})
        return 0

    def append(self, values: np.ndarray, tracklets: pd.DataFrame, paths: list[str]) -> None:
        """Adds tracklets of the set that was begun last; safe on disk when this returns.

        Args:
            values: float32 [n, D], finite.
            tracklets: rows of `TrackletSet.tracklets`, in the order of `values`.
            paths: of their first frames; empty text where there is none.

        Raises:
            GalleryError: another width than the vectors before, or NaN.
        """
        state, count = self.state, len(values)
        dim = state["dim"] or values.shape[1]
        if values.shape != (len(tracklets), dim) or not np.isfinite(values).all():
            raise GalleryError(
                f"{self.folder}: expected finite vectors [{len(tracklets)}, {dim}], got "
                f"{list(values.shape)} with {int((~np.isfinite(values)).sum())} not finite"
            )
        end = files.cut(self.folder, state["count"], dim)
        rows = files.labels(tracklets, len(state["sets"]) - 1, paths, end)
        files.append(self.folder, values, rows, "".join(paths).encode())
        state["dim"], state["count"] = dim, state["count"] + count
        state["sets"][-1]["stop"] += count
        write_json(self.folder / files.JOURNAL, state)

    def finish(self) -> Gallery:
        """Makes the lists where the kind asks for them, measures recall, writes `index.json`.

        Raises:
            GalleryError: nothing was added, a set is not complete, or faiss is missing.
        """
        state, folder = self.state, self.folder
        half = [s["name"] for s in state["sets"] if s["start"] + s["total"] > s["stop"]]
        if not state["count"] or half:
            raise GalleryError(f"{folder}: {', '.join(half) or 'no set'} is not complete")
        count, dim = state["count"], state["dim"]
        if self.done is not None and self.done["count"] == count:
            (folder / files.JOURNAL).unlink(missing_ok=True)
            return Gallery.open(folder)
        end = files.cut(folder, count, dim)
        kind = state["kind"]
        if kind == "auto":
            kind = "approximate" if count >= FEW else "exact"
        facts = {**state, "version": files.VERSION, "kind": kind, "lists": None, "recall": None,
                 "made": now()}  # fmt: skip
        sizes = {files.VECTORS: 4 * count * dim, files.ROWS: files.ROW.itemsize * count}
        sizes[files.PATHS] = end
        if kind == "approximate":
            vectors = files.mapped(folder, files.VECTORS, "<f4", (count, dim))
            old = self.done["lists"] if self.done else None
            facts["lists"] = lists_of(folder, vectors, state["metric"], old)
            facts |= chosen(opened(folder, facts["lists"]["name"]), vectors, state["metric"])
            name = facts["lists"]["name"]
            for part in (f"{name}.faiss", f"{name}.ivfdata", facts["lists"]["trained"]):
                sizes[part] = (folder / part).stat().st_size
        facts["files"] = files.sealed(folder, sizes)
        write_json(folder / files.INDEX, {**facts, "hash": fingerprint(facts)})
        (folder / files.JOURNAL).unlink(missing_ok=True)
        _clear(folder, set(sizes))
        return Gallery.open(folder)


def _clear(folder: Path, used: set[str] | None = None) -> None:
    """Removes what no index uses: lists of the gallery before, or all of an unnoted beginning.

    Raises:
        GalleryError: the folder holds something that is not ours.
    """
    if not folder.exists():
        return
    ours = {files.VECTORS, files.ROWS, files.PATHS, "work"}
    for path in sorted(folder.iterdir()):
        known = path.name in ours or path.name.startswith(("lists-", "trained-", "."))
        if used is None and not known:
            raise GalleryError(f"{folder}: not a gallery, {path.name} is in it; choose another")
        if path.name == "work":
            shutil.rmtree(path, ignore_errors=True)
        elif known and path.name not in (used or ()):
            path.unlink(missing_ok=True)
