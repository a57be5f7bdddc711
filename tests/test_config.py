"""Building configs: what is taken, and that everything wrong is said at once."""

import dataclasses

import pytest

from sticc_lib import presets
from sticc_lib.config import (
    Config,
    ConfigError,
    flatten,
    from_dict,
    identity,
    run_name,
    to_dict,
    without_later,
)


def test_a_config_survives_the_way_through_a_dict():
    config = presets.preset("paper", seed=3)
    assert from_dict(Config, to_dict(config)) == config


def test_nested_and_dotted_names_are_the_same():
    dotted = from_dict(Config, {"model.head.slots": 8, "seed": 2})
    nested = from_dict(Config, {"model": {"head": {"slots": 8}}, "seed": 2})
    assert dotted == nested
    assert dotted.model.head.slots == 8


def test_unnamed_fields_come_from_the_base():
    base = from_dict(Config, {"train.lr": 0.5})
    built = from_dict(Config, {"train.steps": 7}, base)
    assert (built.train.lr, built.train.steps) == (0.5, 7)


def test_everything_wrong_is_in_one_message():
    wrong = {"sed": 1, "seed": "1", "model.head.slots": 2.5, "train.schedule": "linear",
             "model.hed.slots": 3, "evaluate.flip": 1}  # fmt: skip
    with pytest.raises(ConfigError) as error:
        from_dict(Config, wrong)
    parts = ["unknown name sed", "seed: expected int, got str '1'", "slots: expected int",
             "'linear' is none of cosine, step", "unknown name model.hed",
             "evaluate.flip: expected bool"]  # fmt: skip
    assert [part for part in parts if part not in str(error.value)] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", True),
        ("train.lr", "0.1"),
        ("train.lr", float("nan")),
        ("train.milestones", 0.5),
        ("train.milestones", ["a"]),
        ("model.head", 3),
    ],
)
def test_a_wrong_type_is_refused(name, value):
    with pytest.raises(ConfigError, match=name.replace(".", r"\.")):
        from_dict(Config, {name: value})


def test_an_int_will_do_for_a_float_and_a_list_for_a_tuple():
    built = from_dict(Config, {"train.lr": 1, "train.milestones": [0, 1]})
    assert isinstance(built.train.lr, float)
    assert built.train.milestones == (0.0, 1.0)


def test_options_of_a_source_have_free_names_and_add_up():
    base = from_dict(Config, {"data.options.pattern": "x"})
    built = from_dict(Config, {"data.options": {"junk": "-1"}}, base)
    assert built.data.options == {"pattern": "x", "junk": "-1"}
    assert from_dict(Config, to_dict(built)) == built
    with pytest.raises(ConfigError, match=r"data\.options: expected a group of settings, got 3"):
        from_dict(Config, {"data.options": 3})


def test_settings_that_came_later_do_not_make_another_run_of_an_old_one():
    assert not {"data.split", "data.val_share", "data.options"} & set(identity(Config()))
    changed = from_dict(Config, {"data.split": 1, "data.val_share": 0.1, "data.options.a": 2})
    assert {"data.split", "data.val_share", "data.options.a"} <= set(identity(changed))
    old = to_dict(Config())
    for name in ("split", "val_share", "options"):
        old["data"].pop(name)
    assert from_dict(Config, old) == Config()
    recipe = {"train.sampler": "rep", "train.lr_scales.guide": 0.5, "train.gamma": 0.3,
              "train.erase_fill": [0, 0, 0], "loss.contrast": True, "train.clip_lengths": [1, 4],
              "train.cached": False, "train.shrink": 0.5, "train.jpeg": 0.5}  # fmt: skip
    assert not set(recipe) & set(identity(Config()))
    assert set(recipe) <= set(identity(from_dict(Config, recipe)))


def test_what_came_later_is_left_out_of_a_dict_only_where_it_changes_nothing():
    plain = without_later(to_dict(from_dict(Config, {"train.gamma": 0.3})))
    assert plain["train"]["gamma"] == 0.3
    assert "sampler" not in plain["train"]
    assert "faithful" not in plain["model"]["head"]
    assert from_dict(Config, plain).train.gamma == 0.3


def test_a_name_that_is_value_and_group_is_refused():
    with pytest.raises(ConfigError, match="both as a value and as a group"):
        from_dict(Config, {"model": 3, "model.name": "sticc"})


def test_every_preset_is_a_whole_config():
    for name in presets.PRESETS:
        assert presets.preset(name).preset == name
        assert presets.steps_for(presets.preset(name)) > 0


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(ConfigError, match="unknown preset 'quik'; known: smoke, quick"):
        presets.preset("quik")


def test_configs_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        presets.preset("quick").seed = 3  # type: ignore[misc]


def test_where_a_run_is_computed_is_not_what_it_is():
    one, other = presets.preset("quick"), presets.preset("quick", device="cuda", threads=8)
    assert identity(one) == identity(other)
    assert identity(one) != identity(presets.preset("quick", seed=1))
    assert identity(one) != identity(presets.preset("quick", **{"data.seed": 1}))


def test_a_run_is_named_after_preset_and_seed():
    assert run_name(presets.preset("quick")) == "quick"
    assert run_name(presets.preset("quick", seed=2)) == "quick-seed2"


def test_flatten_joins_names():
    assert flatten({"a": {"b": 1, "c": {"d": 2}}, "e": 3}) == {"a.b": 1, "a.c.d": 2, "e": 3}


def test_a_notebook_shows_a_refusal_as_its_message_alone():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shown = []
    shell._showtraceback = lambda kind, error, lines: shown.extend(lines)
    shell.run_cell("from sticc_lib.presets import preset\npreset('quikc')")
    (line,) = shown
    assert line.startswith("ConfigError: ")
    assert "quikc" in line
