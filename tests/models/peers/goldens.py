"""Numbers from the official code of the compared methods, where they lie beside the project."""

import importlib.util
import json

import numpy as np
import pytest
import torch

from sticc_lib.config import TrunkConfig
from sticc_lib.models.trunk import build_trunk
from sticc_lib.run import project_root


def folder(name=""):
    """The folder of a golden; skips the test where there is none."""
    found = project_root().parent / "shared" / "goldens"
    if not (found / name).exists():
        pytest.skip(f"no goldens at {found}: numbers from the official code, not part of this tree")
    return found / name


def fill():
    """The module with the rule that makes weights from names."""
    spec = importlib.util.spec_from_file_location("golden_fill", folder() / "fill.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def official_state(name, table="state_dict.json"):
    """A state dict with official keys; GRL's two parts as `cnn.` and `siamese.`."""
    shapes, rule = json.loads((folder(name) / table).read_text()), fill()
    if not isinstance(next(iter(shapes.values())), dict):
        shapes = {"": shapes}
    return {
        f"{part}.{key}".lstrip("."): torch.from_numpy(np.asarray(rule.value(key, tuple(shape))))
        for part, entries in shapes.items() for key, shape in entries.items()
    }  # fmt: skip


def filled(build, official_keys, name):
    """What `build()` gives, in eval mode with a golden's weights; every official key is taken."""
    with torch.device("meta"):  # nothing is drawn that would be overwritten
        model = build()
    state, keys = official_state(name), official_keys(model)
    assert set(state) == set(keys)
    model.load_state_dict({keys[key]: value for key, value in state.items()}, assign=True)
    return model.eval()


def resnet():
    """The trunk of all official models, at their frame size."""
    return build_trunk(TrunkConfig("resnet50", "none", -1), (256, 128))


class Stored(torch.nn.Module):
    """Stands for a part whose output is known, so that what follows can be run again cheaply."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, *given):
        return self.value


def clips(time):
    return torch.from_numpy(fill().clip(2, time))


def numbers(name):
    with np.load(folder(name) / "golden.npz") as stored:
        return {key: torch.from_numpy(np.asarray(stored[key])) for key in stored.files}


def taps(name):
    return json.loads((folder(name) / "taps.json").read_text())


def first8(value):
    return value.detach().flatten()[:8]


def loss(name):
    table = json.loads((folder("LOSSES") / "golden.json").read_text())
    return next(value for key, value in table.items() if key.startswith(name))


def draws(seed, *shape):
    numbers = np.random.Generator(np.random.PCG64(seed)).standard_normal(shape)
    return torch.from_numpy(numbers.astype(np.float32))


FOURS = torch.arange(4).repeat_interleave(4)
"""Labels of the sixteen rows of the losses' goldens."""


def error(ours, theirs):
    """max|a-b| / max|b|, the measure of the goldens."""
    theirs = torch.as_tensor(theirs)
    assert ours.shape == theirs.shape
    return _number((ours - theirs).abs().max() / theirs.abs().max())


def tap_error(ours, tap):
    """The largest of the errors of a tap's first values, mean and deviation, over its deviation.

    Its first values may all be zero, behind a ReLU: they are no measure of their own error.
    """
    ours, scale = ours.detach(), tap["std"]
    if ours.numel() != np.prod(tap["shape"]):
        return float("inf")
    first = (first8(ours) - torch.tensor(tap["first8"])).abs().max() / scale
    mean = _number(abs(float(ours.double().mean()) - tap["mean"]) / scale)
    return max(_number(first), mean, _number(abs(float(ours.double().std()) / scale - 1)))


def _number(value):
    """A float; NaN is no error that `max` would keep, so it is refused here."""
    assert np.isfinite(float(value)), "an error that is no number: 0/0, or a NaN in either"
    return float(value)
