"""Embeddings: one vector a tracklet, with its table, the rule and where they came from."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.run import atomic
from sticc_lib.tracklets.table import Rule
from sticc_lib.values import Refusal


class EmbeddingError(Refusal, ValueError):
    """Embeddings that cannot be used; the message names the file or the row."""


@dataclass(frozen=True)
class Embeddings:
    """One vector a tracklet.

    Attributes:
        values: float32 [N, D], finite.
        tracklets: the rows of `TrackletSet.tracklets`, in the order of `values`.
        rule: the evaluation rule of the set.
        facts: model, data and policy in words and fingerprints, printed with every table.
    """

    values: np.ndarray
    tracklets: pd.DataFrame
    rule: Rule = field(default_factory=Rule)
    facts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses values that do not fit the table or are not finite."""
        shape = self.values.shape
        if self.values.dtype != np.float32 or len(shape) != 2 or shape[0] != len(self.tracklets):
            raise EmbeddingError(
                f"expected float32 [{len(self.tracklets)}, D], one row a tracklet, got "
                f"{self.values.dtype} {list(shape)}"
            )
        bad = ~np.isfinite(self.values).all(axis=1)
        if bad.any():
            first = self.tracklets.index[int(np.argmax(bad))]
            raise EmbeddingError(
                f"{int(bad.sum())} embedding(s) hold NaN or infinity, first tracklet {first}; did "
                "training diverge?"
            )

    def __len__(self) -> int:
        """Number of tracklets."""
        return len(self.tracklets)

    @property
    def queries(self) -> pd.DataFrame:
        """The query rows of the table, in the order of per-query scores."""
        return self.tracklets[self.tracklets["query"].to_numpy(bool)]

    def subset(self, keep: pd.Series | np.ndarray | Sequence[bool]) -> Embeddings:
        """The rows for which `keep` (bool, one a row) holds."""
        mask = np.asarray(keep, bool)
        return replace(self, values=self.values[mask], tracklets=self.tracklets[mask])

    def split(self, *names: str) -> Embeddings:
        """The rows of the named splits."""
        return self.subset(self.tracklets["split"].isin(names).to_numpy())

    def save(self, path: Path | str) -> Path:
        """Writes one .npz, atomically and without pickle: the table is JSON text inside."""
        table = self.tracklets
        header = {
            "index": table.index.tolist(),
            "index_name": table.index.name,
            "columns": {c: [str(table[c].dtype), _plain(table[c])] for c in table.columns},
            "rule": asdict(self.rule),
            "facts": self.facts,
        }
        text = np.frombuffer(json.dumps(header).encode(), np.uint8)
        with atomic(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, values=self.values, header=text)
        return Path(path)

    @classmethod
    def load(cls, path: Path | str) -> Embeddings:
        """Reads what `save` wrote.

        Raises:
            EmbeddingError: not such a file, or damaged, or it holds pickled objects.
        """
        try:
            with np.load(io.BytesIO(Path(path).read_bytes()), allow_pickle=False) as stored:
                values, text = stored["values"], stored["header"]
            header = json.loads(text.tobytes())
            index = pd.Index(header["index"], name=header["index_name"])
            columns = {
                name: pd.Series(entries, index=index, dtype=dtype)
                for name, (dtype, entries) in header["columns"].items()
            }
            table = pd.DataFrame(columns, index=index)
            return cls(values, table, Rule(**header["rule"]), header["facts"])
        except FileNotFoundError:
            raise
        except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise EmbeddingError(
                f"{path}: not readable as embeddings ({error}); delete it and embed again"
            ) from None


def _plain(column: pd.Series) -> list:
    """Entries as JSON has them; missing ones become null."""
    return [None if pd.isna(v) else v for v in column.astype(object).tolist()]
