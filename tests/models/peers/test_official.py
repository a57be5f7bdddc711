"""Official checkpoints go in and out unchanged, and every misfit is told at once."""

import pytest
import torch

from sticc_lib.config import ConfigError
from sticc_lib.models.peers import methods, official

PERSONS = 3


def drawn(name, persons=PERSONS):
    """Random weights under official keys, in official shapes."""
    method = methods.METHODS[name]
    with torch.device("meta"):
        model = methods.build(method, method.paper(name), persons)
    generator = torch.Generator().manual_seed(0)
    ours = model.state_dict()
    return {
        official_key: torch.rand(shape, generator=generator).to(ours[key].dtype)
        for (official_key, shape), key in zip(
            official.official_shapes(method, model).items(),
            official.official_keys(method, model).values(),
            strict=True,
        )
    }


@pytest.fixture(scope="module")
def msinet():
    return drawn("msinet")


@pytest.mark.parametrize("name", [n for n, m in methods.METHODS.items() if m.keys])
def test_random_weights_come_back_as_they_went_in(name):
    given = drawn(name)
    back = official.export_official(official.load_official(name, given, PERSONS))
    assert back.keys() == given.keys()
    assert all(torch.equal(back[key], given[key]) for key in given)


def test_beginnings_and_wrappings_of_keys_are_taken_off(msinet):
    plain = official.load_official("msinet", msinet, PERSONS).state_dict()
    prefixed = {f"module.{key}": value for key, value in msinet.items()}
    for given in (prefixed, {"state_dict": prefixed, "epoch": 7}):
        found = official.load_official("msinet", given, PERSONS).state_dict()
        assert all(torch.equal(found[key], plain[key]) for key in plain)


def test_grl_may_come_in_two_parts():
    flat = drawn("grl")
    parts = {"cnn": {}, "siamese": {}}
    for key, value in flat.items():
        part, rest = key.split(".", 1)
        parts[part][f"module.{rest}"] = value
    back = official.export_official(official.load_official("grl", parts, PERSONS))
    assert all(torch.equal(back[key], flat[key]) for key in flat)


def test_the_model_does_not_share_memory_with_what_it_was_given(msinet):
    model = official.load_official("msinet", msinet, PERSONS)
    with torch.no_grad():
        model.classifier.weight.zero_()
    assert float(msinet["classifier.weight"].abs().sum()) > 0
    assert not model.training


@pytest.mark.parametrize("name", ["grl", "msinet"])
def test_what_does_not_learn_in_a_fresh_model_does_not_in_a_loaded_one(name):
    method = methods.METHODS[name]
    with torch.device("meta"):
        fresh = methods.build(method, method.paper(name), PERSONS)
    loaded = official.load_official(name, drawn(name), PERSONS)
    still = {n for n, p in loaded.named_parameters() if not p.requires_grad}
    assert still == {n for n, p in fresh.named_parameters() if not p.requires_grad}
    assert still


def test_every_misfit_is_in_one_error(msinet):
    given = dict(msinet)
    del given["fc.weight"]
    given["fc2.weight"] = torch.zeros(2)
    given["f_fc.weight"] = given["f_fc.weight"][:5]
    given["head.weight"] = given["head.weight"].clone()
    given["head.weight"][3] = torch.nan
    with pytest.raises(ConfigError) as error:
        official.load_official("msinet", given, PERSONS)
    message = str(error.value)
    assert "1 missing: fc.weight" in message
    assert "1 surplus: fc2.weight" in message
    assert "f_fc.weight (5, 256), not (256, 256)" in message
    assert "1 not finite: head.weight" in message
    assert "looks like" not in message


def test_another_number_of_persons_is_told(msinet):
    with pytest.raises(ConfigError, match=r"classifier\.weight \(3, 512\), not \(625, 512\)"):
        official.load_official("msinet", msinet, 625)


def test_counters_of_batches_may_be_missing(msinet):
    given = {k: v for k, v in msinet.items() if not k.endswith("num_batches_tracked")}
    assert len(given) < len(msinet)
    model = official.load_official("msinet", given, PERSONS)
    assert int(model.head.num_batches_tracked) == 0


@pytest.mark.parametrize(
    ("name", "claimed"), [("msinet_sam", "msinet"), ("sanet", "sinet"), ("psta", "stmn")]
)
def test_a_checkpoint_of_another_method_is_recognised(name, claimed):
    with pytest.raises(ConfigError, match=f"looks like one of {name}"):
        official.load_official(claimed, drawn(name), PERSONS)


def test_what_is_no_checkpoint_at_all_is_not_guessed_at():
    with pytest.raises(ConfigError) as error:
        official.load_official("msinet", {"weight": torch.zeros(2, 2)}, PERSONS)
    assert "looks like" not in str(error.value)
    with pytest.raises(ConfigError, match="epoch: expected a tensor, found int"):
        official.load_official("msinet", {"epoch": 7}, PERSONS)


def test_unknown_names_and_sizes_that_do_not_fit_are_refused(msinet):
    with pytest.raises(ConfigError, match="no official code of 'pat'"):
        official.load_official("pat", msinet, PERSONS)
    with pytest.raises(ConfigError, match="expected a multiple of 4"):
        official.load_official("bicnet_tks", {}, PERSONS, clip_length=6)
    with pytest.raises(ConfigError, match="unknown method 'patt'"):
        official.load_official("patt", msinet, PERSONS)
    with pytest.raises(ConfigError, match="slotz"):
        official.load_official("msinet", msinet, PERSONS, slotz=3)


def test_options_reach_the_model(msinet):
    model = official.load_official("msinet", msinet, PERSONS, clip_length=4, faithful=False)
    assert model.spec.clip_length == 4
    assert not model.settings.head.faithful
