"""Presets: what the specification says they are, and overrides that are checked."""

import dataclasses

import pytest

from sticc_lib.config import Config, ConfigError, HeadConfig, from_dict, to_dict
from sticc_lib.models import zoo
from sticc_lib.presets import PRESETS, STEPS, preset, reasons, steps_for


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_whole_config_with_steps_and_survives_a_round_trip(name):
    config = preset(name)
    assert config.preset == name
    assert from_dict(Config, to_dict(config)) == config
    assert steps_for(config) == STEPS[name][""] > 0
    # far more items than rows make the spread loss unreachable (sticc.md, Losses)
    assert config.model.head.temporal_items <= config.train.persons * config.train.tracklets / 2


@pytest.mark.parametrize(
    ("name", "width", "slots", "heads", "memory", "size", "length", "batch"),
    [
        ("smoke", 64, 4, 2, (4, 4), (64, 32), 4, (4, 2)),
        ("quick", 128, 4, 2, (4, 4), (128, 64), 4, (8, 4)),
        ("paper", 512, 8, 8, (10, 5), (256, 128), 8, (8, 4)),
        ("wide", 2048, 8, 8, (10, 5), (256, 128), 8, (8, 4)),
    ],
)
def test_presets_have_the_numbers_of_the_specification(
    name, width, slots, heads, memory, size, length, batch
):
    config = preset(name)
    head, model, train = config.model.head, config.model, config.train
    assert (head.channels, head.slots, head.heads) == (width, slots, heads)
    assert (head.spatial_items, head.temporal_items) == memory
    assert (model.height, model.width) == size
    assert model.clip_length == length
    assert (train.persons, train.tracklets) == batch
    assert head.kappa == 5
    assert (head.encoder, head.decoders, head.position) == ("parallel", "both", "none")
    assert (config.loss.common, config.loss.diversity, config.loss.spread) == (0.5, 0.1, 1)


def test_smoke_and_quick_build_here_without_any_download():
    for name, width in (("smoke", 192), ("quick", 384)):
        model = zoo.build("sticc", 10, preset=name)
        assert 3 * model.config.channels == width
        assert model.spec.clip_length == 4


def test_overrides_go_by_dotted_name_and_leave_the_rest():
    config = preset("paper", **{"model.head.slots": 14, "train.lr": 1e-4})
    assert config.model.head.slots == 14
    assert config.train.lr == 1e-4
    assert config.model.head.channels == 512
    assert preset("paper").model.head.slots == 8


def test_unknown_presets_names_and_types_are_refused():
    with pytest.raises(
        ConfigError, match="unknown preset 'tiny'; known: smoke, quick, paper, wide"
    ):
        preset("tiny")
    with pytest.raises(ConfigError, match=r"unknown name model\.head\.slotz"):
        preset("smoke", **{"model.head.slotz": 2})
    with pytest.raises(ConfigError, match=r"train\.steps: expected int, got float"):
        preset("smoke", **{"train.steps": 1.5})


def test_a_model_that_cannot_be_built_is_refused_with_the_preset():
    with pytest.raises(ConfigError, match="clip_length: 0; a clip needs at least one frame"):
        preset("smoke", **{"model.clip_length": 0})
    with pytest.raises(ConfigError, match="heads: 3 does not divide channels 64"):
        preset("smoke", **{"model.head.heads": 3})


def test_steps_are_the_configs_own_or_the_presets_for_the_method():
    assert steps_for(preset("smoke", **{"train.steps": 7})) == 7
    for name, table in STEPS.items():
        for method in table.keys() - {""}:
            varied = {"_wide": {"model.head.width": 384}, "_no_m1": {"model.head.encoder": "none"}}
            variant = next((v for v in varied if method.endswith(v)), "")
            model = method.removesuffix(variant)
            assert model in zoo.names()
            config = preset(name, **{"model.name": model, **varied.get(variant, {})})
            assert steps_for(config) == table[method]
    with pytest.raises(ConfigError, match=r"train\.steps: -1"):
        steps_for(preset("smoke", **{"train.steps": -1}))
    with pytest.raises(ConfigError, match="preset: 'own' is none of smoke"):
        steps_for(from_dict(Config, {"preset": "own"}))
    assert steps_for(from_dict(Config, {"preset": "own", "train.steps": 3})) == 3


def test_every_option_of_the_modules_has_its_reason_beside_it():
    said = reasons(HeadConfig)
    assert list(said) == [field.name for field in dataclasses.fields(HeadConfig)]
    assert all(len(reason) > 15 and "\n" not in reason for reason in said.values())
    assert said["slots"].startswith("S, rows of the query memory")
    assert reasons(Config)["seed"] == ""  # nothing stands below it
