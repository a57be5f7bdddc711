"""What can be looked at in each compared method, and what says that it cannot."""

import numpy as np
import pytest
import torch

from sticc_lib.config import EvalConfig
from sticc_lib.explain import importance, maps
from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.look import look
from sticc_lib.explain.sensitivity import sensitivity
from sticc_lib.explain.survey import survey
from sticc_lib.figures import attention, looking, relevance
from sticc_lib.models import zoo

INSIDE = ("bicnet_tks", "sinet", "sbnet", "idnet", "sanet", "c2d", "tclnet", "ap3d")
SBM = {f"layer3.{i}.kept": "clip frame token" for i in (1, 3, 4)}
GATES = {f"cells.{i}.gate": "clip frame branch channel"
         for i in ("0._op2", "0._op3", "1._op3", "3._op3", "4._op2", "6._op2")}  # fmt: skip
CROSS = {f"cells.{i}.weights": "clip frame branch query channel"
         for i in ("3._op2", "6._op3", "7._op3")}  # fmt: skip
SHOWN: dict[str, dict[str, str]] = {
    "psta": {
        "levels.0.between.gate": "clip frame token", "levels.0.within.gate": "clip frame token",
        "levels.1.between.gate": "clip merged token", "levels.1.within.gate": "clip merged token",
    },
    "stmn": {
        "spatial.address": "clip frame query item", "temporal.address": "clip item",
        "temporal.weights": "clip frame",
    },
    "grl": {
        "guide.map": "clip frame token", "forth.gate": "clip step channel",
        "back.gate": "clip step channel", "attention.weights": "clip query frame",
    },
    "pat": {
        "encoder.attention": "clip frame head query token", "decoder.masks": "clip frame part token"
    },
    "bicnet_tks": {
        "kernels.weights": "clip kernel channel", "diverse.weights": "clip frame stripe"
    },
    "sinet": SBM,
    "sbnet": SBM,
    "sanet": {f"layer2.{i}.weights": "clip frame query statistic" for i in (1, 3)},
    "msinet": GATES | CROSS,
    "msinet_sam": GATES | CROSS,
    "tclnet": {
        "layer2.2.weights": "clip query frame token", "learners.found": "clip pair token",
        "learners.kept": "clip pair row",
    },
    "ap3d": {
        f"layer{i}.0.conv2.APM.{what}": f"clip frame neighbour {axes}" for i in (2, 3)
        for what, axes in (("weights", "query place"), ("trust", "token"))
    },
}  # fmt: skip
"""Method -> map -> axes; a small trunk, or a ResNet-18."""
BLIND = ("idnet", "c2d")
SUMS_TO_ONE = {
    "item", "head query token", "part token", "stripe", "statistic", "query channel", "query frame",
    "pair token", "query place",
}  # fmt: skip
"""How the axes of maps end whose last axis sums to 1; gates do not."""
PLACED = {
    "psta": 2, "grl": 1, "pat": 2, "bicnet_tks": 1, "sinet": 3, "sbnet": 3, "tclnet": 1, "ap3d": 2,
}  # fmt: skip
"""Method -> how many of its maps lie over the frames."""


@pytest.fixture(scope="module")
def looked():
    """Model, set and look of each method, made once."""
    made = {}

    def get(name, data):
        if name not in made:
            torch.manual_seed(0)
            trunk = {"trunk": "resnet18", "weights": "none", "trainable_blocks": -1}
            model = zoo.build(name, 4, preset="smoke", **(trunk if name in INSIDE else {}))
            made[name] = model, data, look(model, data, 1, name)
        return made[name]

    return get


def test_every_compared_method_is_looked_at_here_or_known_to_be_blind():
    assert set(SHOWN) | set(BLIND) == set(zoo.PEERS)


@pytest.mark.parametrize("name", SHOWN)
def test_a_method_hands_over_its_maps(name, looked, coloured):
    _, _, seen = looked(name, coloured(2))
    assert {tap: " ".join(axes) for tap, axes in seen.axes.items()} == SHOWN[name]
    assert not seen.idle
    for tap, axes in SHOWN[name].items():
        value = seen.map(tap)
        assert bool((value >= 0).all() & (value <= 1).all()), tap
        if any(axes.endswith(end) for end in SUMS_TO_ONE):
            np.testing.assert_allclose(value.sum(-1), 1, atol=5e-3, err_msg=tap)  # kept as float16
    if name == "tclnet":  # over all other frames' tokens; two or three rows are erased
        np.testing.assert_allclose(seen.map("layer2.2.weights").sum((2, 3)), 1, atol=5e-3)
    if name == "stmn":
        np.testing.assert_allclose(seen.map("temporal.weights").sum(-1), 1, atol=5e-3)


@pytest.mark.parametrize("name", BLIND)
def test_a_method_without_attention_says_so(name, looked, coloured):
    with pytest.raises(CaptureError, match="SiNet has no attention and no memory to look at"):
        looked(name, coloured(2))


@pytest.mark.parametrize("name", SHOWN)
def test_maps_over_frames_and_tokens_are_drawn_and_others_named(name, looked, coloured):
    model, data, seen = looked(name, coloured(2))
    if name not in PLACED:
        for use in (
            lambda: maps.token_weights(seen),
            lambda: relevance.relevance(seen),
            lambda: looking.token_weights([seen]),
            lambda: survey(model, data, EvalConfig(), progress=False, whose=name),
        ):
            with pytest.raises(CaptureError) as error:
                use()
            assert f"{name}: no map over frames and tokens" in str(error.value)
            assert next(iter(SHOWN[name])) in str(error.value)
        return
    weights = maps.token_weights(seen)
    assert len(weights) == PLACED[name]
    for value in weights.values():
        assert value.shape == (*seen.mask.shape, seen.grid[0] * seen.grid[1])
        np.testing.assert_allclose(value.sum((1, 2)), 1, atol=1e-5)
    assert relevance.relevance(seen) is not None
    assert looking.token_weights([seen]) is not None


@pytest.mark.parametrize("name", ["psta", "stmn", "grl", "pat", "bicnet_tks", "sinet"])
def test_figures_of_sticcs_parts_name_what_the_method_has_instead(name, looked, coloured):
    _, _, seen = looked(name, coloured(2))
    for figure in (attention.self_attention, attention.slot_maps):
        with pytest.raises(CaptureError, match=f"{name}: no map .*; it has "):
            figure(seen)


@pytest.mark.parametrize("name", ["psta", "stmn", "bicnet_tks", "grl"])
def test_what_a_frame_and_a_patch_do_can_be_asked_of_every_method(name, looked, coloured):
    model, data, seen = looked(name, coloured(2))
    table = importance.frames_matter(model, seen, 0, data.read(np.array([0]), (64, 32))[0])
    told = set(table["action"])
    assert {"drop", "erase", "noise", "swap", "sibling", "shuffle"} <= told
    assert ("duplicate" in told) == model.any_length == (name == "grl")
    assert bool(np.isfinite(table["drift"]).all())
    if name == "stmn":  # its weights of frames; about even at first
        assert abs(float(table["temporal.weights"].mean()) - 1) < 0.2
    effect = sensitivity(model, seen, box=32, stride=32, progress=False)
    assert effect is not None


def test_stripes_are_spread_evenly_and_finer_maps_are_summed():
    stripes = np.array([[[0.25, 0.75]]])
    over = maps._over_stripes(stripes, (4, 2))
    np.testing.assert_allclose(over, [[[0.0625] * 4 + [0.1875] * 4]])
    assert maps._over_stripes(stripes, (3, 2)) is None
    fine = np.arange(16.0).reshape(1, 1, 16)  # 4 x 4 onto 2 x 2
    np.testing.assert_allclose(maps._on_grid(fine, (2, 2)), [[[10, 18, 42, 50]]])
    np.testing.assert_allclose(maps._on_grid(fine, (4, 4)), fine)
    assert maps._on_grid(fine, (3, 2)) is None
