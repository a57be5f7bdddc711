"""What notebook 01 asks of any set: each answer is a figure or table and a sentence.

Where a question makes no sense (pairs of cameras of a set with one), the sentence says so and
there is no figure. What was counted on the way is kept in `Opened.numbers`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.experiments.opened import Answer, Opened
from sticc_lib.figures import copies as copy_figures
from sticc_lib.figures import data as data_figures
from sticc_lib.figures import sheets
from sticc_lib.figures import survey as figures
from sticc_lib.run import data_dir
from sticc_lib.tracklets import survey

STRIPS = 12
NAMED = 5
"""Persons that a sentence names one by one."""


def overview(opened: Opened) -> Answer:
    """What was found, beside what the documents of the field say where they do."""
    table = opened.reading.overview().set_index("quantity")
    table = table.map(lambda v: f"{v:,}" if isinstance(v, int) else v)
    if not opened.reading.expected:
        table = table[["found"]]
    data = opened.data
    opened.numbers.update({
        "persons": data.tracklets.loc[data.tracklets["person"] > 0, "person"].nunique(),
        "tracklets": len(data), "frames": len(data.frames),
        "cameras": data.tracklets["camera"].nunique(),
        "queries": int(data.split("test").tracklets["query"].sum()),
    })  # fmt: skip
    facts = " ".join(f"{name.capitalize()}: {text}." for name, text in data.facts.items())
    return table, f"`{data!r}` Rule of evaluation: *{data.rule}*. {facts}"


def splits(opened: Opened) -> Answer:
    """The table of the splits."""
    return opened.data.describe(), "By split:"


def strips(opened: Opened) -> Answer:
    """A few persons, under each camera or at each visit."""
    chosen = survey.few_persons(opened.data.tracklets, STRIPS)
    return sheets.contact_sheet(opened.data, chosen), ""


def persons(opened: Opened) -> Answer:
    """Who is seen by which camera."""
    table = opened.data.tracklets
    if table["camera"].nunique() < 2:
        return None, _no_cameras(table)
    if not (table["person"] > 0).any():
        return None, "Nobody in it is known by name."
    return data_figures.person_camera(table, of=opened.data.name), ""


def pairs(opened: Opened) -> Answer:
    """How many persons two cameras share."""
    shared = survey.camera_pairs(opened.data.tracklets)
    if len(shared) < 2:
        return None, ""
    seen_by = survey.cameras_a_person(opened.data.tracklets)
    off = shared.to_numpy()[np.triu_indices(len(shared), 1)]
    alone, total = int(seen_by.get(1, 0)), int(seen_by.sum())
    least, most = int(off.min()), int(off.max())
    said = f"Two cameras share {f'{least:,} to ' * (least < most)}{most:,} persons."
    said += f" {alone:,} of {total:,} persons are seen by one camera only."
    opened.numbers.update({"seen_by_one_camera": alone, "least_shared": least})
    if empty := int((off == 0).sum()):
        said += f" {empty} of {len(off)} pairs of cameras share nobody."
    return figures.pairs(shared, seen_by, of=opened.data.name), said


def cameras(opened: Opened) -> Answer:
    """Frames of each camera and split."""
    table = survey.by_camera(opened.data.tracklets)
    frames = table.groupby("camera", observed=True)["frames"].sum()
    said = ""
    if len(frames) > 1:
        most, least = frames.idxmax(), frames.idxmin()
        said = f"The camera with most frames, {most}, has {frames[most] / frames[least]:.1f} times "
        said += f"those of the one with fewest, {least}."
        if frames[most] == frames[least]:
            said = "All cameras have the same number of frames."
    return figures.cameras(table, of=opened.data.name), said


def lengths(opened: Opened) -> Answer:
    """How long tracklets are."""
    counts, clip = opened.data.tracklets["num_frames"], opened.config.model.clip_length
    low, high = int(counts.min()), int(counts.max())
    short = int((counts < clip).sum())
    said = f"{short:,} of {len(counts):,} tracklets are shorter than a clip of {clip} frames"
    said = (
        f"{said}; the filling is masked."
        if short
        else f"No tracklet is shorter than {clip}, a clip."
    )
    if low == high:
        return None, f"Every tracklet has {low} frame{'s' * (low != 1)}. " + said
    return data_figures.lengths(opened.data.tracklets, of=opened.data.name), said


def sizes(opened: Opened) -> Answer:
    """How large crops came."""
    found = survey.crop_sizes(opened.data)
    model, (high, wide) = opened.config.model, (found["height"], found["width"])
    opened.numbers.update({"median_height": high.median(), "median_width": wide.median()})
    if high.nunique() == 1 and wide.nunique() == 1:
        said = f"All {len(found):,} frames looked at are {high[0]} x {wide[0]} pixels (height x "
        return None, said + f"width); models are fed {model.height} x {model.width}."
    fed = (model.height, model.width)
    figure = figures.crop_sizes(found, fed, len(opened.data.frames), of=opened.data.name)
    said = f"Half of the crops are lower than {high.median():.0f} pixels."
    return figure, said


def light(opened: Opened) -> Answer:
    """How bright and of what cast each camera is."""
    table = survey.light(opened.data)
    means = table.groupby("camera", observed=True)["luma"].mean()
    dark, bright = means.idxmin(), means.idxmax()
    opened.numbers["luma"] = {str(camera): round(luma, 1) for camera, luma in means.items()}
    said = f"Mean brightness is {means[dark]:.0f} of 255."
    if len(means) > 1:
        within = table.groupby("camera", observed=True)["luma"].std().mean()
        said = f"Camera {dark} is the darkest ({means[dark]:.0f} of 255), camera {bright} the "
        said += f"brightest ({means[bright]:.0f}); tracklets of one camera differ by {within:.0f} "
        said += "(standard deviation)."
    return figures.camera_colours(table, of=opened.data.name), said


def separation(opened: Opened) -> Answer:
    """Persons and pictures that are in two splits."""
    table = opened.data.tracklets
    overlap, copies = survey.split_overlap(table), opened.copies
    if copies is None:
        return None, f"One split ({overlap.index[0]}): there is nothing to keep apart."
    shared = survey.shared_labels(table)
    opened.numbers.update(
        {"copies": copies.found, "shared_persons": sum(map(len, shared.values()))}
    )
    said = "" if shared else "No person is in two splits. "
    for (one, other), names in shared.items():
        told = ", ".join(f"`{name}`" for name in names[:NAMED]) + ", ..." * (len(names) > NAMED)
        said += f"Persons both in {one} and in {other}: **{len(names)}** ({told}). "
    looked = sum(copies.compared.values())
    said += f"{looked:,} of {copies.frames:,} frames were compared; pairs of tracklets that hold "
    said += f"copies: **{copies.found}**."
    return copy_figures.separation(overlap, copies, of=opened.data.name), said


def nearest(opened: Opened) -> Answer:
    """The pictures of different splits that are most alike."""
    copies = opened.copies
    if copies is None or copies.pairs.empty:
        return None, ""
    return copy_figures.nearest(opened.data, copies), ""


def visits(opened: Opened) -> Answer:
    """Who was in the picture when, where stays are known."""
    table, name = opened.data.tracklets, opened.data.name
    if "visit" not in table:
        return None, "It does not say when a person came and went."
    told = table[table["label"].isin(table["label"].unique()[:40])]
    rate = float(opened.data.facts.get("frames per second", "0") or 0)
    times = opened.data.frames.groupby("tracklet")["time"].agg(["min", "max"]) / (rate or 1)
    told = told.assign(start=times["min"], end=times["max"])
    unit = "seconds of video" if rate else "frames of video"
    again, total = int(table["query"].sum()), table["label"].nunique()
    said = f"{again} of {len(table)} visits are queries: they have another visit to be found."
    if again:
        said += f" One query is worth {1 / again:.3f} of rank-1."
    said += f" (The first {told['label'].nunique()} of {total} persons.)" * (total > 40)
    return data_figures.visits(told, unit=unit, of=name), said


def busiest(opened: Opened) -> Answer:
    """The frame of the embedded video with the most people in it."""
    from sticc_lib.tracklets.crops import video_frame
    from sticc_lib.tracklets.sources import pets2009

    if opened.name != "pets2009":
        return None, ""
    folder = Path(opened.config.data.root or data_dir() / "pets2009")
    boxes = pets2009.read_boxes(folder / pets2009.BOXES)
    number = int(boxes["frame"].mode()[0])
    picture = video_frame(folder / pets2009.VIDEO, number)
    inside = boxes[boxes["frame"] == number]
    return sheets.video_frame(picture, inside, f"PETS2009, frame {number}"), ""


def notes(opened: Opened) -> Answer:
    """What the source told when it read the set."""
    told = opened.reading.problems
    opened.numbers["notes"] = len(told)
    if not told:
        return None, "Nothing is wrong with it as far as its source can tell."
    table = pd.DataFrame([(p.where, p.what, p.remedy) for p in told])
    table.columns = ["where", "what", "what to do"]
    return table.set_index("where"), f"{len(told)} note(s); it can be used with these."


def _no_cameras(tracklets: pd.DataFrame) -> str:
    if tracklets["camera"].isna().all():
        return "It does not say which camera saw whom: nothing can be asked across cameras."
    return "One camera saw everybody: nobody is looked for across cameras."
