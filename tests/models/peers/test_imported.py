"""Official checkpoint files become ours, without running anything that is in them."""

import hashlib
import json
import os

import numpy as np
import pytest
import torch
from test_official import drawn

from sticc_lib.cli import main
from sticc_lib.config import ConfigError
from sticc_lib.models import zoo
from sticc_lib.models.peers.imported import guess_persons, import_weights
from sticc_lib.models.peers.official import export_official


@pytest.fixture(scope="module")
def weights():
    torch.manual_seed(0)
    return export_official(zoo.build("msinet", 7, preset="smoke"))


def written(tmp_path, state, **how):
    file = tmp_path / "best.pth.tar"
    torch.save(state, file, **how)
    return file


def test_what_was_imported_is_the_official_model_with_its_manifest(tmp_path, weights, capsys):
    file = written(tmp_path, {"state_dict": weights, "epoch": 3, "rank1": np.float64(0.5)})
    out = tmp_path / "ours"
    assert main(["import-weights", "msinet", str(file), "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    model, config, facts = zoo.load(out)
    expected = zoo.load_official("msinet", weights, 7)
    assert zoo.weights_fingerprint(model) == zoo.weights_fingerprint(expected)
    assert config.model == expected.settings
    assert config.evaluate.policy == "published"
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert manifest["file"] == "best.pth.tar"
    assert (manifest["method"], manifest["persons"]) == ("msinet", 7)
    assert "torch" in manifest["versions"]
    assert facts["imported"]["sha256"] == manifest["sha256"]
    clips = torch.randn(1, 1, 3, 256, 128)
    with torch.inference_mode():
        found = model(clips).embedding
        assert bool(torch.isfinite(found).all())
        assert torch.equal(found, expected(clips).embedding)


def test_files_of_old_versions_of_torch_and_options_are_taken(tmp_path, weights):
    file = written(tmp_path, weights, _use_new_zipfile_serialization=False)
    folder = import_weights("msinet", file, clip_length=4)
    assert folder == tmp_path / "best.pth"
    assert zoo.load(folder)[1].model.clip_length == 4


@pytest.mark.parametrize(("name", "persons"), [("stmn", 6), ("msinet_sam", 9)])
def test_persons_are_the_rows_of_the_classifiers(name, persons):
    assert guess_persons(name, drawn(name, persons)) == persons


def test_a_method_without_classifiers_counts_as_trained_on_one():
    assert guess_persons("grl", {"cnn.corr_bn.weight": torch.zeros(5)}) == 1


def test_classifiers_that_do_not_agree_are_told(weights):
    other = weights | {"f_classifier.weight": torch.zeros(8, 256)}
    with pytest.raises(ConfigError, match="classifiers of 7, 8 persons"):
        guess_persons("msinet", other)


def test_another_methods_file_is_told_with_its_name_and_nothing_is_written(tmp_path, weights):
    file = written(tmp_path, weights)
    with pytest.raises(ConfigError, match=r"best\.pth\.tar: .*looks like one of msinet"):
        import_weights("psta", file)
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_would_run_code_is_refused_and_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    for zipped in (True, False):
        file = written(tmp_path, {"x": Trap()}, _use_new_zipfile_serialization=zipped)
        with pytest.raises(ConfigError, match="nothing in it is run"):
            import_weights("msinet", file)
    assert not (tmp_path / "ran").exists()


def test_damaged_files_lists_and_other_files_in_the_way_are_told(tmp_path, weights):
    file = written(tmp_path, weights)
    whole = file.read_bytes()
    for broken in (b"", whole[: len(whole) // 2], b"\0" * 100, b"text"):
        file.write_bytes(broken)
        with pytest.raises(ConfigError, match=r"best\.pth\.tar: (damaged|it holds more)"):
            import_weights("msinet", file)
    with pytest.raises(ConfigError, match="expected a state dict, found list"):
        import_weights("msinet", written(tmp_path, [1, 2]))
    bare = tmp_path / "weights"
    torch.save(weights, bare)
    with pytest.raises(ConfigError, match="name a folder with --out"):
        import_weights("msinet", bare)
    with pytest.raises(ConfigError, match="no official code of 'pat'"):
        import_weights("pat", bare)
