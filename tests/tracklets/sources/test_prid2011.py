"""PRID2011: five persons planted in its layout, read by split, then broken."""

import json

import pytest
from planting import plant, refused, rows, told, warned

from sticc_lib.tracklets.sources import prid2011
from sticc_lib.tracklets.table import DataError

LIST = "splits_prid2011.json"
NAMES = [f"person_{n:04}" for n in range(1, 5)]
SPLITS = [{"train": NAMES[:2], "test": NAMES[2:]}, {"train": NAMES[1:3], "test": NAMES[::3]}]
SHOTS = "prid_2011/multi_shot"


def save(root, value=SPLITS):
    (root / LIST).write_text(json.dumps(value))


@pytest.fixture
def root(tmp_path, own_cache):
    for camera, persons in (("cam_a", [*NAMES, "person_0300"]), ("cam_b", [*NAMES, "person_0300"])):
        for person in persons:
            paths = [f"{SHOTS}/{camera}/{person}/{frame:04}.png" for frame in range(1, 23)]
            plant(tmp_path, *paths)
    save(tmp_path)
    return tmp_path


def test_named_persons_are_train_or_test_and_the_others_are_set_aside(root):
    reading = prid2011.read(root)
    assert not reading.problems
    table = reading.to_set().tracklets
    by_split = table.groupby("split")["label"].apply(lambda s: sorted(set(s))).to_dict()
    assert by_split["train"] == NAMES[:2]
    assert by_split["test"] == NAMES[2:]
    assert by_split["ignore"] == ["cam_a/person_0300", "cam_b/person_0300"]
    apart = table.loc[table["split"] == "ignore", "person"]
    assert apart.nunique() == 2  # the same number under both cameras is not the same person
    second = prid2011.load(root, 1).tracklets
    assert set(second.loc[second["split"] == "test", "label"]) == set(NAMES[::3])


def test_camera_a_asks_and_camera_b_answers(root):
    reading = prid2011.read(root)
    test = reading.tracklets[reading.tracklets["split"] == "test"]
    assert rows(reading, "num_frames") == [(22,)] * 10
    assert test["query"].tolist() == (test["camera"] == 1).tolist()
    assert test["gallery"].tolist() == (test["camera"] == 2).tolist()
    table = reading.overview().set_index("quantity")
    assert table.loc["persons under A", ["found", "expected"]].tolist() == [5, 385]
    assert table.loc["queries", "found"] == 2


def away(root, person, camera="cam_b"):
    (root / SHOTS / camera / person).rename(root / person)


BROKEN = {
    "no list": (lambda r: (r / LIST).unlink(), "the file is missing; put splits_prid2011.json"),
    "no json": (lambda r: (r / LIST).write_text("[{"), "not readable as JSON"),
    "deep json": (lambda r: (r / LIST).write_text("[" * 100_000), "not readable as JSON"),
    "null": (lambda r: save(r, None), "expected a list of splits"),
    "a name alone": (lambda r: save(r, [{"train": "person_0001", "test": []}]),
                     "entry 0: expected train and test, each a list of folder names"),
    "no test": (lambda r: save(r, [SPLITS[0], {"train": []}]), "entry 1: expected train and test"),
    "numbers": (lambda r: save(r, [{"train": [1], "test": [2]}]), "entry 0: expected"),
    "in both halves": (lambda r: save(r, [{"train": NAMES[:2], "test": NAMES[1:]}]),
                       "split 0: 'person_0002' stands there twice"),
    "unknown person": (lambda r: save(r, [{"train": ["person_0999"], "test": NAMES}]),
                       "split 0: person_0999 has no frame in .*cam_a.*\n.*cam_b"),
    "leads out": (lambda r: save(r, [{"train": ["../../person_0001"], "test": NAMES}]),
                  "split 0: path '../../person_0001' leads out of the folder"),
    "person lost": (lambda r: away(r, NAMES[3]), "person_0004 has no frame in .*cam_b"),
    "no camera": (lambda r: away(r, "", "cam_a"), "cam_a: the folder is missing"),
    "strange name": (lambda r: plant(r, f"{SHOTS}/cam_a/{NAMES[0]}/x.png"), "x.png: expected a na"),
    "frame twice": (lambda r: plant(r, f"{SHOTS}/cam_a/{NAMES[0]}/1.png"), "frame 1 of its trackl"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told_with_its_place_and_refused(root, name):
    breaking, message = BROKEN[name]
    if name == "no camera":
        (root / SHOTS / "cam_a").rename(root / "away")
    else:
        breaking(root)
    refused(prid2011.read(root), message)


def test_a_person_with_few_frames_is_told_but_kept(root):
    (root / SHOTS / "cam_b" / NAMES[2] / "0022.png").unlink()
    warned(prid2011.read(root), "person_0003 has 21 frames under camera 2; the usual protocol")


def test_a_split_that_does_not_exist_is_refused(root):
    with pytest.raises(DataError, match="split 2 does not exist; there are 0 to 1"):
        prid2011.load(root, 2)


def test_all_problems_are_told_at_once(root):
    (root / LIST).unlink()
    plant(root, f"{SHOTS}/cam_a/{NAMES[0]}/x.png", f"{SHOTS}/cam_b/{NAMES[0]}/y.png")
    with pytest.raises(DataError, match="3 problem") as error:
        prid2011.load(root)
    assert all(text in str(error.value) for text in (LIST, "x.png", "y.png"))


def test_an_absent_folder_is_told(tmp_path, own_cache):
    assert "missing" in told(prid2011.read(tmp_path / "nowhere"))
