"""Exported files give what the model gives, at lengths and batches they were not traced at."""

import importlib.util
import json

import pytest
import torch

from sticc_lib.config import ConfigError
from sticc_lib.models import export, zoo
from sticc_lib.models.base import normalise
from sticc_lib.models.deployed import OnnxLstm, without_lstm
from sticc_lib.models.export import TOLERANCE, export_checkpoint
from sticc_lib.models.exported import describe, difference, run_with
from sticc_lib.presets import preset

SMALL = {"model.height": 32, "model.width": 16, "model.head.channels": 16}


def checkpoint(folder, name="sticc", **options):
    """A saved model of 32x16 frames whose BatchNorm statistics and last layers are not zero."""
    config = preset("smoke", **{"model.name": name, **SMALL, **options})
    torch.manual_seed(0)
    model = zoo.build(name, 4, config=config.model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        for key, statistic in model.named_buffers():
            if key.endswith("running_mean"):
                statistic.normal_(0, 0.1)
            elif key.endswith("running_var"):
                statistic.uniform_(0.5, 2)
    return zoo.save(folder, model, config, 4)


def given(model, batch, time, seed=0):
    """Frames uint8 and a mask with holes anywhere, at least one real frame a clip."""
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, time, 3, *model.spec.image_size)
    frames = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    mask = torch.rand(batch, time, generator=generator) > 0.4
    mask[torch.arange(batch), torch.arange(batch) % time] = True
    return frames, mask


def agrees(model, run):
    """At batch 1 and 5, T 1, 4 and 8, whole clips and masked ones; and padded frames count not."""
    for batch in (1, 5):
        for time in (1, 4, 8):
            frames, mask = given(model, batch, time)
            assert difference(model, run, (frames, torch.ones_like(mask))) < TOLERANCE
            assert difference(model, run, (frames, mask)) < TOLERANCE
            other = frames.clone()
            other[~mask] = 77
            found = run(frames, mask)
            torch.testing.assert_close(run(other, mask), found, atol=1e-5, rtol=1e-4)
            assert batch == 1 or (found[0] - found[1]).abs().max() > 100 * TOLERANCE * found.max()


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Model, its onnx file and what the export said, made once: the smallest STICC."""
    folder = tmp_path_factory.mktemp("export")
    saved = checkpoint(folder / "made")
    said = export_checkpoint(saved, onnx=str(folder / "sticc.onnx"))
    return zoo.load(saved)[0], folder / "sticc.onnx", said


def test_onnxruntime_agrees_with_sticc(exported):
    model, file, said = exported
    assert list(said) == [str(file)]
    assert said[str(file)].difference < TOLERANCE
    assert said[str(file)].any_length
    agrees(model, run_with(file))


def test_the_file_says_what_its_user_must_know(exported):
    import hashlib

    import onnx

    model, file, _ = exported
    held = onnx.load(file)
    facts = {entry.key: json.loads(entry.value) for entry in held.metadata_props}
    weights = (file.parent / "made" / "model.safetensors").read_bytes()
    assert facts["checkpoint_sha256"] == hashlib.sha256(weights).hexdigest()
    assert (facts["model"], facts["input"]) == ("sticc", "uint8 RGB")
    assert facts["image_size"] == [32, 16]
    assert tuple(facts["mean"]) == model.spec.mean
    assert tuple(facts["std"]) == model.spec.std
    assert facts["distance"] == "cosine"
    assert facts["any_length"]
    assert facts["clip_policy"] == "all_frames"
    assert facts["embedding_width"] == 48 == run_with(file)(*given(model, 1, 2)).shape[1]
    assert [i.name for i in held.graph.input] == ["frames", "mask"]
    assert [o.name for o in held.graph.output] == ["embedding"]
    assert {o.version for o in held.opset_import if o.domain == ""} == {export.OPSET}


def test_the_lstm_is_one_operator_and_convolutions_hold_their_batchnorms(exported):
    import onnx

    names = [node.op_type for node in onnx.load(exported[1]).graph.node]
    assert names.count("LSTM") == 1
    assert not {"Loop", "Scan", "If"} & set(names)
    # what is left follows no convolution: two necks, two address queries
    assert names.count("BatchNormalization") <= 4


def test_nothing_but_the_file_is_written(exported):
    assert sorted(p.name for p in exported[1].parent.iterdir()) == ["made", "sticc.onnx"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sticc", {"model.head.spatial": "subtract", "model.head.rg_pool": "concat",
                   "model.head.slots": 4, "model.head.rg_score": "agreement"}),
        ("sticc", {"model.head.encoder": "serial", "model.head.temporal": "mean"}),
        ("sticc", {"model.head.position": "learned", "model.head.decoders": "rg"}),
        ("mean_pool", {}), ("attention_pool", {}), ("attention_pool_joint", {}),
        ("common_pool", {}), ("evidence_pool", {}), ("frozen", {}), ("stripes", {}),
        ("hsv_histogram", {}),
    ],
)  # fmt: skip
def test_onnxruntime_agrees_with_every_make_up(name, options, tmp_path):
    saved = checkpoint(tmp_path / "made", name, **options)
    export_checkpoint(saved, onnx=str(tmp_path / "m.onnx"))
    agrees(zoo.load(saved)[0], run_with(tmp_path / "m.onnx"))


@pytest.mark.long
def test_a_program_agrees_and_says_the_same(tmp_path):
    saved = checkpoint(tmp_path / "made")
    export_checkpoint(saved, program=str(tmp_path / "m.pt2"), normalised=True)
    extra = {"sticc.json": ""}
    program = torch.export.load(tmp_path / "m.pt2", extra_files=extra).module()
    model, config, _ = zoo.load(saved)
    facts = json.loads(extra["sticc.json"])
    del facts["checkpoint_sha256"]
    assert facts == describe(model, config, normalised=True) | {"any_length": True}
    for batch, time in ((1, 1), (1, 8), (5, 4)):
        frames, mask = given(model, batch, time)
        clips = normalise(frames, model.spec)
        assert difference(model, program, (clips, mask), normalised=True) < TOLERANCE


def test_an_lstm_in_the_place_of_onnxs_has_its_weights_in_onnxs_order():
    lstm = torch.nn.LSTM(3, 2, batch_first=True)
    held = without_lstm(torch.nn.Sequential(lstm))[0]
    assert isinstance(held, OnnxLstm)
    i, f, c, o = lstm.weight_ih_l0.chunk(4)
    assert torch.equal(held.read[0], torch.cat([i, o, f, c]))
    two = torch.nn.LSTM(3, 2, num_layers=2, batch_first=True)
    assert without_lstm(torch.nn.Sequential(two))[0] is two


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "nothing to write; give --onnx"),
        ({"onnx": "model.pt"}, "model.pt: expected a name that ends in .onnx"),
        ({"program": "model.onnx"}, "model.onnx: expected a name that ends in .pt2"),
        ({"onnx": "a.onnx"}, "nowhere: no such checkpoint"),
    ],
)
def test_what_cannot_be_asked_is_refused(files, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=message):
        export_checkpoint("nowhere", **files)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_named_with_its_remedy(monkeypatch, tmp_path):
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n, *a: None if n == "onnxscript" else there(n, *a)
    )
    with pytest.raises(ConfigError, match=r"needs onnxscript; .*pip install 'sticc-lib\[export\]'"):
        export_checkpoint("nowhere", onnx=str(tmp_path / "m.onnx"))


def test_a_model_that_asks_its_data_is_refused_in_one_line(tiny, tmp_path):
    model = tiny("mean_pool")
    model.pool = lambda tokens, mask: tokens.mean(2)[mask][: int(mask.sum())]
    with pytest.raises(
        ConfigError, match=r"^mean_pool cannot become a program \(the exporter "
    ) as refused:
        export.to_program(model.eval(), tmp_path / "m.pt2", {})
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_what_steps_through_frames_is_written_for_its_own_t(tiny, tmp_path):
    model = tiny("grl", clip_length=3).eval()
    written = export.to_program(model, tmp_path / "m.pt2", {})
    assert not written.any_length
    run = torch.export.load(tmp_path / "m.pt2").module()
    assert difference(model, run, given(model, 4, 3)) < TOLERANCE


def test_a_file_that_disagrees_is_not_written(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "difference", lambda *given: float("nan"))
    with pytest.raises(ConfigError, match=r"frozen cannot become a program \(.*differs by nan"):
        export.to_program(tiny("frozen").eval(), tmp_path / "m.pt2", {})
    assert list(tmp_path.iterdir()) == []
