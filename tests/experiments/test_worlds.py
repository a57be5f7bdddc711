"""The study of worlds, in little: what is trained, tested and kept; real video chooses nothing."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from sticc_lib.config import identity
from sticc_lib.experiments import real_look, worlds, worlds_table
from sticc_lib.presets import preset
from sticc_lib.tracklets.store import ArrayStore
from sticc_lib.tracklets.table import Rule, TrackletSet


def test_a_cell_has_the_recipe_the_methods_own_options_and_the_world():
    config = worlds.cell_config("both", "concat", 2, {"train.steps": 7})
    assert config.data == worlds.WORLDS["both"]
    assert config.model.head.rg_pool == "concat"
    assert (config.seed, config.train.steps) == (2, 7)
    assert config.train.clip_lengths == worlds.RECIPE["train.clip_lengths"]
    assert identity(config) != identity(worlds.cell_config("rendered", "concat", 2))
    assert "train.clip_lengths" not in identity(preset("quick"))


def test_middle_frames_are_one_a_tracklet_and_of_its_own(coloured):
    data = coloured(2, lengths=(3, 5))
    middle = worlds.middle_frames(data).check()
    assert len(middle) == len(data)
    assert (middle.frames["tracklet"].to_numpy() == data.tracklets.index).all()
    first = data.frame_positions()[0]
    wanted = data.read(first[[len(first) // 2]])
    assert np.array_equal(middle.read(np.array([0])), wanted)


def test_a_clip_of_one_frame_is_a_padded_one(coloured, tiny):
    from sticc_lib.config import EvalConfig
    from sticc_lib.retrieval.embed import embed

    data, model = worlds.middle_frames(coloured(2)), tiny("sticc", rg_pool="concat").eval()
    padded = embed(model, data, EvalConfig(), progress=False).values
    with worlds.single_frames(model):
        assert model.spec.clip_length == 1
        single = embed(model, data, EvalConfig(), progress=False).values
    assert model.spec.clip_length == 3
    np.testing.assert_allclose(single, padded, atol=1e-5)


def test_the_table_gives_mean_and_spread_a_row_a_world_and_method():
    rows = [("both", "sticc", seed, "rendered.mAP", value) for seed, value in ((0, 0.5), (1, 0.7))]
    rows += [("-", "stripes", 0, "rendered.mAP", 0.4)]
    columns = ["world", "method", "seed", "metric", "value"]
    text = worlds_table.markdown(pd.DataFrame(rows, columns=columns))
    assert "| sticc, both | 0.600 ± 0.141 |" in text
    assert "| stripes, untrained | 0.400 |" in text
    assert "PETS" not in text


def scene(persons: int = 8, frames: int = 12) -> TrackletSet:
    """A video in which everybody is seen with their neighbour, and comes back once."""
    rows, table = [], []
    for person in range(persons):
        for again in range(2):
            number = len(rows)
            start = 40 * again + 5 * (person // 2)
            rows.append((person + 1, f"p{person}", f"{person}.{again}", 1, "test", True, True,
                         frames, "t"))  # fmt: skip
            table += [(number, start + t, number * frames + t, True) for t in range(frames)]
    names = ["person", "label", "visit", "camera", "split", "query", "gallery", "num_frames",
             "source"]  # fmt: skip
    pixels = np.zeros((len(table), 4, 2, 3), np.uint8)
    rule = Rule(same_camera_junk=False, exclude_same_visit=True)
    tracklets = pd.DataFrame(rows, columns=names).rename_axis("tracklet")
    shown = pd.DataFrame(table, columns=["tracklet", "time", "row", "clean"])
    return TrackletSet("scene", tracklets.astype({"camera": "Int64"}), shown, ArrayStore(pixels),
                       rule)  # fmt: skip


def test_adapting_makes_small_what_varies_within_a_track():
    from sticc_lib.retrieval.embeddings import Embeddings
    from sticc_lib.retrieval.visits import score_reentry, single_crops

    data, rng = scene(), np.random.default_rng(0)
    crops = single_crops(data)
    person = crops.tracklets["person"].to_numpy()
    who = rng.normal(size=(9, 16))[person]
    noise = rng.normal(size=(len(person), 4)) @ rng.normal(size=(4, 16)) * 2  # loud directions
    every = Embeddings((who + noise).astype(np.float32), crops.tracklets, data.rule)
    scored = {}
    for method in real_look.METHODS:
        values = real_look.fitted(every, data, method)(every.values)
        found = Embeddings(values, crops.tracklets, data.rule)
        scored[method] = score_reentry(found, found).frames.mAP
    assert scored["wccn"] > scored["none"] + 0.1
    assert scored["lda"] > scored["none"] + 0.1


def test_the_protocols_frames_are_found_among_all_of_them():
    from dataclasses import replace

    data = scene()
    keep = data.frames["time"] % 3 == 0
    protocol = replace(data, frames=data.frames[keep].reset_index(drop=True))
    at = real_look.chosen(data, protocol)
    assert np.array_equal(data.frames.iloc[at]["row"], protocol.frames["row"])


def test_every_look_adds_a_line(tmp_path):
    log = tmp_path / "looks.md"
    for what in ("first", "second"):
        real_look.note(what, {"a": 0.5, "b": 0.75}, log)
    lines = log.read_text().splitlines()
    assert [what in lines[k] for k, what in ((-2, "first"), (-1, "second"))] == [True, True]
    assert "0.500 - 0.750" in lines[-1]
    assert lines[0] == "# Looks at real video"


@pytest.mark.parametrize("world", worlds.WORLDS)
def test_worlds_are_of_the_same_size_and_before_the_same_cameras(world):
    config = worlds.WORLDS[world]
    assert {n: getattr(config, n) for n in worlds.SIZES} == worlds.SIZES
    assert config.options["cameras_each"] == 4


def test_a_table_has_what_other_calls_have_finished(tmp_path):
    for place, note in (("both/sticc/seed1", {"numbers": {"a": 0.5}}), ("both/sticc/seed2", {})):
        path = tmp_path / "cells" / place / "cell.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(note))
    found = worlds.finished(tmp_path)
    assert found.values.tolist() == [["both", "sticc", 1, "a", 0.5]]


def test_the_short_table_goes_world_by_world_the_best_under_unseen_cameras_first():
    metrics = ("rendered_unseen_cameras.mAP", "pets_mot.none", "val.rendered.mAP")
    cells = (("-", "frozen", 0.9), ("drawn", "sticc", 0.5), ("rendered", "mean_pool", 0.25),
             ("rendered", "sticc", 0.75))  # fmt: skip
    rows = [(*cell[:2], 0, metric, cell[2]) for cell in cells for metric in metrics]
    columns = ["world", "method", "seed", "metric", "value"]
    lines = worlds_table.short(pd.DataFrame(rows, columns=columns)).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == [
        "`sticc`, rendered", "`mean_pool`, rendered", "`sticc`, drawn", "`frozen`, untrained",
    ]  # fmt: skip
    assert lines[2].count("0.750") == 2
