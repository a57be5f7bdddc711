"""What the settings come to: rates, groups, intervals."""

import itertools
import math

import pytest
import torch

from sticc_lib.config import ConfigError, TrainConfig
from sticc_lib.presets import preset
from sticc_lib.training.settings import (
    check_augmentation,
    intervals,
    looks,
    optimizer_for,
    placed,
    rate,
)


def test_rate_rises_linearly_then_falls_as_a_cosine_to_near_zero():
    settings = TrainConfig(warmup=0.1, schedule="cosine")
    rates = [rate(step, 100, settings) for step in range(100)]
    assert rates[:10] == pytest.approx([k / 10 for k in range(1, 11)])
    assert rates[10] == 1
    assert rates[55] == pytest.approx(0.5)
    assert rates[-1] == pytest.approx(0.5 * (1 + math.cos(math.pi * 89 / 90)))
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))
    assert 0 < rates[-1] < 1e-3


def test_rate_by_steps_falls_tenfold_at_each_milestone():
    settings = TrainConfig(warmup=0.05, schedule="step", milestones=(0.2, 0.5, 0.8))
    rates = [rate(step, 100, settings) for step in range(100)]
    assert rates[4:20] == [1.0] * 16
    assert rates[20:50] == pytest.approx([0.1] * 30)
    assert rates[50:80] == pytest.approx([0.01] * 30)
    assert rates[80:] == pytest.approx([0.001] * 20)


def test_paper_schedule_is_the_specifications_in_epochs():
    """150 epochs, warm-up 10, a tenth at 40, 80 and 120."""
    settings = preset("paper").train
    epochs = [rate(epoch * 260, 39_000, settings) for epoch in range(150)]
    assert epochs[10:40] == [1.0] * 30
    assert [round(-math.log10(epochs[e])) for e in (41, 79, 81, 119, 121)] == [1, 1, 2, 2, 3]


def test_a_warm_up_may_start_above_zero_and_a_step_have_its_own_height():
    settings = TrainConfig(warmup=0.1, warmup_from=0.01, schedule="step", milestones=(0.5,),
                           gamma=0.3)  # fmt: skip
    rates = [rate(step, 100, settings) for step in range(100)]
    assert rates[:10] == pytest.approx([0.01 + 0.99 * k / 10 for k in range(1, 11)])
    assert (rates[49], rates[50], rates[99]) == (1, 0.3, 0.3)


@pytest.mark.parametrize("total", [1, 2, 3])
def test_the_shortest_runs_have_a_rate(total):
    for warmup in (0.0, 0.1, 1.0):
        settings = TrainConfig(warmup=warmup)
        assert all(0 < rate(step, total, settings) <= 1 for step in range(total))


def test_every_parameter_that_learns_is_in_one_group_with_its_rate_and_decay(tiny):
    model = tiny(trainable_blocks=2)
    settings = TrainConfig(lr=1e-3, trunk_lr_scale=0.3, weight_decay=0.01)
    optimizer = optimizer_for(model, settings)
    assert isinstance(optimizer, torch.optim.AdamW)
    found = {id(p): g for g in optimizer.param_groups for p in g["params"]}
    learning = {n: p for n, p in model.named_parameters() if p.requires_grad}
    assert len(found) == len(learning) == sum(len(g["params"]) for g in optimizer.param_groups)
    for name, parameter in learning.items():
        group = found[id(parameter)]
        assert group["peak"] == pytest.approx(3e-4 if name.startswith("trunk.") else 1e-3), name
        assert group["weight_decay"] == (0.01 if parameter.ndim > 1 else 0), name
    assert not any(n.startswith("trunk.frozen") for n in learning)
    assert type(optimizer_for(model, TrainConfig(optimizer="adam"))) is torch.optim.Adam


def test_a_recipe_may_decay_everything_and_slow_down_parts(tiny):
    model = tiny(trainable_blocks=2)
    settings = TrainConfig(
        lr=1e-3, trunk_lr_scale=0.5, weight_decay=0.01, decay_vectors=True, optimizer="nesterov",
        lr_scales={"stem": 0.25, "trunk": 2.0},
    )  # fmt: skip
    optimizer = optimizer_for(model, settings)
    assert isinstance(optimizer, torch.optim.SGD)
    groups = optimizer.param_groups
    assert all(g["nesterov"] and (g["momentum"], g["weight_decay"]) == (0.9, 0.01) for g in groups)
    peaks = {id(p): g["peak"] for g in groups for p in g["params"]}
    starts = {"stem.": 2.5e-4, "trunk.": 1e-3, "": 1e-3}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            wanted = next(v for k, v in starts.items() if name.startswith(k))
            assert peaks[id(parameter)] == pytest.approx(wanted), name
    plain = optimizer_for(model, TrainConfig(optimizer="sgd")).param_groups
    assert not any(g["nesterov"] for g in plain)
    with pytest.raises(ConfigError, match=r"lr_scales: Sticc has no part .* called typo, wrng"):
        optimizer_for(model, TrainConfig(lr_scales={"wrng": 1, "typo": 1, "stem": 1}))


def test_pixels_are_not_erased_from_maps_and_a_colour_has_three_numbers():
    with pytest.raises(ConfigError, match=r"erase_rule: 'clip' erases pixels, and the trunk's fro"):
        check_augmentation(TrainConfig(erase_rule="clip"), from_maps=True)
    check_augmentation(TrainConfig(erase_rule="clip"), from_maps=False)
    for worse in (TrainConfig(shrink=0.5), TrainConfig(jpeg=0.5)):
        check_augmentation(worse, from_maps=False)
        with pytest.raises(ConfigError, match=r"set train\.cached to False"):
            check_augmentation(worse, from_maps=True)
    with pytest.raises(ConfigError, match=r"clip_lengths: .* expected 1 or more each"):
        check_augmentation(TrainConfig(clip_lengths=(0, 4)), from_maps=False)
    for fill in ((1, 2), (0, 0, 256)):
        with pytest.raises(ConfigError, match="expected three numbers from 0 to 255"):
            check_augmentation(TrainConfig(erase_fill=fill), from_maps=False)


@pytest.mark.parametrize("name", ["hsv_histogram", "frozen"])
def test_a_model_without_anything_to_learn_is_refused(tiny, name):
    with pytest.raises(ConfigError, match="has nothing to train"):
        optimizer_for(tiny(name, trainable_blocks=0), TrainConfig())


@pytest.mark.parametrize("total", [1, 9, 60, 1500, 39_000])
@pytest.mark.parametrize("every", [0, 1, 7, 1000])
def test_checkpoints_fall_on_log_rows(total, every):
    found = intervals(TrainConfig(checkpoint_every=every), total)
    assert found["checkpoint"] % found["log"] == 0
    assert min(found.values()) >= 1
    assert total / found["log"] <= 200


@pytest.mark.parametrize(("every", "total", "expected"), [
    (0, 100, [40, 50, 60, 70, 80, 90, 100]),  # nothing worth keeping comes early
    (25, 100, [25, 50, 75, 100]),  # whoever asks is answered from the start
    (30, 100, [30, 60, 90, 100]),  # the end is always looked at
    (0, 3, [2, 3]),
    (0, 1, [1]),
])  # fmt: skip
def test_validation_leaves_the_first_steps_alone_unless_it_is_asked(every, total, expected):
    settings = TrainConfig(validate_every=every)
    assert [s for s in range(1, total + 1) if looks(settings, s, total)] == expected


def test_device_is_the_configs_and_one_that_is_not_there_is_refused(tiny):
    class One:
        num_processes, device = 1, torch.device("cpu")

    model, device = placed(tiny(), preset("smoke", device="cpu"), One)
    assert device.type == next(model.parameters()).device.type == "cpu"
    assert placed(tiny(), preset("smoke", device="auto"), One)[1] == One.device
    for name in ("cuda:99", "toaster"):
        with pytest.raises(ConfigError, match=f"device: '{name}' cannot be used here"):
            placed(tiny(), preset("smoke", device=name), One)
