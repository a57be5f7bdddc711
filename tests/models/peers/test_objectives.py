"""What each compared method is trained on: its published terms, weighed as published."""

import goldens
import pytest
import torch
from torch.nn.functional import normalize

from sticc_lib import losses
from sticc_lib.config import HeadConfig, LossConfig, TrunkConfig
from sticc_lib.models.base import ModelSpec, Output
from sticc_lib.models.peers import bicnet_tks, grl, methods, msinet_sam, pat, sinet
from sticc_lib.models.trunk import build_trunk

SIZE, PERSONS = (64, 64), torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
HEAD = HeadConfig(channels=16, heads=2, slots=3, spatial_items=4, temporal_items=3)
TERMS = {
    "psta": {"id/level1", "id/level2", "triplet/level1", "triplet/level2"},
    "stmn": {"id/frames", "id/clip", "triplet/frames", "triplet/clip", "spread/spatial",
             "spread/temporal"},
    "grl": {"id/frames", "id/attended", "id/rest", "pairs", "triplet/attended"},
    "pat": {"diversity"} | {f"{kind}/{name}" for kind in ("id", "triplet")
                            for name in ("whole", "part1", "part2", "part3")},
    "msinet": {"id/whole", "id/halves", "triplet/whole", "triplet/halves"},
    "msinet_sam": {"id/whole", "id/halves", "triplet/whole", "triplet/halves", "alignment"},
}  # fmt: skip
"""Of those that are cheap to build; what lives inside a ResNet is given its outputs below."""


def build(name):
    torch.manual_seed(0)
    spec = ModelSpec(4, SIZE)
    trunk = build_trunk(TrunkConfig("small", "none", -1), SIZE)
    if name == "pat":
        return pat.Pat(trunk, spec, HEAD, 2)
    if name == "grl":
        return grl.Grl(trunk, spec, 2)
    if name.startswith("msinet"):
        return methods.METHODS[name].build(methods.METHODS[name].paper(name), spec, 2)
    from sticc_lib.models.peers import psta, stmn

    return {"psta": psta.Psta, "stmn": stmn.Stmn}[name](trunk, spec, HEAD, 2)


def clips():
    return torch.randn(8, 4, 3, *SIZE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", TERMS)
def test_the_published_terms_are_finite_and_reach_all_that_learns(name):
    model = build(name)
    out = model(clips())
    model.after_step(out, PERSONS)  # tables at zero would give nothing
    loss, terms = model.objective(out, PERSONS, LossConfig())
    assert set(terms) == TERMS[name]
    assert all(bool(v.isfinite()) and not v.requires_grad for v in [*terms.values()])
    loss.backward()
    learning = {n: p for n, p in model.named_parameters() if p.requires_grad}
    assert [n for n, p in learning.items() if p.grad is None] == []
    assert all(bool(p.grad.isfinite().all()) for p in learning.values())


def given(name, **extras):
    """Outputs of a method with one feature `clip`, and its objective of them."""
    out = Output(
        torch.zeros(16, 8), {"clip": goldens.draws(1, 16, 64)},
        {"clip": goldens.draws(2, 16, 10)}, extras,
    )  # fmt: skip
    owner = {"sinet": sinet.SiNet, "bicnet_tks": bicnet_tks.BicnetTks}[name]
    model = owner.__new__(owner)
    torch.nn.Module.__init__(model)
    model.faithful = True
    return lambda **settings: model.objective(out, goldens.FOURS, LossConfig(**settings))


def test_bicnet_weighs_identity_triplet_or_contrast_and_divergence():
    parts = [goldens.draws(seed, 32, 8).softmax(-1) for seed in (3, 4, 5)]
    objective = given("bicnet_tks", parts=parts)
    wanted = torch.nn.functional.cross_entropy(goldens.draws(2, 16, 10), goldens.FOURS)
    small = 0.01 * goldens.loss("BiCNet.div")
    loss, terms = objective()
    assert float(terms["triplet/clip"]) == pytest.approx(goldens.loss("BiCNet.triplet_cos_m0.5"))
    assert float(loss) == pytest.approx(float(wanted + terms["triplet/clip"]) + small)
    loss, terms = objective(contrast=True)
    contrast = goldens.loss("BiCNet.supcon_scale16")
    assert float(loss) == pytest.approx(float(wanted) + contrast + small)
    assert set(terms) == {"id/clip", "contrast/clip", "divergence"}


@pytest.mark.parametrize(("time", "key"), [(4, "SINet.infonce"), (8, "SINet.infonce_T8")])
def test_sinet_adds_its_contrast_of_frames_at_a_thousandth(time, key):
    projected = goldens.draws(6 if time == 4 else 8, 16, 64, time).mT
    loss, terms = given("sinet", projected=projected)()
    contrast = goldens.loss(key)
    assert float(terms["contrast/frames"]) == pytest.approx(contrast, rel=1e-5)
    wanted = torch.nn.functional.cross_entropy(goldens.draws(2, 16, 10), goldens.FOURS)
    wanted = float(wanted) + goldens.loss("SINet.triplet_cos_m0.3") + 0.001 * contrast
    assert float(loss) == pytest.approx(wanted, rel=1e-6)
    assert set(given("sinet")()[1]) == {"id/clip", "triplet/clip"}  # variants without SBM


def test_sinet_takes_as_many_clips_of_a_person_as_stand_together_and_refuses_single_ones():
    assert sinet.neighbours(torch.tensor([0, 0, 0, 0, 0, 0, 0, 0])) == 4  # twice four
    assert sinet.neighbours(torch.tensor([0, 0, 0, 1, 1, 1])) == 3
    assert sinet.neighbours(torch.tensor([0, 0, 1, 1])) == 2
    for persons in ([0, 1, 2, 3], [0, 1, 1, 0], [0, 0, 1]):
        with pytest.raises(ValueError, match=r"set train\.tracklets to 4"):
            sinet.neighbours(torch.tensor(persons))


def test_msinets_losses_are_the_official_ones():
    features = normalize(goldens.draws(1, 16, 64), dim=1)
    found = losses.batch_hard_triplet(features, goldens.FOURS, 0.3)
    assert goldens.error(found, goldens.loss("MSINet.triplet_l2n_m0.3")) < 1e-5
    rows = goldens.draws(9, 17, 16, 12)
    found = msinet_sam.alignment(rows[:16], rows[16], goldens.FOURS)
    assert goldens.error(found, goldens.loss("MSINet.sam_pos_neg")) < 1e-5


def test_pats_parts_count_together_as_much_as_the_whole():
    model, out = build("pat"), None
    out = model(clips())
    loss, terms = model.objective(out, PERSONS, LossConfig())
    parts = sum(float(v) for n, v in terms.items() if "/part" in n) / 3
    whole = float(terms["id/whole"] + terms["triplet/whole"])
    assert loss.item() == pytest.approx(whole + parts + float(terms["diversity"]), rel=1e-5)


def test_grl_learns_from_pairs_of_one_person_and_refuses_others():
    model = build("grl")
    out = model(clips())
    with pytest.raises(ValueError, match=r"pairs of one person, side by side; set train\.sampler"):
        model.objective(out, torch.tensor([0, 1, 0, 1, 0, 1, 0, 1]), LossConfig())


def test_grls_tables_move_by_the_frames_then_by_the_clips_after_the_loss_was_taken():
    model = build("grl")
    out = model(clips())
    first = model.objective(out, PERSONS, LossConfig())[1]
    assert float(first["id/frames"]) == pytest.approx(float(torch.tensor(2.0).log()))  # zeros
    model.after_step(out, PERSONS)
    wanted = torch.zeros(2, 64)
    rows = [*zip(out.extras["frames"].flatten(0, 1), PERSONS.repeat_interleave(4), strict=True),
            *zip(out.extras["attended"], PERSONS, strict=True)]  # fmt: skip
    for row, person in rows:
        wanted[person] = normalize(0.5 * wanted[person] + 0.5 * row.detach(), dim=0)
    torch.testing.assert_close(model.shared_table.table, wanted)
    norms = model.rest_table.table.norm(dim=1)
    torch.testing.assert_close(norms, torch.ones(2))


def test_grls_tables_are_part_of_its_state_and_official_ones_without_them_start_at_zero():
    model = build("grl")
    model.after_step(model(clips()), PERSONS)
    state = model.state_dict()
    again = build("grl")
    again.load_state_dict(state)
    assert torch.equal(again.shared_table.table, model.shared_table.table)
    bare = {k: v for k, v in state.items() if not k.endswith("_table.table")}
    again.load_state_dict(bare)
    assert not again.shared_table.table.any()
    assert not any("table" in k for k in grl.official_keys(_resnet_grl()))


def _resnet_grl():
    with torch.device("meta"):
        return grl.Grl(goldens.resnet(), ModelSpec(8, (256, 128)), 2)
