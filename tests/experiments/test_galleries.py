"""From sets to a gallery and from a query to a ranked sheet, with a tiny model."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sticc_lib.cli import main
from sticc_lib.config import Config, ConfigError, from_dict
from sticc_lib.experiments import galleries, session, single_query
from sticc_lib.models import zoo
from sticc_lib.retrieval.embed import embed
from sticc_lib.retrieval.index import Gallery
from sticc_lib.retrieval.ranking import rank
from sticc_lib.run import read_json

WALKERS = {"data.train_persons": 4, "data.val_persons": 2, "data.test_persons": 6,
           "data.cameras": 2, "data.frames": 3}  # fmt: skip


@pytest.fixture
def checkpoint(tmp_path, tiny, own_cache, monkeypatch):
    """A tiny model's, which names a few drawn people as its data."""
    model = tiny("mean_pool")
    config = from_dict(Config, WALKERS, Config(model=model.settings))
    return str(zoo.save(tmp_path / "tiny", model, config, model.persons))


def told(capsys):
    return capsys.readouterr().out


def test_from_walkers_to_a_ranked_sheet(tmp_path, checkpoint, capsys):
    folder, out = str(tmp_path / "g"), tmp_path / "who"
    assert main(["gallery", "walkers", "--out", folder, "--checkpoint", checkpoint]) == 0
    assert "walkers: 24 tracklets (test)" in told(capsys)
    gallery = Gallery.open(folder)
    model, config, _ = zoo.load(checkpoint)
    data = session.load_data(config).split("test")
    number = int(data.tracklets.index[5])
    line = ["search", str(number), "--gallery", folder, "--out", str(out), "--top", "8"]
    assert main(line) == 0
    said = told(capsys)
    assert f"tracklet {number} of walkers (synthetic)" in said
    assert "exact, 24 x" in said
    found = pd.read_csv(out / "ranked.csv", dtype={"mark": str})
    ours = embed(model, data, config.evaluate, progress=False)
    expected = rank(ours, 5, 30, model.spec.distance, junk=True)
    assert found["tracklet"].tolist() == expected["tracklet"].tolist()[:8]
    np.testing.assert_allclose(found["distance"], expected["distance"][:8], atol=1e-5)
    same = data.tracklets.loc[found["tracklet"], "person"] == data.tracklets.loc[number, "person"]
    assert (found["mark"] == np.where(same, "true", "false")).all()
    held = read_json(out / "ranked.json")
    assert held["pixels_not_at_hand"] == {}
    assert held["found"][0]["tracklet"] == found["tracklet"][0]
    words = read_json(out / "found.json")["caption"]
    assert "exact, 24 x" in words
    assert gallery.facts["embedder"]["model_fingerprint"] in words
    assert main([*line, "--other-cameras"]) == 0
    camera = data.tracklets.loc[number, "camera"]
    assert f"left out: the query's own camera ({camera})" in told(capsys)
    assert camera not in pd.read_csv(out / "ranked.csv")["camera"].tolist()


def test_interrupted_it_goes_on_and_gives_the_same(tmp_path, checkpoint, monkeypatch, capsys):
    monkeypatch.setattr(galleries, "CHUNK", 5)
    embedder = galleries.Embedder.load(checkpoint)
    whole = galleries.build(tmp_path / "whole", ["walkers"], embedder)
    seen = []

    def stops(model, data, *rest, **more):
        seen.append(list(data.tracklets.index))
        if len(seen) == 3:
            raise KeyboardInterrupt
        return embed(model, data, *rest, **more)

    monkeypatch.setattr(galleries, "embed", stops)
    with pytest.raises(KeyboardInterrupt):
        galleries.build(tmp_path / "g", ["walkers"], embedder)
    assert main(["search", "1", "--gallery", str(tmp_path / "g")]) == 2
    assert "not finished; run the command that builds it again" in capsys.readouterr().err
    again = galleries.build(tmp_path / "g", ["walkers"], embedder)
    assert "10 of 24 tracklets are in already" in capsys.readouterr().err
    made = [number for part in seen[:2] + seen[3:] for number in part]
    assert made == whole.rows["tracklet"].tolist()
    np.testing.assert_allclose(again.vectors, whole.vectors, atol=1e-6)
    assert again.rows.tobytes() == whole.rows.tobytes()


def pictures(folder, sizes=((40, 20), (36, 18), (50, 20))):
    folder.mkdir()
    for number, (height, width) in enumerate(sizes):
        pixels = np.full((height, width, 3), 40 * number + 60, np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.jpg")
    return folder


def test_crops_a_picture_and_a_video_are_looked_for_unmarked(tmp_path, checkpoint, capsys):
    import av

    folder, crops = str(tmp_path / "g"), pictures(tmp_path / "<b>crops")
    assert main(["gallery", "walkers", "--out", folder, "--checkpoint", checkpoint]) == 0
    with av.open(str(tmp_path / "person.mp4"), "w") as video:
        stream = video.add_stream("mpeg4", 10)
        stream.width, stream.height = 32, 64
        for level in range(0, 200, 10):
            frame = av.VideoFrame.from_ndarray(np.full((64, 32, 3), level, np.uint8), "rgb24")
            video.mux(stream.encode(frame))
        video.mux(stream.encode())
    for query in (crops, crops / "1.jpg", tmp_path / "person.mp4"):
        out = tmp_path / "out"
        assert main(["search", str(query), "--gallery", folder, "--out", str(out)]) == 0
        assert {row["mark"] for row in read_json(out / "ranked.json")["found"]} == {""}
        assert "nothing is marked" in read_json(out / "found.json")["caption"]
    assert main(["search", str(crops), "--gallery", folder, "--other-cameras"]) == 2
    assert "the query's camera is not known" in capsys.readouterr().err


def test_pixels_that_are_gone_are_told_and_the_table_stays(
    tmp_path, checkpoint, monkeypatch, capsys
):
    source = tmp_path / "own"
    for person in "ab":
        for camera in "12":
            (source / "test" / person).mkdir(parents=True, exist_ok=True)
            pictures(source / "test" / person / camera)
    folder, out = str(tmp_path / "g"), tmp_path / "out"
    line = ["gallery", f"folder={source}", "--out", folder, "--checkpoint", checkpoint]
    assert main(line) == 0
    gallery = Gallery.open(folder)
    assert gallery.table(np.array([0]))["path"][0] == "test/a/1/0.jpg"
    search = ["search", str(source / "test/a/1/0.jpg"), "--gallery", folder, "--out", str(out)]
    query = tmp_path / "0.jpg"
    query.write_bytes((source / "test/a/1/0.jpg").read_bytes())
    search[1] = str(query)
    assert main(search) == 0
    before = pd.read_csv(out / "ranked.csv")
    source.rename(tmp_path / "moved")
    assert main(search) == 0
    assert "folder: pixels not at hand" in told(capsys)
    pd.testing.assert_frame_equal(pd.read_csv(out / "ranked.csv"), before)
    assert Image.open(io.BytesIO((out / "found.png").read_bytes())).width > 900
    assert "folder" in read_json(out / "ranked.json")["pixels_not_at_hand"]
    (tmp_path / "moved").rename(source)
    (source / "test/b/2/2.jpg").unlink()
    assert main([*line, "--add"]) == 2
    assert "folder has changed since it was indexed" in capsys.readouterr().err
    assert main(["search", "1", "--gallery", folder]) == 2
    assert "has changed since it was indexed; build the gallery again" in capsys.readouterr().err


def test_persons_of_another_set_are_not_marked(tmp_path, checkpoint, capsys):
    folder = str(tmp_path / "g")
    build = ["gallery", "walkers", "--out", folder, "--checkpoint", checkpoint]
    assert main(build) == 0
    assert main(build) == 2
    assert "a gallery is there already; --add adds sets to it" in capsys.readouterr().err
    source = tmp_path / "own"
    for camera in "12":
        (source / "test" / "a").mkdir(parents=True, exist_ok=True)
        pictures(source / "test" / "a" / camera)
    assert main(["gallery", f"folder={source}", *build[2:], "--add"]) == 0
    assert "folder: 2 tracklets" in told(capsys)
    out = tmp_path / "out"
    line = ["search", "0", "--gallery", folder, "--data", f"folder={source}", "--out", str(out)]
    number = int(Gallery.open(folder).rows["tracklet"][-1])
    line[1] = str(number)
    assert main([*line, "--top", "30"]) == 0
    found = pd.read_csv(out / "ranked.csv", keep_default_na=False)
    assert set(found.loc[found["set"] == "walkers", "mark"]) == {""}
    assert found.loc[found["set"] == "folder", "mark"].tolist() == ["true"]  # never itself


def test_what_cannot_be_searched_is_refused_in_a_line(tmp_path, checkpoint, tiny, capsys):
    folder = str(tmp_path / "g")
    main(["gallery", "walkers", "--out", folder, "--checkpoint", checkpoint])
    other = tiny("attention_pool")
    config = from_dict(Config, WALKERS, Config(model=other.settings))
    foreign = str(zoo.save(tmp_path / "other", other, config, other.persons))
    capsys.readouterr()
    for line, message in (
        (["search", "nowhere.jpg", "--gallery", folder], "nowhere.jpg: no such file; expected a"),
        (["search", "999999", "--gallery", folder], "has no tracklet 999999"),
        (["search", "1", "--gallery", str(tmp_path)], "no gallery there; sticc gallery builds"),
        (["search", "1", "--gallery", folder, "--top", "0"], "--top 0; expected at least 1"),
        (["search", checkpoint, "--gallery", folder], "no picture in it"),
        (["gallery", "walkers", "--out", folder, "--checkpoint", foreign, "--add"], "another embe"),
        (["gallery", "--out", folder], "give at least one SET"),
        (["gallery", "mars", "--out", folder, "--add"], "data.root: say where mars is"),
        (
            ["gallery", "walkers", "--out", folder, "--split", "x", "--checkpoint", checkpoint],
            "has no x tracklets; --split all takes all there are",
        ),
    ):
        assert main(line) == 2, line
        said = capsys.readouterr().err
        assert message in said
        assert "Traceback" not in said
    crops = pictures(tmp_path / "crops")
    line = ["search", str(crops), "--gallery", folder, "--checkpoint", foreign]
    assert main(line) == 2
    assert "give its own: --checkpoint" in capsys.readouterr().err


def test_a_long_video_is_thinned_evenly(tmp_path, monkeypatch):
    import av

    monkeypatch.setattr(single_query, "MOST", 4)
    with av.open(str(tmp_path / "long.mp4"), "w") as video:
        stream = video.add_stream("mpeg4", 10)
        stream.width, stream.height = 32, 64
        for level in range(0, 250, 5):
            frame = av.VideoFrame.from_ndarray(np.full((64, 32, 3), level, np.uint8), "rgb24")
            video.mux(stream.encode(frame))
        video.mux(stream.encode())
    data = single_query.of_files(tmp_path / "long.mp4")
    levels = data.read(np.arange(4)).mean(axis=(1, 2, 3))
    assert len(data.frames) == 4
    assert (np.diff(levels) > 30).all()
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ConfigError, match="no picture in it"):
        single_query.of_files(empty)
