"""Notebook 01 by its parameters: real people, a data set on disk, a folder of one's own."""

import numpy as np
import pytest
from notebook_contract import ROOT
from PIL import Image
from tiny_mars import write_tree

from sticc_lib.reporting.runner import run_report
from sticc_lib.run import read_json

TRAIN = [(p, c, 5) for p in (1, 2, 3) for c in (1, 2)]
TEST = [(-1, 1, 2), (0, 2, 2)] + [(p, c, 4) for p in (20, 21) for c in (1, 2, 3)]


def mars(folder):
    return {"data.name": "mars", "data.root": str(write_tree(folder, TRAIN, TEST, [3, 6]))}


def own_folder(folder):
    """Persons in folders, pictures of several sizes, no camera, no split."""
    rng = np.random.default_rng(0)
    for number in range(12):
        path = folder / "abc"[number % 3] / f"{number:03d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (40 + number, 20 + number % 4, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(path)
    return {"data.name": "folder", "data.root": str(folder),
            "data.options.pattern": "{person}/{frame}.jpg"}  # fmt: skip


SETS = {
    "mars": (mars, {"persons": 5, "tracklets": 14, "cameras": 3}, {"persons", "pairs", "nearest"}),
    "folder": (own_folder, {"persons": 3, "tracklets": 3, "cameras": 0}, {"strips", "sizes"}),
    "pets2009": (lambda _: {"data.name": "pets2009"}, {"persons": 10, "tracklets": 19}, {"visits"}),
}


@pytest.mark.long
@pytest.mark.parametrize("name", SETS)
def test_it_runs_for_any_set_by_its_parameters(name, tmp_path):
    for part in ("notebooks", "data"):
        (tmp_path / part).symlink_to(ROOT / part)
    make, numbers, figures = SETS[name]
    settings = make(tmp_path / "set")
    beside = {"also": [] if name == "folder" else ["pets2009"]}
    status = run_report("smoke", "own", ["01"], beside, settings=settings, root=tmp_path, workers=1)
    verdict = status.notebooks["01_data"]
    assert verdict.ok, verdict.line()
    found = read_json(status.folder / "metrics" / "01.json")
    assert {key: found[f"data.{name}.{key}"] for key in numbers} == numbers
    there = {path.stem for path in (status.folder / "figures").glob("*.png")}
    assert {f"01_{name}_{figure}" for figure in figures} <= there
    assert ("01_pets2009_light" in there) == (name != "folder")
    assert not any("most_hidden" in figure or "unseen" in figure for figure in there)
    page = (status.folder / "notebooks" / "01_data.html").read_text()
    assert "Nobody labelled its pixels" in page
