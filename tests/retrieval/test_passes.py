"""The fast way through a model: the plain forward's numbers, each frame once through the trunk."""

import numpy as np
import pytest
import torch

from sticc_lib.config import ConfigError, EvalConfig
from sticc_lib.models.base import normalise
from sticc_lib.models.folding import fold_batchnorm
from sticc_lib.retrieval import passes
from sticc_lib.retrieval.clips import clips_of, read_ahead, ready
from sticc_lib.retrieval.embed import embed
from sticc_lib.retrieval.passes import Passes


def stirred(model):
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 2)
    return model.eval()


class Held:
    """Maps of the frozen half, as they would be cached."""

    def __init__(self, model, data):
        pixels = torch.from_numpy(data.read(np.arange(len(data.frames)), model.spec.image_size))
        with torch.no_grad():
            self.maps = model.trunk.frozen(normalise(pixels, model.spec))

    def read(self, positions):
        return self.maps[torch.from_numpy(positions)]


def plainly(model, source, rows, masks, mirrored):
    with torch.inference_mode():
        return ready(model, source, rows, masks)(mirrored).embedding


@pytest.mark.parametrize("from_maps", [False, True])
@pytest.mark.parametrize("name", ["sticc", "mean_pool", "frozen", "hsv_histogram", "psta"])
def test_embeddings_are_those_of_the_plain_forward(name, from_maps, tiny, coloured, monkeypatch):
    monkeypatch.setattr(passes, "BATCH", 7)
    monkeypatch.setattr(passes, "HEAD_FRAMES", 6)
    data, model = coloured(), stirred(tiny(name, trainable_blocks=2, clip_length=4))
    rows, masks, _ = clips_of(data, model.spec.clip_length, EvalConfig(policy="dense"))
    numbers, places = np.unique(rows, return_inverse=True)
    source = Held(model, data) if from_maps else data
    run = Passes(model, from_maps)
    frames = source.read(numbers) if from_maps else torch.from_numpy(
        data.read(numbers, model.spec.image_size)
    )  # fmt: skip
    for mirrored in (False, True):
        with torch.inference_mode():
            given = frames, torch.from_numpy(places.reshape(rows.shape)), torch.from_numpy(masks)
            found = run(*given, mirrored)
        wanted = plainly(model, source, rows, masks, mirrored)
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


def test_overlapping_clips_share_the_trunk_whole(tiny, coloured):
    data, model, seen = coloured(), tiny("sticc", trainable_blocks=-1).eval(), []
    rows, _, _ = clips_of(data, 3, EvalConfig(policy="dense"))
    model.trunk.trainable[0].register_forward_hook(
        lambda _, frames, __: seen.append(len(frames[0]))
    )
    embed(model, data, EvalConfig(policy="dense"), progress=False)
    assert sum(seen) == len(np.unique(rows)) < rows.size


def test_the_model_itself_is_left_alone(tiny, coloured):
    model = tiny("sticc").train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    embed(model, coloured(), EvalConfig(), progress=False)
    assert model.training
    assert any(isinstance(part, torch.nn.BatchNorm2d) for part in model.trunk.modules())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_bf16_is_said_and_nearly_the_same(tiny, coloured):
    data, model = coloured(), stirred(tiny("sticc"))
    plain = embed(model, data, EvalConfig(), progress=False)
    halved = embed(model, data, EvalConfig(bf16="on"), progress=False)
    assert "precision" not in plain.facts
    assert halved.facts["precision"] == "bfloat16"
    assert halved.values.dtype == np.float32
    assert 0.99 < (plain.values * halved.values).sum(1).min() < 1 - 1e-9


def test_a_compiler_that_fails_is_told(tiny, coloured, monkeypatch):
    def broken(*_, **__):
        def run(_):
            raise RuntimeError("no compiler\nand much more")

        return run

    monkeypatch.setattr(torch, "compile", broken)
    monkeypatch.setattr(passes, "BATCH", 2)
    with pytest.raises(ConfigError, match=r"evaluate.compile: .*\(no compiler\)"):
        embed(tiny("sticc"), coloured(), EvalConfig(compile=True), progress=False)


@pytest.mark.long
def test_a_compiled_trunk_gives_the_same(tiny, coloured, monkeypatch):
    monkeypatch.setattr(passes, "BATCH", 8)
    data, model = coloured(), stirred(tiny("sticc"))
    plain = embed(model, data, EvalConfig(), progress=False)
    fast = embed(model, data, EvalConfig(compile=True), progress=False)
    np.testing.assert_allclose(fast.values, plain.values, atol=1e-5)


def test_reading_ahead_keeps_order_stays_one_ahead_and_raises_in_its_turn():
    read = []

    def work(item):
        read.append(item)
        if item == 3:
            raise OSError("gone")
        return item

    parts = read_ahead(work, range(9))
    for wanted in range(3):
        assert next(parts) == wanted
        assert len(read) <= wanted + 2
    with pytest.raises(OSError, match="gone"):
        next(parts)
    assert max(read) <= 4


def test_a_half_that_was_folded_already_is_taken(tiny, coloured):
    model = stirred(tiny("sticc"))
    plain = embed(model, coloured(), EvalConfig(), progress=False).values
    model.trunk.trainable = fold_batchnorm(model.trunk.trainable)
    again = embed(model, coloured(), EvalConfig(), progress=False).values
    np.testing.assert_allclose(again, plain, atol=1e-5)
