"""SINet and its variants agree with the official code, in frames, between stages and in InfoNCE."""

import goldens
import pytest
import torch
from torch.nn.functional import pad

from sticc_lib import losses
from sticc_lib.models.peers import official, sinet

CLOSE = 1e-5
FOLDERS = {
    "sinet": "SINet", "sbnet": "SINet_SBNet", "idnet": "SINet_IDNet", "sanet": "SINet_SANet",
    "c2d": "SINet_baseline",
}  # fmt: skip
THRESHOLD = 1e-3
"""For SBNet: one of its channels lies 5e-7 from where its gate jumps."""


def load(name):
    return official.load_official(name, goldens.official_state(FOLDERS[name]), 10)


@pytest.fixture(scope="module")
def model():
    return load("sinet")


def errors(model):
    """Of the feature, of the frames, and the largest of all taps."""
    folder = FOLDERS[model.variant]
    seen, hooks, taps = {}, [], goldens.taps(folder)
    for key in taps:
        part = model.get_submodule(key.split(":")[0])
        hooks.append(part.register_forward_hook(lambda m, a, out, key=key: seen.update({key: out})))
    with torch.inference_mode():
        out = model(goldens.clips(4))
    for hook in hooks:
        hook.remove()
    expected = goldens.numbers(folder)
    return {
        "feat": goldens.error(out.embedding, expected["feat"]),
        "feat_frames": goldens.error(out.extras["frames"].mT, expected["feat_frames"]),
        "taps": max(goldens.tap_error(seen[k], taps[k]) for k in taps),
    }


def test_sinet_and_its_stages_are_the_official_ones(model):
    assert max(errors(model).values()) < CLOSE


@pytest.mark.parametrize("name", ["sbnet", "idnet", "sanet", "c2d"])
def test_a_variant_and_its_stages_are_the_official_ones(name):
    close = THRESHOLD if name == "sbnet" else CLOSE
    assert max(errors(load(name)).values()) < close


def test_a_stem_with_the_usual_padding_is_not_the_official_one(model, monkeypatch):
    monkeypatch.setattr(model.maxpool, "padding", 1)
    assert errors(model)["feat"] > 10 * CLOSE


@pytest.mark.long
def test_a_filter_laid_over_frames_the_other_way_round_is_seen(model, monkeypatch):
    real = torch.nn.functional.conv2d
    flipped = lambda x, w, **more: real(x, w.flip(-1, -2), **more)  # noqa: E731
    monkeypatch.setattr("sticc_lib.models.peers.sinet_parts.conv2d", flipped)
    assert errors(model)["feat"] > 10 * CLOSE


@pytest.mark.long
def test_another_padding_of_the_later_frames_is_seen(model, monkeypatch):
    zeros = lambda x, sides, mode: pad(x, sides)  # noqa: E731
    monkeypatch.setattr("sticc_lib.models.peers.sinet_parts.pad", zeros)
    assert errors(model)["feat"] > 10 * CLOSE


def test_a_module_that_takes_one_more_frame_for_the_first_is_seen(model, monkeypatch):
    monkeypatch.setattr(model.layer3[2], "first", 2)
    assert min(errors(model).values()) > 10 * CLOSE  # the taps see it too


@pytest.mark.long
def test_positions_counted_in_another_order_are_seen_in_idnet(monkeypatch):
    def forward(self, maps, time):  # positions frame by frame became frames position by position
        low = self.chl_reduction(maps).unflatten(0, (-1, time)).permute(0, 3, 4, 1, 2)
        flat = low.flatten(1, 3)
        mixed = (self.thw_expansion(self.thw_reduction(flat)) + flat).view(low.shape)
        mixed = mixed.permute(0, 3, 4, 1, 2).flatten(0, 1)
        return torch.relu(maps + self.chl_expansion(mixed))

    monkeypatch.setattr("sticc_lib.models.peers.sinet_parts.Integration.forward", forward)
    assert errors(load("idnet"))["feat"] > 10 * CLOSE


@pytest.mark.long
def test_moments_about_zero_are_seen_in_sanet(monkeypatch):
    def uncentred(rows):
        deviation = rows.std(1, correction=0)
        higher = [rows.pow(i).mean(1) / deviation.pow(i) for i in (4, 5, 6)]
        stats = torch.stack([rows.mean(1), deviation, *higher], 1)
        return torch.nn.functional.normalize(stats, dim=2)

    name = "sticc_lib.models.peers.sinet_parts.StatisticAttention.statistics"
    monkeypatch.setattr(name, staticmethod(uncentred))
    assert errors(load("sanet"))["feat"] > 10 * CLOSE


@pytest.mark.parametrize(("seed", "time", "name"), [(6, 4, "SINet.infonce"), (8, 8, "T8")])
def test_info_nce_is_the_official_one(seed, time, name):
    key = "SINet.infonce_T8" if name == "T8" else name
    found = sinet.info_nce(goldens.draws(seed, 16, 64, time).mT)
    assert goldens.error(found, goldens.loss(key)) < CLOSE
    mean = sinet.info_nce(goldens.draws(seed, 16, 64, time).mT, faithful=False)
    assert goldens.error(mean * time, goldens.loss(key)) < CLOSE  # as many groups as frames, here


@pytest.mark.parametrize("name", ["SINet.triplet_cos_m0.3", "BiCNet.triplet_cos_m0.5"])
def test_triplet_on_cosines_is_the_official_one(name):
    margin = float(name[-3:])
    found = losses.cosine_triplet(goldens.draws(1, 16, 64), goldens.FOURS, margin)
    assert goldens.error(found, goldens.loss(name)) < CLOSE
