"""The compared methods over a small trunk: padding, lengths, gradients, what can be looked at."""

import pytest
import torch

from sticc_lib import losses
from sticc_lib.config import ConfigError, HeadConfig, LossConfig, TrunkConfig
from sticc_lib.explain.capture import capture
from sticc_lib.models.base import ClipError, ModelSpec
from sticc_lib.models.peers.clips import cycled
from sticc_lib.models.peers.grl import Grl
from sticc_lib.models.peers.msinet import MsiNet, alignment, correlations
from sticc_lib.models.peers.pat import Pat
from sticc_lib.models.peers.psta import Psta
from sticc_lib.models.peers.stmn import Stmn
from sticc_lib.models.trunk import build_trunk

B, T, SIZE, PERSONS = 4, 4, (64, 32), 2
HEAD = HeadConfig(channels=16, heads=2, slots=3, spatial_items=4, temporal_items=3)
NAMES = ("stmn", "stmn sane", "psta", "grl", "grl sane", "msinet", "pat")
CYCLING = ("stmn", "psta", "grl")


def build(name, time=T, trunk="small", blocks=-1):
    torch.manual_seed(0)
    spec, (name, *sane) = ModelSpec(time, SIZE), name.split()
    if name == "msinet":
        return MsiNet(spec, PERSONS)
    trunk = build_trunk(TrunkConfig(trunk, "none", blocks), SIZE)
    if name == "grl":
        return Grl(trunk, spec, PERSONS, faithful=not sane)
    if name == "stmn":
        return Stmn(trunk, spec, HEAD, PERSONS, faithful=not sane)
    return {"psta": Psta, "pat": Pat}[name](trunk, spec, HEAD, PERSONS)


def frames(time=T, batch=B):
    return torch.randn(batch, time, 3, *SIZE, generator=torch.Generator().manual_seed(1))


def settled(name):
    """In eval mode after some batches, so that the norms' statistics fit."""
    model = build(name)
    if name.startswith("stmn"):
        torch.nn.init.ones_(model.spatial.norm.weight)
    for _ in range(5):
        with torch.no_grad():
            model(frames())
    return model.eval()


@pytest.mark.parametrize("name", NAMES)
def test_what_padded_frames_hold_changes_nothing(name):
    model, clips = settled(name), frames()
    mask = torch.tensor([[True, True, True, False]] * B)
    other = clips.clone()
    other[:, 3] = 7.0
    with torch.inference_mode():
        assert torch.equal(model(clips, mask).embedding, model(other, mask).embedding)
        assert not torch.equal(model(clips).embedding, model(other).embedding)


@pytest.mark.parametrize("name", CYCLING)
def test_a_padded_clip_is_its_real_frames_in_turn(name):
    model, clips = settled(name), frames()
    mask = torch.tensor([[True, True, True, False]] * B)
    repeated = clips[:, [0, 1, 2, 0]]
    with torch.inference_mode():
        torch.testing.assert_close(model(clips, mask).embedding, model(repeated).embedding)


def test_cycling_takes_real_frames_in_their_order_wherever_they_stand():
    maps = torch.arange(10.0).view(2, 5)
    mask = torch.tensor([[False, True, False, True, True], [True] + 4 * [False]])
    assert cycled(maps, mask).tolist() == [[1, 3, 4, 1, 3], 5 * [5]]
    assert cycled(maps, None) is maps


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_that_training_needs_gets_a_gradient(name):
    model, persons = build(name), torch.tensor([0, 0, 1, 1])
    out = model(frames())
    if out.logits:
        loss = losses.total(out.features, out.logits, out.extras, persons, LossConfig())[0]
    else:
        loss = out.extras["pairs"].square().sum() + out.embedding.sum()
    loss = loss + sum(a.square().sum() for a in out.extras.get("addresses", {}).values())
    loss.backward()
    idle = {n for n, p in model.named_parameters() if p.requires_grad and p.grad is None}
    assert idle == set()


@pytest.mark.parametrize("name", NAMES)
def test_parts_of_the_embedding_cover_it_once(name):
    model = build(name).eval()
    with torch.inference_mode():
        width = model(frames()).embedding.shape[1]
    covered = [i for part in model.blocks.values() for i in range(width)[part]]
    assert covered == list(range(width))


@pytest.mark.parametrize("name", NAMES)
def test_maps_can_be_looked_at_and_looking_changes_nothing(name):
    model, clips = settled(name), frames()
    with torch.inference_mode():
        plain = model(clips).embedding
        with capture(model) as maps:
            seen = model(clips).embedding
    torch.testing.assert_close(seen, plain)
    assert len(maps) > 0
    for path, found in maps.items():
        assert found.value.ndim == len(found.axes), path
        clip_frames = B * T if found.axes[0] == "clip*frame" else B
        assert len(found.value) == clip_frames, path
        assert bool((found.value >= 0).all()), path
        if "frame" in found.axes:
            assert found.value.shape[found.axes.index("frame")] == T, path


@pytest.mark.parametrize("trunk", ["mobilenet_v2", "resnet18"])
@pytest.mark.parametrize("blocks", [0, 1])
@pytest.mark.parametrize("name", ["stmn", "psta", "grl", "pat"])
def test_any_trunk_carries_the_method(name, trunk, blocks):
    model = build(name, trunk=trunk, blocks=blocks).eval()
    with torch.inference_mode():
        maps = model.trunk.frozen(frames(batch=1).flatten(0, 1)).unflatten(0, (1, T))
        cached = model(maps, from_maps=True).embedding
        torch.testing.assert_close(cached, model(frames(batch=1)).embedding)


def test_stmn_key_copies_end_open_and_only_the_faithful_stem_has_no_relu():
    for name, kind in (("stmn", torch.nn.Identity), ("stmn sane", torch.nn.ReLU)):
        model = build(name, trunk="resnet18", blocks=1).eval()
        assert isinstance(model.trunk.frozen[0][2], kind)
        maps = torch.randn(1, 256, 4, 2)
        with torch.inference_mode():
            values, keys = model.trunk.trainable(maps), model.spatial_keys(maps)
        assert float(keys.min()) < 0
        torch.testing.assert_close(keys.relu(), values)  # the weights are copies


def test_stmn_refuses_clips_of_another_length():
    with pytest.raises(ClipError, match="T = 4 frames, got clips of 6"):
        build("stmn")(frames(6))


def test_sane_queries_of_stmn_are_positions_and_the_faithful_ones_are_not():
    maps = torch.randn(1, 8, 2, 2)
    moved = maps.flip(2)  # positions exchanged
    for sane in (True, False):
        memory = build("stmn sane" if sane else "stmn", trunk="small").spatial
        memory.key = torch.nn.Parameter(torch.randn(4, 8))
        memory.value = torch.nn.Parameter(torch.randn(4, 8))
        memory.norm = torch.nn.Identity()
        first, second = (m - memory(m, m)[0] for m in (maps, moved))
        assert torch.allclose(first.flip(2), second, atol=1e-6) == sane


def test_psta_halves_as_often_as_its_clip_allows_and_refuses_odd_ones():
    assert [len(build("psta", t).levels) for t in (2, 4, 6, 8, 16)] == [1, 2, 1, 3, 3]
    with pytest.raises(ConfigError, match="needs an even T"):
        build("psta", 3)
    with pytest.raises(ClipError, match="needs T in 4s, got 6"):
        build("psta")(frames(6))
    with pytest.raises(ClipError, match="built for frames of 64x32, 32 positions; these have 64"):
        build("psta")(frames().repeat(1, 1, 1, 2, 1))


def test_grl_splits_each_frame_into_what_is_shared_and_the_rest():
    guide = build("grl").guide.eval()
    maps = torch.randn(2, 3, 64, 4, 2)
    with capture(guide) as seen:
        shared, rest = guide(maps)
    torch.testing.assert_close(shared + rest, maps)
    where = seen["map"].value.view(2, 3, 1, 4, 2)
    torch.testing.assert_close(shared, maps * where)


def test_parts_of_pat_are_shares_of_each_frame_and_do_not_know_the_order_of_frames():
    model, clips = settled("pat"), frames()
    with torch.inference_mode(), capture(model) as maps:
        first = model(clips)
    masks = maps["decoder.masks"].value
    assert masks.shape == (B * T, 3, 32)
    torch.testing.assert_close(masks.sum(-1), torch.ones(B * T, 3))
    with torch.inference_mode():
        turned = model(clips.flip(1))
    torch.testing.assert_close(first.embedding, turned.embedding)
    torch.testing.assert_close(first.extras["slots"].flatten(1), first.embedding[:, 16:])


def test_parts_of_pat_do_not_know_the_order_of_tokens():
    model = settled("pat")
    tokens = torch.randn(2, 6, 16)
    with torch.inference_mode():
        parts = model.decoder(model.encoder(tokens))
        shuffled = model.decoder(model.encoder(tokens[:, [3, 1, 5, 0, 2, 4]]))
    torch.testing.assert_close(parts, shuffled)


def test_correlations_of_an_image_with_itself_peak_where_a_position_is():
    maps = torch.eye(6).view(1, 6, 2, 3).expand(2, -1, -1, -1)  # each position its own channel
    found = correlations(maps)
    torch.testing.assert_close(found, torch.ones(2, 2, 6))
    persons = torch.tensor([0, 1])
    same = alignment(found, torch.ones(2, 6), persons)
    torch.testing.assert_close(same, torch.zeros(()), atol=1e-6, rtol=0)
