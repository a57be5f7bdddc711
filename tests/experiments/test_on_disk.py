"""A data set on disk: checked, trained on, tested on, packed."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_mars import write_tree

from sticc_lib.cli import main
from sticc_lib.config import ConfigError, DataConfig
from sticc_lib.experiments import conditions, session
from sticc_lib.experiments.check_data import check_data
from sticc_lib.experiments.compare import compare, markdown
from sticc_lib.models import cache
from sticc_lib.tracklets.table import DataError

TRAIN = [(p, c, 3) for p in range(1, 7) for c in (1, 2)] + [(7, 1, 3)]
TEST = [(-1, 1, 2), (0, 2, 2)] + [(p, c, 3) for p in (20, 21, 22) for c in (1, 2, 3)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write_tree(tmp_path_factory.mktemp("disk") / "MARS", TRAIN, TEST, [3, 6, 10])


@pytest.fixture
def broken(tmp_path):
    root = write_tree(tmp_path / "MARS", TRAIN, TEST, [3, 6, 10])
    (root / "bbox_test" / "0020" / "0020C1T0001F002.jpg").write_bytes(b"\xff\xd8 no picture")
    return root


@pytest.fixture
def on_mars(small, whole):
    return lambda **more: small(**{"data.name": "mars", "data.root": str(whole), **more})


def test_a_set_on_disk_is_loaded_with_its_options(on_mars):
    data = session.load_data(on_mars(**{"data.options.queries_in_gallery": False}))
    assert len(data) == len(TRAIN) + len(TEST)
    assert not data.rule.queries_in_gallery
    assert len(data.split("val")) == 0


def test_options_and_splits_that_a_source_does_not_have_are_refused(on_mars):
    with pytest.raises(DataError, match="no option fog"):
        session.load_data(on_mars(**{"data.options.fog": 1}))
    with pytest.raises(DataError, match="split 2 does not exist"):
        session.load_data(on_mars(**{"data.split": 2}))
    with pytest.raises(ConfigError, match="none of walkers"):
        session.load_data(on_mars(), "fog")


def test_a_share_of_the_training_persons_is_set_aside_whole(on_mars):
    plain = session.load_data(on_mars())
    data = session.load_data(on_mars(**{"data.val_share": 0.5}))
    table = data.tracklets
    val = set(table.loc[table["split"] == "val", "person"])
    train = set(table.loc[table["split"] == "train", "person"])
    assert (len(val), len(train)) == (4, 3)
    assert not val & train
    assert "0007" in set(table.loc[table["split"] == "train", "label"])  # under one camera only
    assert (table["split"] == "test").equals(plain.tracklets["split"] == "test")
    assert session.load_data(on_mars(**{"data.val_share": 0.5})).fingerprint() == data.fingerprint()
    other = session.load_data(on_mars(**{"data.val_share": 0.5, "data.seed": 1}))
    assert other.fingerprint() != data.fingerprint()
    for share in (-0.1, 1, 1.5):
        with pytest.raises(ConfigError, match=r"val_share: .* of 7 training persons"):
            session.load_data(on_mars(**{"data.val_share": share}))


def test_it_trains_with_and_without_validation_and_is_tested_by_its_own_rule(on_mars, tmp_path):
    config = on_mars(**{"data.val_share": 0.4})
    done = session.train_method(config, tmp_path / "run" / "checkpoints" / "sticc")
    assert set(done.best) >= {"mAP", "rank1"}
    assert session.train_method(on_mars(), tmp_path / "plain").best == {}
    found = conditions.evaluate_checkpoint(str(tmp_path / "run"), ["mars"])["mars"]
    assert (found.numbers["num_queries"], found.numbers["num_unmatched"]) == (3, 0)
    assert "with the queries" in found.scores.rule
    changes = {"data.options.queries_in_gallery": False}
    apart = conditions.evaluate_checkpoint(str(tmp_path / "run"), ["mars"], changes=changes)["mars"]
    assert "without the queries" in apart.scores.rule
    with pytest.raises(ConfigError, match="the checkpoint was trained on one"):
        conditions.evaluate_checkpoint(str(tmp_path / "run"), ["mars"], changes={"data.split": -1})


def test_a_checkpoint_of_other_data_needs_to_be_told_where_and_keeps_no_other_setting(
    trained, whole
):
    with pytest.raises(ConfigError, match="say where mars is"):
        conditions.evaluate_checkpoint(str(trained), ["mars"])
    changes = {"data.root": str(whole)}
    tested = conditions.evaluate_checkpoint(str(trained), ["mars", "walkers"], changes=changes)
    assert tested["mars"].numbers["num_queries"] == 3
    assert tested["walkers"].scores.num_queries != 3


def test_all_splits_are_averaged(on_mars, monkeypatch):
    from sticc_lib.tracklets.sources import mars

    real = mars.read
    monkeypatch.setattr(mars, "num_splits", 2)
    drop = [[20, 21], [22]]

    def read(root, split=0):
        reading = real(root)
        table = reading.tracklets
        out = table["label"].isin([f"00{n}" for n in drop[split]])
        return replace(reading, tracklets=table.assign(query=table["query"] & ~out))

    monkeypatch.setattr(mars, "read", read)
    config = on_mars()
    model = session.new_model(config, session.load_data(config)).eval()
    one, two = (
        conditions.on_disk(model, on_mars(**{"data.split": s}), progress=False) for s in (0, 1)
    )
    mean = conditions.on_disk(model, on_mars(**{"data.split": -1}), progress=False).numbers
    assert (one.numbers["num_queries"], two.numbers["num_queries"]) == (1, 2)
    for name in ("mAP", "rank1", "num_queries"):
        assert mean[name] == pytest.approx((one.numbers[name] + two.numbers[name]) / 2)
    assert mean["splits"] == 2
    spread = np.std([one.numbers["rank1"], two.numbers["rank1"]], ddof=1)
    assert mean["rank1_spread"] == pytest.approx(spread)


def test_maps_that_would_fill_the_disk_are_not_kept_and_nothing_else_changes(
    on_mars, tmp_path, monkeypatch, capsys
):
    options = {"model.trunk.name": "resnet18", "model.trunk.trainable_blocks": 1}
    config = on_mars(**options)
    data = session.load_data(config)
    model = session.new_model(config, data).eval()
    kept = conditions.on_disk(model, config).numbers
    monkeypatch.setenv("STICC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "MOST", 0)
    assert cache.frozen_maps(model, data) is None
    assert "are not kept" in capsys.readouterr().err
    assert conditions.on_disk(model, config).numbers == pytest.approx(kept, abs=0.02)
    assert session.train_method(config, tmp_path / "run").log
    assert not (tmp_path / "cache" / "maps").exists()


def test_a_clean_set_is_ready_and_every_count_stands_beside_the_expected_one(whole, capsys):
    assert main(["check-data", "mars", str(whole), "--decode"]) == 0
    said = capsys.readouterr().out
    assert "queries                       3     1,980  found 3, the documents say 1980" in said
    assert "taken out, 0" in said
    assert said.endswith("\nready for use\n")
    assert "problem(s)" not in said


def test_a_picture_that_does_not_open_is_told_by_decode_only(broken, capsys):
    assert main(["check-data", "mars", str(broken)]) == 0
    capsys.readouterr()
    assert main(["check-data", "mars", str(broken), "--decode"]) == 1
    said = capsys.readouterr().out
    assert "1 problem(s) to mend before use:\n  - " in said
    assert "0020C1T0001F002.jpg: cannot be decoded" in said
    assert "; copy the file again or drop its row\n\nnot ready for use\n" in said


def test_problems_and_notes_are_listed_apart(broken, capsys):
    (broken / "info" / "query_IDX.mat").unlink()
    (broken / "bbox_train" / "0001" / "0001C9T0001F001.jpg").touch()
    assert main(["check-data", "mars", str(broken)]) == 1
    problems, _, notes = capsys.readouterr().out.partition("1 note(s)")
    assert "1 problem(s) to mend before use:" in problems
    assert "query_IDX.mat: the file is missing; copy info/ again" in problems
    assert "images in bbox_train are in no line" in notes


def test_the_embedded_sets_can_be_checked_too(capsys, monkeypatch, tmp_path):
    checked = check_data("walkers", options={"train_persons": 4, "val_persons": 2,
                                             "test_persons": 3, "frames": 2})  # fmt: skip
    assert checked.ready
    assert checked.reading.found["persons"] == 9
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    assert main(["check-data", "pets2009"]) == 1
    assert "s2l1_view1.mp4 is missing; restore it from git" in capsys.readouterr().out


def test_a_packed_set_is_checked_and_tested_like_the_tree(whole, trained, tmp_path, capsys):
    out = tmp_path / "mars.pack"
    line = ["pack", "mars", str(whole), str(out), "--height", "32", "--width", "16"]
    assert main([*line, "--raw"]) == 0
    assert main(["check-data", "packed", str(out), "--decode"]) == 0
    assert main(line) == 2
    assert "is there already" in capsys.readouterr().err
    tree, packed = (
        conditions.evaluate_checkpoint(str(trained), [name], changes={"data.root": str(root)})[name]
        for name, root in (("mars", whole), ("packed", out))
    )
    assert packed.numbers == tree.numbers


def test_methods_are_compared_on_it(overrides, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(conditions, "pets_sets", dict)
    monkeypatch.setattr(conditions, "CONDITIONS", {})
    settings = overrides | {"data.name": "mars", "data.root": str(whole)}
    methods = ["mean_pool", "hsv_histogram"]
    found = compare("smoke", 1, methods, str(tmp_path / "two"), settings, progress=False)
    assert not found.failed
    assert "**mars (on disk)**\n\n| method | mars.rank1 | mars.rank5 | mars.mAP" in markdown(found)


def test_what_was_trained_on_it_is_tested_on_the_walkers_as_they_are(on_mars, monkeypatch):
    asked = []

    def load_data(config, condition):
        asked.append((config.data, condition))
        raise KeyboardInterrupt

    monkeypatch.setattr(conditions, "load_data", load_data)
    with pytest.raises(KeyboardInterrupt):
        conditions.walkers(None, on_mars(), "walkers_unseen_cameras")
    assert asked == [(DataConfig(), "walkers_unseen_cameras")]
