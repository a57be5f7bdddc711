"""Derived maps conserve what they divide: every one sums to 1."""

import numpy as np
import pytest
import torch

from sticc_lib.explain import maps
from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.look import look

VARIANTS = [
    {},
    {"decoders": "rg"},
    {"decoders": "mg"},
    {"rg_pool": "concat"},
    {"spatial": "subtract"},
    {"spatial": "off"},
    {"temporal": "mean"},
    {"temporal": "off"},
    {"encoder": "none"},
    {"encoder": "serial"},
]


def stirred(model):
    """A model whose attention is not uniform: larger weights than it starts with."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
    return model


@pytest.mark.parametrize("options", VARIANTS, ids=lambda o: str(o or "default"))
@pytest.mark.parametrize("lengths", [(5,), (2,)], ids=["two clips", "short"])
def test_token_weights_sum_to_one_and_padding_gets_none(tiny, coloured, options, lengths):
    seen = look(stirred(tiny(**options)), coloured(lengths=lengths), 0, "tiny")
    found = maps.token_weights(seen)
    of = {"RV_FG": "w_RG", "r_sp": "w_MG spatial", "r_tm": "w_MG"}
    assert list(found) == [of[block] for block in seen.blocks]
    for name, weight in found.items():
        assert weight.shape == (len(seen), 3, 8), name
        np.testing.assert_allclose(weight.sum((1, 2)), 1, atol=5e-3, err_msg=name)  # float16
        assert float(np.abs(weight[~seen.mask]).max(initial=0)) < 1e-6, name
    np.testing.assert_allclose(maps.uniform(seen).sum((1, 2)), 1, rtol=1e-6)


def test_the_parts_of_the_slots_add_up_to_the_map_and_to_pi(tiny, coloured):
    seen = look(stirred(tiny()), coloured(), 1, "tiny")
    parts = maps.slot_weights(seen)  # [K T S N]
    np.testing.assert_allclose(parts.sum((1, 3)), seen.map("detail.pi"), atol=5e-3)
    np.testing.assert_allclose(parts.sum(2), maps.token_weights(seen)["w_RG"], rtol=1e-6)


def test_w_rg_is_what_rv_fg_is_made_of(tiny, coloured):
    """With values that are the token's own number the decoder gives the mean under w_RG."""
    seen = look(stirred(tiny()), coloured(), 1, "tiny")
    numbers = np.arange(24, dtype=np.float32).reshape(3, 8)
    per_slot = np.einsum("ktsn,tn->kts", maps.attention(seen), numbers)  # E of such values
    z = (maps.relevance(seen) * per_slot).sum(1)
    detail = (seen.map("detail.pi") * z).sum(1)
    np.testing.assert_allclose(
        (maps.token_weights(seen)["w_RG"] * numbers).sum((1, 2)), detail, rtol=1e-4
    )


@pytest.mark.parametrize("name", ["attention_pool", "attention_pool_joint"])
def test_a_floors_map_comes_under_its_own_name(tiny, coloured, name):
    seen = look(stirred(tiny(name)), coloured(lengths=(2,)), 0, name)
    (tap, weight), *others = maps.token_weights(seen).items()
    assert (tap, others) == ("weights", [])
    np.testing.assert_allclose(weight.sum((1, 2)), 1, rtol=1e-5)
    assert float(weight[~seen.mask].max()) == 0


def test_a_model_whose_maps_say_nothing_of_tokens_is_refused(tiny, coloured):
    from dataclasses import replace

    seen = look(tiny(), coloured(), 0, "tiny")
    bare = replace(seen, maps={"detail.pi": seen.maps["detail.pi"]})
    with pytest.raises(CaptureError, match="no map over frames and tokens"):
        maps.token_weights(replace(bare, axes={"detail.pi": seen.axes["detail.pi"]}))


def test_overlap_is_one_for_equal_and_zero_for_disjoint_maps():
    a = np.zeros((1, 2, 4), np.float32)
    a[0, 0, :2] = 0.5
    b = np.roll(a, 2, axis=2)
    assert maps.overlap(a, a) == 1
    assert maps.overlap(a, b) == 0
    assert maps.overlap(a, (a + b) / 2) == pytest.approx(0.5)


def test_entropy_runs_from_nothing_to_the_logarithm():
    even, one = np.full(8, 1 / 8), np.eye(8)[0]
    assert maps.entropy(even) == pytest.approx(np.log(8))
    assert maps.entropy(one) == pytest.approx(0, abs=1e-9)


def test_pictures_are_rows_by_columns(tiny, coloured):
    seen = look(tiny(), coloured(), 0, "tiny")
    shown = maps.picture(seen, np.arange(8))
    assert shown.shape == (4, 2)
    assert shown[1, 0] == 2
