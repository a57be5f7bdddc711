"""M1 and M2 against the specification's equations, and what each mode of M1 computes."""

import dataclasses

import pytest
import torch

from sticc_lib.config import HeadConfig
from sticc_lib.models.encoder import CommonEncoder, IndividualEncoder

BASE = HeadConfig(channels=8, heads=2, slots=3, encoder_frames=0)
B, T, N, C, S = 2, 4, 5, 8, 3


def config(**changes):
    return dataclasses.replace(BASE, **changes)


def made(kind, dtype=torch.float64, **changes):
    torch.manual_seed(0)
    module = kind(config(**changes)).to(dtype).eval()
    with torch.no_grad():  # leave the starts at zero, so that every term counts
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return module


def drawn(*shape, dtype=torch.float64, seed=1):
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def common_by_hand(encoder, tokens, position=None):
    """G of one frame [N C], as sticc.md M1 has it."""
    x = encoder.norm(tokens)
    query, value = encoder.to_query(x), encoder.to_value(x)
    key = encoder.to_key(x if position is None else x + position)
    heads, width = encoder.attention.heads, tokens.shape[-1] // encoder.attention.heads
    parts = []
    for h in range(heads):
        own = slice(h * width, (h + 1) * width)
        weights = (query[:, own] @ key[:, own].T / width**0.5).softmax(-1)
        parts.append(weights @ value[:, own])
    mixed = tokens + encoder.out(torch.cat(parts, -1))
    ffn = encoder.ffn
    return mixed + ffn.fall(torch.nn.functional.gelu(ffn.rise(ffn.norm(mixed))))


def individual_by_hand(encoder, key, value):
    """alpha [T h S N], rho [T h S], E' [T S C] of one clip, with loops."""
    heads, width = encoder.heads, key.shape[-1] // encoder.heads
    query = encoder.to_query(encoder.norm(encoder.slots))
    alpha = torch.zeros(len(key), heads, S, N, dtype=key.dtype)
    evidence = torch.zeros(len(key), heads, S, dtype=key.dtype)
    found = torch.zeros(len(key), S, key.shape[-1], dtype=key.dtype)
    for t in range(len(key)):
        for h in range(heads):
            own = slice(h * width, (h + 1) * width)
            for s in range(S):
                logits = key[t, :, own] @ query[s, own] / width**0.5
                alpha[t, h, s] = logits.softmax(0)
                evidence[t, h, s] = logits.exp().sum().log()
                found[t, s, own] = alpha[t, h, s] @ value[t, :, own]
    mixed, ffn = encoder.out(found), encoder.ffn
    grid = mixed + ffn.fall(torch.nn.functional.gelu(ffn.rise(ffn.norm(mixed))))
    return alpha, evidence.softmax(0), grid


@pytest.mark.parametrize("position", [None, drawn(N, C, seed=5)])
def test_parallel_m1_gives_its_equation_while_training(position):
    encoder, tokens = made(CommonEncoder).train(), drawn(B, T, N, C)
    key, value, common = encoder(tokens, position, None)
    g = torch.stack(
        [torch.stack([common_by_hand(encoder, f, position) for f in c]) for c in tokens]
    )
    torch.testing.assert_close(common, g.mean((1, 2)))
    x = encoder.norm(tokens)
    torch.testing.assert_close(key, encoder.to_key(x if position is None else x + position))
    torch.testing.assert_close(value, encoder.to_value(x))


def test_serial_m1_makes_keys_and_values_from_its_own_output():
    encoder, tokens = made(CommonEncoder, encoder="serial"), drawn(B, T, N, C)
    key, value, common = encoder(tokens, None, None)
    g = torch.stack([torch.stack([common_by_hand(encoder, f) for f in c]) for c in tokens])
    torch.testing.assert_close(key, encoder.to_key(encoder.norm(g)))
    torch.testing.assert_close(value, encoder.to_value(encoder.norm(g)))
    torch.testing.assert_close(common, g.mean((1, 2)))


@pytest.mark.parametrize("mode", ["parallel", "none"])
def test_inference_skips_self_attention_where_no_output_needs_it(mode, monkeypatch):
    encoder = made(CommonEncoder, encoder=mode)
    monkeypatch.setattr(CommonEncoder, "attended", lambda *a, **k: pytest.fail("it ran"))
    assert encoder(drawn(B, T, N, C), None, None)[2] is None


def test_encoder_none_has_no_layer_that_nothing_trains():
    encoder = made(CommonEncoder, encoder="none").train()
    key, value, _ = encoder(drawn(B, T, N, C), None, None)
    (key.square().sum() + value.square().sum()).backward()
    assert all(p.grad is not None for p in encoder.parameters())


def test_m1_can_look_at_one_random_frame_and_never_at_a_padded_one():
    encoder, tokens = made(CommonEncoder, encoder_frames=1).train(), drawn(1, T, N, C)
    single = [common_by_hand(encoder, frame).mean(0) for frame in tokens[0]]
    mask, seen = torch.tensor([[True, False, True, False]]), set()
    for seed in range(20):
        torch.manual_seed(seed)
        common = encoder(tokens, None, mask)[2][0]
        picked = [t for t in range(T) if torch.allclose(common, single[t])]
        assert len(picked) == 1
        seen.add(picked[0])
    assert seen == {0, 2}


def test_m1_with_fewer_real_frames_than_wanted_averages_the_real_ones():
    encoder, tokens = made(CommonEncoder, encoder_frames=3).train(), drawn(1, T, N, C)
    mask = torch.tensor([[True, False, False, True]])
    common = encoder(tokens, None, mask)[2][0]
    wanted = [common_by_hand(encoder, tokens[0, t]).mean(0) for t in (0, 3)]
    torch.testing.assert_close(common, torch.stack(wanted).mean(0))


@pytest.mark.parametrize("heads", [1, 2])
def test_m2_gives_its_equations(heads):
    encoder = made(IndividualEncoder, heads=heads)
    key, value = drawn(B, T, N, C), drawn(B, T, N, C, seed=2)
    seen = {}
    encoder.alpha.receive = lambda a, _: seen.update(alpha=a)
    encoder.rho.receive = lambda r, _: seen.update(rho=r)
    evidence = encoder(key, value, None)
    for b in range(B):
        alpha, rho, grid = individual_by_hand(encoder, key[b], value[b])
        torch.testing.assert_close(seen["alpha"][b], alpha)
        torch.testing.assert_close(seen["rho"][b].double(), rho, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(evidence.grid[b], grid)
        torch.testing.assert_close(evidence.relevance[b], rho.mean(1), rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(evidence.attention[b], alpha.mean(1))
    torch.testing.assert_close(seen["alpha"].sum(-1), torch.ones(B, T, heads, S).double())


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_relevance_weighted_finds_are_one_joint_attention_over_all_tokens(heads):
    """Free test 1: sum_t rho E = attention of the slot over all T*N tokens, to 1e-10."""
    encoder = made(IndividualEncoder, heads=heads)
    key, value = drawn(B, T, N, C), drawn(B, T, N, C, seed=2)
    seen = {}
    encoder.alpha.receive = lambda a, _: seen.update(alpha=a)
    encoder.rho.receive = lambda r, _: seen.update(rho=r)
    encoder(key, value, None)
    width = C // heads
    values = value.unflatten(-1, (heads, width)).transpose(2, 3)  # [B T h N d]
    condensed = torch.einsum("bths,bthsn,bthnd->bhsd", seen["rho"], seen["alpha"], values)
    query = encoder.to_query(encoder.norm(encoder.slots)).unflatten(-1, (heads, width))
    joint_key = key.flatten(1, 2).unflatten(-1, (heads, width))  # [B T*N h d]
    joint_value = value.flatten(1, 2).unflatten(-1, (heads, width))
    weights = (torch.einsum("shd,bnhd->bhsn", query, joint_key) / width**0.5).softmax(-1)
    joint = torch.einsum("bhsn,bnhd->bhsd", weights, joint_value)
    torch.testing.assert_close(condensed, joint, rtol=0, atol=1e-10)


@pytest.mark.parametrize("score", ["lse", "agreement", "uniform"])
def test_relevance_sums_to_one_over_real_frames_and_padded_ones_get_none(score):
    encoder = made(IndividualEncoder, rg_score=score)
    key, value = drawn(B, T, N, C), drawn(B, T, N, C, seed=2)
    mask = torch.tensor([[True, True, False, True], [True, False, False, False]])
    relevance = encoder(key, value, mask).relevance
    assert (relevance[~mask] == 0).all()
    torch.testing.assert_close(relevance.sum(1), torch.ones(B, S).double())
    torch.testing.assert_close(relevance[1, 0], torch.ones(S).double())  # one frame: rho = 1
    alone = encoder(key[:1, [0, 1, 3]], value[:1, [0, 1, 3]], None).relevance
    torch.testing.assert_close(relevance[:1, [0, 1, 3]], alone)


def test_uniform_score_gives_every_frame_the_same():
    encoder = made(IndividualEncoder, rg_score="uniform")
    relevance = encoder(drawn(B, T, N, C), drawn(B, T, N, C, seed=2), None).relevance
    torch.testing.assert_close(relevance, torch.full((B, T, S), 1 / T).double())


def test_agreement_prefers_frames_that_agree_with_the_others():
    encoder = made(IndividualEncoder, rg_score="agreement")
    key, value = drawn(1, T, N, C), drawn(1, T, N, C, seed=2)
    key[:, 1:3], value[:, 1:3] = key[:, :1], value[:, :1]  # frames 0 to 2 the same, 3 another
    evidence = encoder(key, value, None)
    unit = torch.nn.functional.normalize(evidence.grid[0], dim=-1)
    cosines = torch.einsum("tsc,usc->tus", unit, unit)
    mean = (cosines.sum(1) - 1) / (T - 1)
    wanted = (encoder.agreement_kappa * mean).softmax(0)
    torch.testing.assert_close(evidence.relevance[0], wanted, rtol=1e-5, atol=1e-6)
    assert (evidence.relevance[0, 3] < evidence.relevance[0, 0]).all()


def test_one_frame_gets_all_relevance_and_gradients_are_finite():
    for score in ("lse", "agreement", "uniform"):
        encoder = made(IndividualEncoder, rg_score=score)
        evidence = encoder(drawn(B, 1, N, C), drawn(B, 1, N, C, seed=2), None)
        torch.testing.assert_close(evidence.relevance, torch.ones(B, 1, S).double())
        torch.einsum("bts,btsc->bsc", evidence.relevance, evidence.grid).sum().backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in encoder.parameters())
