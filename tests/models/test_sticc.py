"""STICC whole: the free tests of the specification, every option, masks, gradients, dtypes."""

import copy
import itertools

import pytest
import torch

from sticc_lib import losses
from sticc_lib.config import LossConfig
from sticc_lib.explain.capture import capture

B, T, H, W = 4, 3, 32, 16
PERSONS = torch.tensor([0, 0, 1, 1])


def frames(batch=B, time=T, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, time, 3, H, W, generator=generator).to(dtype)


def stirred(model, scale=0.2):
    """Away from the starts at zero, so that no term is missing; eval mode."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(scale * torch.randn_like(parameter))
    return model.eval()


def maps_of(model, clips, mask=None):
    with torch.no_grad(), capture(model) as maps:
        out = model(clips, mask)
    return out, {name: maps[name].value for name in maps}


def blocks(model, embedding):
    """RV_FG, r_sp and r_tm parts of an embedding."""
    return embedding.unflatten(1, (3, -1)).unbind(1)


def test_embedding_is_three_blocks_of_equal_length_and_unit_norm(tiny):
    model = stirred(tiny())
    out = model(frames())
    assert out.embedding.shape == (B, 3 * 16)
    torch.testing.assert_close(out.embedding.norm(dim=1), torch.ones(B))
    for block in blocks(model, out.embedding):
        torch.testing.assert_close(block.norm(dim=1), torch.full((B,), 3**-0.5))
    normal = model.detail_neck.norm(out.features["detail"])
    wanted = torch.nn.functional.normalize(normal, dim=1) * 3**-0.5
    torch.testing.assert_close(blocks(model, out.embedding)[0], wanted)
    assert out.features["abstraction"].shape == (B, 32)
    assert not out.logits


def test_free_2_detail_and_spatial_parts_ignore_the_order_of_frames_the_temporal_does_not(tiny):
    model, clips = stirred(tiny()).double(), frames(dtype=torch.float64)
    with torch.no_grad():
        model.abstraction.temporal_memory.values.mul_(10)
    detail, spatial, temporal = blocks(model, model(clips).embedding)
    turned = blocks(model, model(clips[:, [2, 0, 1]]).embedding)
    torch.testing.assert_close(turned[0], detail)
    torch.testing.assert_close(turned[1], spatial)
    assert (turned[2] - temporal).abs().max() > 1e-4


@pytest.mark.parametrize("mask", [None, torch.tensor([[True, True, False]] * 3 + [[True] * 3])])
def test_free_3_all_weights_sum_to_one(tiny, mask):
    maps = maps_of(stirred(tiny()), frames(), mask)[1]
    real = torch.ones(B, T) if mask is None else mask.float()
    sums = {
        "individual.alpha": (maps["individual.alpha"].sum(-1), 1),
        "individual.rho": (maps["individual.rho"].sum(1), 1),
        "detail.pi": (maps["detail.pi"].sum(1), 1),
        "abstraction.a": (maps["abstraction.a"].sum(-1), real),
        "abstraction.beta": (maps["abstraction.beta"].sum(-1), real),
        "abstraction.b": (maps["abstraction.b"].sum(-1), 1),
        "abstraction.gamma": (maps["abstraction.gamma"].sum(1), 1),
        "common.attention": (maps["common.attention"].sum(-1), 1),
    }
    assert set(sums) == set(maps)
    for total, wanted in sums.values():
        torch.testing.assert_close(total, torch.ones_like(total) * wanted)
    assert (maps["individual.rho"].sum((2, 3))[real == 0] == 0).all()
    assert (maps["abstraction.gamma"][real == 0] == 0).all()


def test_free_4_looking_at_m1_changes_no_output_bit_of_parallel_mode(tiny):
    model, clips = stirred(tiny()), frames()
    with torch.no_grad():
        plain = model(clips).embedding
    out, maps = maps_of(model, clips)
    assert "common.attention" in maps
    assert torch.equal(out.embedding, plain)


@pytest.mark.parametrize("encoder", ["parallel", "serial", "none"])
def test_fused_and_explicit_forward_agree(tiny, encoder):
    model, clips = stirred(tiny(encoder=encoder)), frames()
    with torch.no_grad():
        plain = model(clips).embedding
    torch.testing.assert_close(maps_of(model, clips)[0].embedding, plain, rtol=0, atol=1e-5)


def test_free_4_gradients_reach_keys_and_values_from_the_common_branch_alone(tiny):
    model = stirred(tiny()).train()
    out = model(frames())
    losses.identity(out.logits["common"], PERSONS).backward()
    for name in ("to_query", "to_key", "to_value", "out"):
        assert getattr(model.common, name).weight.grad.abs().sum() > 0, name
    assert model.individual.slots.grad is None  # c knows nothing of the slots
    assert all(p.grad is None for p in model.detail.parameters())


def test_free_6_one_frame_works_and_takes_all_weight(tiny):
    model = stirred(tiny())
    out, maps = maps_of(model, frames(time=1))
    assert out.embedding.isfinite().all()
    torch.testing.assert_close(maps["individual.rho"], torch.ones(B, 1, 2, 4))
    torch.testing.assert_close(maps["abstraction.gamma"], torch.ones(B, 1))
    assert model(frames(batch=1, time=1)).embedding.shape == (1, 48)


def test_free_8_slots_move_with_the_columns_of_the_spatial_values(tiny):
    model, clips, order = stirred(tiny()), frames(), torch.tensor([2, 0, 3, 1])
    plain = model(clips).embedding
    with torch.no_grad():
        model.individual.slots.copy_(model.individual.slots[order])
        assert not torch.allclose(model(clips).embedding, plain, atol=1e-5)
        values = model.abstraction.spatial_memory.values
        values.copy_(values[:, order])
    torch.testing.assert_close(model(clips).embedding, plain, rtol=0, atol=1e-5)


@pytest.mark.parametrize("score", ["lse", "agreement", "uniform"])
@pytest.mark.parametrize("place", ["end", "middle"])
def test_free_9_padded_frames_leave_the_embedding_unchanged(tiny, score, place):
    model = stirred(tiny(rg_score=score))
    clips, noise = frames(), 5 * frames(time=2, seed=9)
    short, real = model(clips).embedding, torch.ones(B, T, dtype=torch.bool)
    hidden = ~real[:, :2]
    cut = 1 if place == "middle" else T
    padded = torch.cat([clips[:, :cut], noise, clips[:, cut:]], 1)
    mask = torch.cat([real[:, :cut], hidden, real[:, cut:]], 1)
    torch.testing.assert_close(model(padded, mask).embedding, short, rtol=0, atol=1e-5)
    assert not torch.allclose(model(padded).embedding, short, atol=1e-3)


def test_clips_of_different_length_can_share_a_batch(tiny):
    model, clips = stirred(tiny()), frames(time=5)
    mask = torch.arange(5) < torch.tensor([1, 2, 5, 4]).unsqueeze(1)
    together = model(clips, mask).embedding
    for row, count in enumerate((1, 2, 5, 4)):
        alone = model(clips[row : row + 1, :count]).embedding[0]
        torch.testing.assert_close(together[row], alone, rtol=0, atol=1e-5)


def test_free_10_doubling_every_frame_changes_only_the_temporal_part_doubling_one_more(tiny):
    model, clips = stirred(tiny()), frames()
    with torch.no_grad():
        detail, spatial, _ = blocks(model, model(clips).embedding)
        doubled = blocks(model, model(clips.repeat_interleave(2, 1)).embedding)
        torch.testing.assert_close(doubled[0], detail, rtol=0, atol=1e-5)
        torch.testing.assert_close(doubled[1], spatial, rtol=0, atol=1e-5)
        one = blocks(model, model(clips[:, [0, 0, 1, 2]]).embedding)
        assert (one[0] - detail).abs().max() > 1e-4
        assert (one[1] - spatial).abs().max() > 1e-4


OPTIONS = [
    *({"encoder": e} for e in ("parallel", "serial", "none")),
    *({"encoder_frames": n} for n in (0, 1, 2, 9)),
    *({"decoders": d} for d in ("rg", "mg")),
    *({"rg_pool": p, "rg_score": s}
      for p, s in itertools.product(("sum", "concat"), ("lse", "agreement", "uniform"))),
    *({"spatial": s, "temporal": t}
      for s, t in itertools.product(("attend", "subtract", "off"), ("memory", "mean", "off"))),
    {"position": "learned"}, {"slots": 1}, {"heads": 1}, {"heads": 16}, {"clip_length": 1},
    {"spatial_items": 1, "temporal_items": 1}, {"channels": 24}, {"trainable_blocks": 1},
    {"trainable_blocks": 0}, {"kappa": 10.0, "score_kappa": 1.0, "ffn_ratio": 4},
    {"decoders": "mg", "rg_score": "agreement"},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_option_builds_trains_a_step_and_reaches_all_that_learns(tiny, options):
    model = tiny(**options).train()
    mask = torch.tensor([[True, True, False], [True] * 3, [True] * 3, [True, False, False]])
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
    for _ in range(2):  # some layers start at zero and pass gradients on from the second step
        out = model(frames(), mask)
        loss, terms = losses.total(out.features, out.logits, out.extras, PERSONS, LossConfig())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.isfinite()
    assert all(value.isfinite() for value in terms.values())
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            assert parameter.grad is None, name
            assert torch.equal(parameter, before[name]), name
        else:
            assert parameter.grad is not None, f"{name} gets no gradient: distributed runs stop"
            assert parameter.grad.isfinite().all(), name
    assert model.eval()(frames(time=5)).embedding.isfinite().all()


def test_embedding_width_follows_the_decoders(tiny):
    widths = {
        tuple(options.items()): tiny(**options).eval()(frames()).embedding.shape[1] // 16
        for options in ({}, {"decoders": "rg"}, {"decoders": "mg"}, {"temporal": "off"})
    }
    assert list(widths.values()) == [3, 1, 2, 2]


def test_position_code_reaches_keys_only(tiny):
    model = stirred(tiny(position="learned"))
    clips = frames()
    tokens = model.stem(model.trunk(clips.flatten(0, 1)), B)
    with_code = model.common(tokens, model.stem.position, None)
    without = model.common(tokens, None, None)
    assert not torch.allclose(with_code[0], without[0])
    assert torch.equal(with_code[1], without[1])


@pytest.mark.parametrize("options", [{}, {"spatial": "subtract", "rg_score": "agreement"},
                                     {"encoder": "serial", "rg_pool": "concat"}])  # fmt: skip
def test_bf16_autocast_trains_and_stays_near_fp32(tiny, options):
    model = stirred(tiny(**options), 0.05)
    clips, mask = frames(), torch.tensor([[True, True, False]] + [[True] * 3] * 3)
    plain = model(clips, mask).embedding
    with torch.autocast("cpu", torch.bfloat16):
        half = model(clips, mask).embedding
    assert half.dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(half, plain).min() > 0.995
    model.train()
    with torch.autocast("cpu", torch.bfloat16):
        out = model(clips, mask)
    loss, _ = losses.total(out.features, out.logits, out.extras, PERSONS, LossConfig())
    loss.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    with torch.autocast("cpu", torch.bfloat16), capture(model.eval()) as maps:
        model(clips, mask)
    relevance = maps["individual.rho"].value.float().sum(1)
    torch.testing.assert_close(relevance, torch.ones_like(relevance), rtol=0, atol=0.02)


@pytest.mark.parametrize("name", ["sticc", "mean_pool", "attention_pool", "hsv_histogram"])
def test_unusable_clips_and_masks_are_refused(tiny, name):
    model = tiny(name).eval()
    with pytest.raises(ValueError, match=r"expected clips \[B T 3 H W\], got \(4, 3, 32, 16\)"):
        model(frames()[:, 0])
    with pytest.raises(ValueError, match="T = 0"):
        model(frames()[:, :0])
    mask = torch.ones(B, T, dtype=torch.bool)
    mask[2] = False
    with pytest.raises(ValueError, match="hides every frame of clip 2"):
        model(frames(), mask)
    with pytest.raises(ValueError, match=r"expected a bool mask \(4, 3\), got torch.int64"):
        model(frames(), torch.ones(B, T, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"got torch.bool \(4, 2\)"):
        model(frames(), mask[:, :2])


def test_one_row_in_training_is_refused_by_the_batchnorm_not_silently_wrong(tiny):
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        tiny().train()(frames(batch=1))


def test_free_5_a_noisy_frame_loses_relevance_once_trained(tiny):
    """Tiny occlusion test: colours as persons; one frame a clip is noise on a wrong colour.

    Of the detail branch alone over a frozen trunk. A whole model can also learn to make nothing of
    noise in its stem or its memories, and then the relevance has no reason to move.
    """
    model = tiny(trainable_blocks=0, decoders="rg", encoder="none").train()
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 1e-2)
    generator, rows = torch.Generator().manual_seed(0), torch.arange(8)
    persons = torch.arange(4).repeat_interleave(2)
    colours = torch.randn(4, 3, generator=generator)[persons]

    def batch():
        clips = colours.view(8, 1, 3, 1, 1).expand(8, 3, 3, H, W)
        clips = clips + 0.1 * torch.randn(clips.shape, generator=generator)
        noisy = torch.randint(3, (8,), generator=generator)
        clips[rows, noisy] = 2 * torch.randn(8, 3, 1, 1, generator=generator)
        clips[rows, noisy] += 1.5 * torch.randn(8, 3, H, W, generator=generator)
        return clips, noisy

    def noisy_relevance():
        clips, noisy = batch()
        return maps_of(model.eval(), clips)[1]["individual.rho"].mean((2, 3))[rows, noisy].mean()

    assert noisy_relevance() == pytest.approx(1 / 3, abs=0.02)
    model.train()
    for _ in range(80):
        out = model(batch()[0])
        loss, _ = losses.total(out.features, out.logits, out.extras, persons, LossConfig())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert noisy_relevance() < 0.29
