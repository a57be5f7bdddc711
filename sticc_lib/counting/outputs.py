"""What a count leaves in its folder as data: counts.csv, individuals.json, summary.json, points."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sticc_lib.counting.count import CountOptions
from sticc_lib.counting.counted import Counted
from sticc_lib.counting.points import write_points
from sticc_lib.run import write_json, write_text

SAMPLED = {"frame": "sample_frame", "n": "sample_n", "inflow": "sample_inflow",
           "outflow": "sample_outflow"}  # fmt: skip
HEAD = (f"{'seconds':<16}{'present':>7} {'arrivals':>8} {'departures':>10} {'new':>5} "
        f"{'so far':>7} | {'n':>5} {'inflow':>6} {'outflow':>7}")  # fmt: skip


def count_table(counted: Counted) -> pd.DataFrame:
    """A row an interval, index `interval` (from 1).

    Returns:
        `start`, `stop` (seconds), `short`; over the whole interval `present`, `arrivals`,
        `departures`, `new`, `unique`; at its first frame alone `sample_frame`, `sample_n`,
        `sample_inflow`, `sample_outflow`. The two kinds answer different questions.
    """
    samples = counted.samples.rename(columns=SAMPLED)[list(SAMPLED.values())]
    table = counted.intervals.join(samples.rename_axis("interval"))
    return table.set_axis(table.index + 1).rename_axis("interval")


def summary(
    counted: Counted, options: CountOptions, more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The count in one object: plain values for JSON.

    Args:
        counted: the count.
        options: how it was made.
        more: further facts, such as the detector.
    """
    observed, cut = counted.observed, counted.found.cut
    return {
        "video": observed.name,
        "unique": counted.unique,
        "unique_low": counted.low,
        "unique_high": counted.high,
        "unsure": int((~counted.counted).sum()) - len(counted.dropped),
        "corrections": counted.corrected,
        "dropped": len(counted.dropped),
        "short_tracks": counted.short_tracks,
        "fragments": len(observed.fragments),
        "intervals": len(observed.intervals),
        "frames": int(observed.intervals["frames"].sum()),
        "fps": observed.fps,
        "seconds": float(observed.intervals["stop"].max() - observed.intervals["start"].min()),
        "present": counted.intervals["present"].tolist(),
        "summed": int(counted.samples["summed"].iloc[-1]) if len(counted.samples) else 0,
        "threshold": cut.value,
        "threshold_from": cut.origin,
        "metric": counted.found.metric,
        "way": counted.found.settings.way,
        "parameters": parameters(options),
        "notes": list(observed.notes),
        **(more or {}),
    }


def parameters(options: CountOptions) -> dict[str, Any]:
    """All options as plain values; no end is null."""
    plain = asdict(options)
    plain["stop"] = options.stop if math.isfinite(options.stop) else None
    # `way` and `adapt` of a count are its own; the settings' are set from them
    for name in ("way", "adapt"):
        plain["settings"].pop(name)
    return plain


def individuals(counted: Counted) -> list[dict[str, Any]]:
    """Everybody: number, sure, when seen, visits and fragments; seconds of the video."""
    fragments, fps = counted.observed.fragments, counted.observed.fps

    def at(frame: int, after: int = 0) -> float:
        return round(float(counted.observed.seconds(np.array([frame]))[0]) + after / fps, 3)

    found = []
    for number, row in counted.people.iterrows():
        assert isinstance(number, int)
        visits = counted.visits(number)
        mine = np.flatnonzero(counted.of == number)
        found.append({
            "person": number,
            "sure": bool(row["sure"]),
            "dropped": number in counted.dropped,
            "first_second": at(row["first"]),
            "last_second": at(row["last"]),
            "seconds_seen": round(float(row["seconds"]), 3),
            "visits": [{"start": at(low), "stop": at(high, 1)} for low, high in visits],
            "fragments": [
                {"interval": int(f.interval) + 1, "track": int(f.track),
                 "first_frame": int(f.first_frame), "last_frame": int(f.last_frame),
                 "boxes": int(f.n)}
                for f in fragments.loc[mine].itertuples()
            ],
        })  # fmt: skip
    return found


def write_data(
    counted: Counted, options: CountOptions, folder: str | Path,
    more: Mapping[str, Any] | None = None,
) -> Path:  # fmt: skip
    """Writes the three files, each whole or not at all.

    Args:
        counted: the count.
        options: how it was made.
        folder: made when needed.
        more: further facts for the summary.
    """
    folder = Path(folder)
    table = count_table(counted).round({"start": 3, "stop": 3})
    write_text(folder / "counts.csv", table.to_csv(lineterminator="\n"))
    write_json(folder / "individuals.json", individuals(counted))
    write_json(folder / "summary.json", summary(counted, options, more))
    return folder


def write_feet(counted: Counted, folder: str | Path) -> Path:
    """Writes where people stood as `x y` lines, a file a frame (points.write_points)."""
    boxes = counted.observed.boxes
    feet = pd.DataFrame({
        "frame": boxes["frame"],
        "x": (boxes["x"] + boxes["w"] / 2).round(1),
        "y": (boxes["y"] + boxes["h"]).round(1),
    })  # fmt: skip
    looked_at = counted.observed.intervals[["first_frame", "last_frame"]].to_numpy().tolist()
    frames = [n for low, high in looked_at for n in range(low, high + 1)]
    return write_points(folder, feet, frames)


def told(counted: Counted, rows: bool = True) -> str:
    """What `sticc count` prints: the answer, what it rests on, and (`rows`) each interval."""
    unsure = int((~counted.counted).sum()) - len(counted.dropped)
    lines = [
        f"{counted.observed.name}: {counted.short_tracks} short tracks, {counted.unique} people "
        f"({counted.low} to {counted.high} with 90 %)"
        + (f"; {unsure} more seen too briefly to be counted" if unsure else "")
        + (f"; {counted.corrected} corrections by hand" if counted.corrected else ""),
        f"threshold: {counted.found.cut}; metric: {counted.found.metric}",
        *counted.observed.notes,
    ]
    if not rows:
        return "\n".join(lines)
    lines += ["", f"{'':<16}{'whole interval':<42}| first frame", HEAD]
    for row in count_table(counted).itertuples():
        span = f"{row.start:.1f}-{row.stop:.1f}" + (" short" if row.short else "")
        lines.append(
            f"{span:<16}{row.present:>7} {row.arrivals:>8} {row.departures:>10} {row.new:>5} "
            f"{row.unique:>7} | {row.sample_n:>5} {row.sample_inflow:>6} {row.sample_outflow:>7}"
        )
    return "\n".join(lines)
