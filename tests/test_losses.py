"""Losses the slow way, against pytorch-metric-learning and against the compared methods' code."""

import json
import math

import numpy as np
import pytest
import torch

from sticc_lib import losses
from sticc_lib.config import LossConfig
from sticc_lib.run import project_root

GOLDENS = project_root().parent / "shared/goldens/LOSSES/golden.json"
PERSONS = torch.arange(4).repeat_interleave(4)


def drawn(seed, *shape):
    generator = np.random.Generator(np.random.PCG64(seed))
    return torch.from_numpy(generator.standard_normal(shape)).float()


@pytest.fixture
def golden():
    if not GOLDENS.exists():
        pytest.skip("the goldens stand in ../shared only")
    return json.loads(GOLDENS.read_text())


def triplet_by_hand(features, persons, margin):
    terms = []
    for a in range(len(features)):
        distance = [math.dist(features[a], other) for other in features.tolist()]
        far = max(d for d, p in zip(distance, persons, strict=True) if p == persons[a])
        near = min(d for d, p in zip(distance, persons, strict=True) if p != persons[a])
        gap = far - near
        terms.append(math.log1p(math.exp(gap)) if margin is None else max(gap + margin, 0))
    return sum(terms) / len(terms)


def test_identity_by_hand():
    logits, persons = drawn(0, 3, 5), torch.tensor([4, 0, 2])
    wanted = 0.0
    for row, person in zip(logits.tolist(), persons.tolist(), strict=True):
        total = math.log(sum(math.exp(v) for v in row))
        for k, value in enumerate(row):
            target = 0.2 / 5 + (0.8 if k == person else 0)
            wanted -= target * (value - total) / 3
    assert losses.identity(logits, persons, 0.2).item() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("margin", [0.0, 0.3, 2.0, None])
@pytest.mark.parametrize("scale", [0.1, 1.0])
def test_batch_hard_triplet_by_hand(margin, scale):
    features, persons = scale * drawn(1, 9, 6), torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 5])
    found = losses.batch_hard_triplet(features, persons, margin).item()
    assert found == pytest.approx(triplet_by_hand(features, persons, margin), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("margin", [0.3, 5.0])
def test_batch_hard_triplet_is_pytorch_metric_learnings(margin):
    from pytorch_metric_learning import distances, miners, reducers
    from pytorch_metric_learning import losses as reference

    features = drawn(2, 16, 8).requires_grad_()
    distance = distances.LpDistance(normalize_embeddings=False)
    theirs = reference.TripletMarginLoss(margin, distance=distance, reducer=reducers.MeanReducer())
    triplets = miners.BatchHardMiner(distance=distance)(features, PERSONS)
    wanted = theirs(features, PERSONS, triplets)
    found = losses.batch_hard_triplet(features, PERSONS, margin)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
    (ours,) = torch.autograd.grad(found, features)
    (other,) = torch.autograd.grad(wanted, features)
    torch.testing.assert_close(ours, other, rtol=1e-3, atol=1e-5)


def test_goldens_of_the_compared_methods(golden):
    features, logits = drawn(1, 16, 64), drawn(2, 16, 10)
    assert losses.identity(logits, PERSONS).item() == pytest.approx(golden["PSTA.ce_ls"], rel=1e-6)
    soft = losses.batch_hard_triplet(features, PERSONS, None).item()
    assert soft == pytest.approx(golden["STMN.triplet_soft_eu"], rel=1e-6)
    address = (0.2 * drawn(10, 24, 5)).softmax(1)
    (spread,) = (v for k, v in golden.items() if k.startswith("STMN.mem_trip_m0.3"))
    assert losses.memory_spread(address, 0.3).item() == pytest.approx(spread, rel=1e-6)


def test_equal_features_give_the_margin_and_a_finite_gradient():
    features = torch.ones(8, 4, requires_grad=True)
    loss = losses.batch_hard_triplet(features, PERSONS[::2], 0.3)
    assert loss.item() == pytest.approx(0.3)
    loss.backward()
    assert features.grad.isfinite().all()


def test_a_person_alone_in_the_batch_is_its_own_farthest_mate():
    features = torch.tensor([[0.0], [1.0], [5.0]])
    found = losses.batch_hard_triplet(features, torch.tensor([0, 0, 1]), 0.3).item()
    assert found == pytest.approx(0)
    assert losses.batch_hard_triplet(features, torch.tensor([0, 1, 2]), 1.5).item() == (
        pytest.approx((0.5 + 0.5 + 0) / 3, abs=1e-5)
    )


def test_a_batch_of_one_person_is_refused():
    with pytest.raises(ValueError, match="draw at least two persons"):
        losses.batch_hard_triplet(drawn(0, 4, 3), torch.zeros(4))


def test_diversity_is_the_mean_cosine_between_different_slots():
    slots = drawn(3, 2, 4, 6)
    cosines = [
        torch.cosine_similarity(clip[i], clip[j], dim=0).item()
        for clip in slots for i in range(4) for j in range(4) if i != j
    ]  # fmt: skip
    assert losses.diversity(slots).item() == pytest.approx(sum(cosines) / len(cosines), abs=1e-6)
    assert losses.diversity(slots[:, :1].expand(-1, 4, -1)).item() == pytest.approx(1, abs=1e-5)
    assert losses.diversity(torch.eye(4).unsqueeze(0)).item() == pytest.approx(0, abs=1e-6)
    assert losses.diversity(slots[:, :1]).item() == 0


def test_spread_is_zero_when_rows_cover_the_items_and_delta_when_all_are_alike():
    """Free test 7 of the specification."""
    assert losses.memory_spread(torch.eye(5).repeat(2, 1), 0.3).item() == 0
    assert losses.memory_spread(torch.full((6, 4), 0.25), 0.3).item() == pytest.approx(0.3)
    assert losses.memory_spread(drawn(4, 1, 5).softmax(1)).item() == 0  # one row: nothing to say


def test_spread_by_hand():
    address = torch.tensor([[0.5, 0.4, 0.1], [0.4, 0.5, 0.1], [0.3, 0.3, 0.4]])
    # ranges 0.2, 0.2 and 0.3: short of 0.25 by 0.05, 0.05 and 0
    assert losses.memory_spread(address, 0.25).item() == pytest.approx(0.1 / 3)


@pytest.mark.parametrize(
    "loss", [lambda x: losses.identity(x, PERSONS), losses.memory_spread,
             lambda x: losses.batch_hard_triplet(x, PERSONS),
             lambda x: losses.diversity(x.view(4, 4, 8))],
)  # fmt: skip
def test_every_loss_is_computed_in_fp32_from_bf16_and_gives_a_gradient(loss):
    values = drawn(5, 16, 8).softmax(1)
    half = values.bfloat16().requires_grad_()
    found = loss(half)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(loss(half.detach().float()).item(), rel=1e-6)
    found.backward()
    assert half.grad.isfinite().all()


def test_total_is_the_weighted_sum_of_the_terms_it_names():
    features = {name: drawn(k, 16, 8) for k, name in enumerate(("common", "detail", "abstraction"))}
    logits = {name: drawn(k + 5, 16, 4) for k, name in enumerate(features)}
    extras = {"slots": drawn(8, 16, 3, 8),
              "addresses": {"spatial": drawn(9, 32, 4).softmax(1),
                            "temporal": drawn(10, 16, 5).softmax(1)}}  # fmt: skip
    config = LossConfig(margin=0.4, common=0.5, diversity=0.1, spread=2.0, spread_delta=0.9)
    total, terms = losses.total(features, logits, extras, PERSONS, config)
    assert set(terms) == {
        *(f"{kind}/{name}" for kind in ("id", "triplet") for name in features),
        "diversity", "spread/spatial", "spread/temporal",
    }  # fmt: skip
    wanted = 0.0
    for name in features:
        own = losses.identity(logits[name], PERSONS, 0.1)
        own = own + losses.batch_hard_triplet(features[name], PERSONS, 0.4)
        wanted += (0.5 if name == "common" else 1) * own
    wanted += 0.1 * losses.diversity(extras["slots"])
    wanted += 2 * sum(losses.memory_spread(a, 0.9) for a in extras["addresses"].values())
    torch.testing.assert_close(total, wanted)
    assert not any(term.requires_grad for term in terms.values())


def test_terms_of_weight_zero_are_left_out():
    features = {"common": drawn(0, 16, 8), "detail": drawn(1, 16, 8)}
    logits = {name: drawn(2, 16, 4) for name in features}
    extras = {"slots": drawn(8, 16, 3, 8), "addresses": {"spatial": drawn(9, 32, 4).softmax(1)}}
    none = LossConfig(common=0, diversity=0, spread=0)
    assert set(losses.total(features, logits, extras, PERSONS, none)[1]) == {
        "id/detail", "triplet/detail",
    }  # fmt: skip
    plain = losses.total({"pooled": features["detail"]}, {"pooled": logits["detail"]}, {}, PERSONS,
                         LossConfig())  # fmt: skip
    assert set(plain[1]) == {"id/pooled", "triplet/pooled"}
