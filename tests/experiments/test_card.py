"""A checkpoint folder is complete in itself, and its card says what the manifest says."""

import shutil

import pytest
import yaml

from sticc_lib.config import Config, from_dict
from sticc_lib.experiments import card as module
from sticc_lib.experiments import session
from sticc_lib.experiments.card import card, write_card
from sticc_lib.models import zoo
from sticc_lib.presets import preset
from sticc_lib.run import read_json

HOSTILE = "</x><script>alert(1)</script>`|](javascript:alert(2))\n---\nlicense: evil"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two steps at smoke, on a handful of walkers."""
    cache = pytest.MonkeyPatch()
    cache.setenv("STICC_CACHE", str(tmp_path_factory.mktemp("cache")))
    small = {"data.train_persons": 6, "data.val_persons": 3, "data.test_persons": 1}
    small |= {"train.steps": 2, "train.validate_every": 1, "device": "cpu"}
    config = preset("smoke", **small)
    made = session.train_method(config, tmp_path_factory.mktemp("run") / "sticc")
    cache.undo()
    return made


def front(text):
    """The front matter, as a hub reads it."""
    return yaml.safe_load(text.split("---\n")[1])


def test_a_folder_copied_elsewhere_loads_in_one_line(trained, tmp_path):
    place = shutil.copytree(trained.folder / "best", tmp_path / "elsewhere")
    assert {"config.json", "model.safetensors", "README.md", "manifest.json"} <= {
        path.name for path in place.iterdir()
    }
    model, config, facts = zoo.load(place)
    held = read_json(place / "manifest.json")
    assert zoo.weights_fingerprint(model) == held["weights"]
    assert config.train.steps == held["steps"] == 2
    assert facts["validation"]["mAP"] == held["validation"]["mAP"]


def test_each_of_both_checkpoints_tells_of_its_own_weights(trained):
    for name in ("best", "last"):
        held = read_json(trained.folder / name / "manifest.json")
        model, _, facts = zoo.load(trained.folder / name)
        assert held["weights"] == zoo.weights_fingerprint(model)
        assert held["step"] == facts["step"]
        chosen = held["step"] == trained.best["step"]
        text = (trained.folder / name / "README.md").read_text(encoding="utf-8")
        assert ("these weights were chosen by it" in text) == chosen


def test_the_front_matter_is_what_hubs_read(trained):
    text = (trained.folder / "best/README.md").read_text(encoding="utf-8")
    held = front(text)
    assert held["license"] == "mit"
    assert held["library_name"] == "sticc_lib"
    [index] = held["model-index"]
    [result] = index["results"]
    assert "synthetic" in result["dataset"]["name"]
    values = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert values == {name: trained.best[name] for name in ("mAP", "rank1")}


def test_hubs_own_library_takes_the_card(trained):
    hub = pytest.importorskip("huggingface_hub")
    read = hub.ModelCard((trained.folder / "best/README.md").read_text(encoding="utf-8"))
    assert {r.metric_type: r.metric_value for r in read.data.eval_results} == {
        name: trained.best[name] for name in ("mAP", "rank1")
    }


def test_the_command_on_the_card_makes_the_same_config(trained):
    from sticc_lib.cli import parse

    held = read_json(trained.folder / "best/manifest.json")
    import shlex

    asked = parse(shlex.split(held["command"])[1:])
    config = preset(asked.preset, **{"seed": asked.seed, **asked.changes()})
    assert config == from_dict(Config, held["identity"] | {"device": "cpu"})
    assert held["command"] in (trained.folder / "best/README.md").read_text(encoding="utf-8")


def test_what_was_tested_later_joins_the_card_with_its_command(trained, tmp_path):
    place = shutil.copytree(trained.folder / "best", tmp_path / "c")
    text = write_card(place, {"PETS": {"mAP": 0.25, "frame_mAP": 1.0}}, "sticc report").read_text()
    assert "| PETS | 0.250 | – |" in text
    assert "`sticc report`" in text
    assert [r["dataset"]["name"] for r in front(text)["model-index"][0]["results"]][1] == "PETS"
    assert write_card(place).read_text() == text  # from the manifest alone


@pytest.mark.parametrize(
    ("settings", "licence"),
    [({}, "mit"), ({"data.name": "mars"}, "other"), ({"model.trunk.weights": "embedded"}, "mit"),
     ({"model.trunk.name": "resnet50", "model.trunk.weights": "imagenet"}, "other")],
)  # fmt: skip
def test_the_licence_is_ours_only_where_all_it_learnt_from_is(trained, settings, licence):
    held = read_json(trained.folder / "best/manifest.json")
    held["identity"] |= settings
    if "data.name" in settings:
        held["data"] = {"mars": "abc"}
    text = card(held)
    assert front(text)["license"] == licence
    assert ("Set the field `license`" in text) == (licence == "other")


def test_hostile_names_stay_text(trained):
    held = read_json(trained.folder / "best/manifest.json")
    held |= {"method": HOSTILE, "command": HOSTILE, "data": {HOSTILE: "abc"}, "tested_by": HOSTILE}
    held |= {"tested": {HOSTILE: {"mAP": 0.5}}, "persons": {HOSTILE: 1}}
    held["identity"] |= {"data.name": HOSTILE}
    text = card(held)
    assert front(text)["license"] == "other"
    assert front(text)["model-index"][0]["name"] == HOSTILE
    body = text.split("---\n", 2)[2]
    assert "<script" not in body
    assert "](javascript" not in body
    assert "\nlicense: evil" not in text


def test_nothing_tells_whose_machine_it_was(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    place = shutil.copytree(trained.folder / "best", tmp_path / "c")
    model, config, facts = zoo.load(place)
    mine = from_dict(Config, {"data.root": "/home/somebody/MARS"}, config)
    model.settings = mine.model
    zoo.save(place, model, mine, **facts)
    module.write_manifest(place, mine, session.load_data(config), trained)
    for path in place.iterdir():
        assert b"somebody" not in path.read_bytes()
    assert zoo.load(place)[1].data.root == "~/MARS"


def test_loading_a_finished_training_leaves_its_card_alone(trained, monkeypatch, tmp_path):
    monkeypatch.setenv("STICC_CACHE", str(tmp_path))
    path = trained.folder / "best/README.md"
    before = path.stat().st_mtime_ns
    config = zoo.load(trained.folder / "best")[1]
    session.train_method(config, trained.folder)
    assert path.stat().st_mtime_ns == before
