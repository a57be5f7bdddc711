"""The logs of finished and of running trainings, found on disk and read as tables."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd

from sticc_lib.training.state import TrainingError

LOG = "log.jsonl"


def read_log(path: Path | str) -> pd.DataFrame:
    """A training's `log.jsonl` as a table: a row a logged step, a column a name.

    Raises:
        TrainingError: no such file, or a line of it that cannot be read; names the line.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise TrainingError(f"{path}: no log to read ({error.strerror})") from None
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            raise TrainingError(f"{path} line {number}: not JSON; the file is damaged") from None
    return pd.DataFrame(rows)


def find_logs(root: Path | str) -> dict[str, pd.DataFrame]:
    """All logs under a folder, by the folder they lie in, as seen from there.

    Folders `seed0`, `seed1`, ... that lie side by side are one entry, told apart by a column
    `seed`. Empty logs are passed over.

    Raises:
        TrainingError: a log that cannot be read.
    """
    found: dict[str, list[pd.DataFrame]] = {}
    for path in sorted(Path(root).rglob(LOG)):
        folder, table = path.parent.relative_to(root), read_log(path)
        if table.empty:
            continue
        seed = re.fullmatch(r"seed(\d+)", folder.name)
        if seed:
            folder, table = folder.parent, table.assign(seed=int(seed[1]))
        found.setdefault(folder.as_posix(), []).append(table)
    return {name: pd.concat(tables, ignore_index=True) for name, tables in found.items()}
