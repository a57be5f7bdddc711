"""M3 and M4 against the specification's equations, loop by loop."""

import dataclasses

import pytest
import torch

from sticc_lib.config import HeadConfig
from sticc_lib.models.decoder import AbstractionDecoder, DetailDecoder, _resized
from sticc_lib.models.encoder import Evidence

BASE = HeadConfig(channels=6, heads=1, slots=3, spatial_items=4, temporal_items=5)
B, T, S, C = 2, 4, 3, 6


def made(kind, *arguments, **changes):
    torch.manual_seed(0)
    module = kind(dataclasses.replace(BASE, **changes), *arguments).double().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
        for name, statistic in module.named_buffers():
            if "running" in name:
                statistic.copy_(torch.rand_like(statistic) + 0.5)
    return module


def evidence(time=T, seed=1):
    generator = torch.Generator().manual_seed(seed)
    grid = torch.randn(B, time, S, C, dtype=torch.float64, generator=generator)
    relevance = torch.rand(B, time, S, dtype=torch.float64, generator=generator).softmax(1)
    return Evidence(grid, relevance, torch.ones(B, time, S, 1))


def watched(decoder):
    """What passes the decoder's taps, by name."""
    seen = {}
    for name, module in decoder.named_modules():
        if hasattr(module, "receive"):
            module.receive = lambda value, _, name=name: seen.update({name: value})
    return seen


def batchnorm(norm, x):
    scale = (norm.running_var + norm.eps).sqrt()
    return (x - norm.running_mean) / scale * norm.weight + norm.bias


def address_by_hand(memory, query):
    query = batchnorm(memory.norm, query)
    cosines = torch.stack([torch.cosine_similarity(query, key, dim=0) for key in memory.keys])
    return (memory.kappa * cosines).softmax(0)


def spatial_by_hand(decoder, grid):
    """f [T C], a [T M], beta [T S] of one clip."""
    frames, addresses, betas = [], [], []
    for frame in grid:
        memory = decoder.spatial_memory
        a = address_by_hand(memory, decoder.to_address(frame.mean(0)))
        read = a @ memory.values
        if decoder.spatial == "subtract":
            frames.append(frame.mean(0) - batchnorm(decoder.distractor, read))
        else:
            betas.append(read.softmax(0))
            frames.append(sum(b * e for b, e in zip(betas[-1], frame, strict=True)))
        addresses.append(a)
    return torch.stack(frames), torch.stack(addresses), betas


def test_detail_is_slots_condensed_over_frames_then_weighted_by_their_likeness():
    decoder, given = made(DetailDecoder), evidence()
    seen = watched(decoder)
    detail, z = decoder(given)
    for b in range(B):
        slots = torch.stack([
            sum(given.relevance[b, t, s] * given.grid[b, t, s] for t in range(T)) for s in range(S)
        ])  # fmt: skip
        torch.testing.assert_close(z[b], slots)
        likeness = torch.stack([torch.cosine_similarity(s, slots.mean(0), dim=0) for s in slots])
        pi = (decoder.kappa * likeness).softmax(0)
        torch.testing.assert_close(seen["pi"][b], pi)
        torch.testing.assert_close(detail[b], pi @ slots)


def test_concat_lays_narrow_projections_of_the_slots_side_by_side():
    decoder, given = made(DetailDecoder, rg_pool="concat"), evidence()
    detail, z = decoder(given)
    wanted = torch.cat([z[:, s] @ decoder.narrow[s] for s in range(S)], dim=1)
    torch.testing.assert_close(detail, wanted)
    assert detail.shape == (B, C)
    assert not decoder.kappa.requires_grad


@pytest.mark.parametrize("spatial", ["attend", "subtract"])
@pytest.mark.parametrize("time", [1, 3, T])
def test_abstraction_gives_its_equations(spatial, time):
    decoder, given = made(AbstractionDecoder, T, spatial=spatial), evidence(time)
    seen = watched(decoder)
    (r_sp, r_tm), addresses = decoder(given, None)
    for b in range(B):
        frames, a, betas = spatial_by_hand(decoder, given.grid[b])
        torch.testing.assert_close(seen["a"][b], a)
        torch.testing.assert_close(addresses["spatial"].view(B, time, -1)[b], a)
        if spatial == "attend":
            torch.testing.assert_close(seen["beta"][b], torch.stack(betas))
        torch.testing.assert_close(r_sp[b], frames.mean(0))
        last = decoder.lstm(frames[None])[1][0][0, 0]  # hidden state after the last frame
        address = address_by_hand(decoder.temporal_memory, last)
        torch.testing.assert_close(seen["b"][b], address)
        torch.testing.assert_close(addresses["temporal"][b], address)
        pattern = address @ decoder.temporal_memory.values
        if time != T:
            pattern = torch.nn.functional.interpolate(
                pattern.view(1, 1, -1), size=time, mode="linear"
            ).flatten()
        torch.testing.assert_close(seen["gamma"][b], pattern.softmax(0))
        torch.testing.assert_close(r_tm[b], pattern.softmax(0) @ frames)


@pytest.mark.parametrize("spatial", ["attend", "subtract", "off"])
@pytest.mark.parametrize("temporal", ["memory", "mean", "off"])
def test_padded_frames_count_nowhere_in_either_memory(spatial, temporal):
    """Also when they stand between real ones; maps keep every frame's place."""
    decoder = made(AbstractionDecoder, T, spatial=spatial, temporal=temporal)
    given = evidence()
    mask = torch.tensor([[True, False, True, True], [False, True, True, True]])
    seen = watched(decoder)
    parts, addresses = decoder(given, mask)
    maps = dict(seen)
    for b in range(B):
        real = mask[b]
        short = Evidence(given.grid[b : b + 1, real], given.relevance[b : b + 1, real], None)
        alone, _ = decoder(short, None)
        for part, wanted in zip(parts, alone, strict=True):
            torch.testing.assert_close(part[b], wanted[0])
        for name in maps.keys() & {"a", "beta", "gamma"}:
            torch.testing.assert_close(maps[name][b, real], seen[name][0])
            assert (maps[name][b, ~real] == 0).all()
    if spatial != "off":
        assert len(addresses["spatial"]) == mask.sum()  # the spread loss sees real frames only
    assert len(parts) == decoder.width == (1 if temporal == "off" else 2)


def test_temporal_mean_repeats_the_spatial_part():
    (r_sp, r_tm), addresses = made(AbstractionDecoder, T, temporal="mean")(evidence(), None)
    assert torch.equal(r_sp, r_tm)
    assert set(addresses) == {"spatial"}


def test_memories_start_as_plain_means():
    """V starts at zero plus small noise: beta and gamma nearly uniform (sticc.md, M4)."""
    torch.manual_seed(0)
    decoder = AbstractionDecoder(BASE, T).double().eval()
    seen = watched(decoder)
    decoder(evidence(), None)
    torch.testing.assert_close(
        seen["beta"], torch.full((B, T, S), 1 / S).double(), atol=0.03, rtol=0
    )
    torch.testing.assert_close(seen["gamma"], torch.full((B, T), 1 / T).double(), atol=0.03, rtol=0)


def test_subtract_starts_without_effect():
    torch.manual_seed(0)
    decoder, given = (
        AbstractionDecoder(dataclasses.replace(BASE, spatial="subtract"), T),
        evidence(),
    )
    parts, _ = decoder.double()(given, None)
    torch.testing.assert_close(parts[0], given.grid.mean((1, 2)))


def test_patterns_are_stretched_to_the_number_of_real_frames_and_kept_where_it_fits():
    pattern = torch.tensor([[0.0, 1.0, 2.0, 3.0]] * 3)
    counts = torch.tensor([4, 2, 1])
    stretched = _resized(pattern, counts, 4)
    assert stretched[0].tolist() == [0, 1, 2, 3]  # not touched at T0
    assert stretched[1, :2].tolist() == [0.5, 2.5]
    assert stretched[2, 0] == 1.5
    longer = _resized(pattern[:1], torch.tensor([8]), 8)[0]
    assert (longer.diff() >= 0).all()
    assert longer.mean() == pytest.approx(1.5)
