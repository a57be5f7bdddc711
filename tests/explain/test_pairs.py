"""The parts of a distance add up to it, and a swapped frame does what embedding anew says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.look import look
from sticc_lib.explain.pairs import pair, slot_centre, swap_effect
from sticc_lib.models.base import normalise


def stirred(model):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


VARIANTS = [("sticc", {}), ("sticc", {"decoders": "mg"}), ("sticc", {"temporal": "off"}),
            ("sticc", {"encoder": "none", "rg_pool": "concat"}),
            ("attention_pool_joint", {})]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=str)
def test_the_blocks_add_up_to_the_distance_exactly(tiny, coloured, name, options):
    data, model = coloured(), stirred(tiny(name, **options))
    first, second = (look(model, data, t, "tiny") for t in (1, 6))
    found = pair(first, second)
    assert found.distance == pytest.approx(1 - first.embedding @ second.embedding, abs=1e-6)
    assert found.distance > 1e-3
    assert list(found.blocks) == list(model.blocks)
    assert min(found.blocks.values()) >= 0
    assert pair(second, first).blocks == found.blocks


def test_a_tracklet_is_at_no_distance_from_itself_and_its_slots_are_their_own_likes(tiny, coloured):
    seen = look(stirred(tiny()), coloured(), 1, "tiny")
    found = pair(seen, seen)
    assert found.distance == 0
    np.testing.assert_allclose(np.diag(found.slots), 1, atol=1e-6)
    np.testing.assert_allclose(found.slots, found.slots.T, atol=1e-6)


def test_a_difference_planted_in_one_block_is_found_there(tiny, coloured):
    seen = look(stirred(tiny()), coloured(lengths=(3,)), 0, "tiny")
    moved = seen.embeddings.copy()
    moved[:, seen.blocks["r_sp"]] *= -1  # its length stays
    parts = pair(seen, replace(seen, embeddings=moved)).blocks
    assert parts["RV_FG"] == parts["r_tm"] == 0
    own = (seen.embedding[seen.blocks["r_sp"]] ** 2).sum()
    assert parts["r_sp"] == pytest.approx(2 * own, rel=1e-5)


def test_a_shared_part_makes_all_slots_alike_until_it_is_taken_off(tiny, coloured):
    data, model = coloured(persons=6), stirred(tiny())
    looks = [look(model, data, t, "tiny") for t in range(0, 24, 4)]
    shared = 50 * np.random.default_rng(0).normal(size=looks[0].slots.shape[1:])
    looks = [replace(one, slots=one.slots + shared.astype(np.float32)) for one in looks]
    centre = slot_centre(looks)
    raw, free = pair(*looks[:2]), pair(*looks[:2], centre)
    assert (raw.centred, free.centred) == (False, True)
    assert np.diag(raw.slots).min() > 0.9
    assert np.diag(free.slots).max() < 0.9
    every = [np.diag(pair(looks[0], one, centre).slots) for one in looks]
    np.testing.assert_allclose(every[0], 1, atol=1e-5)
    assert np.mean(every[1:]) < 0.1  # deviations from a mean sum to nothing


def test_slots_are_compared_only_where_there_are_slots(tiny, coloured):
    data = coloured()
    for name, options in (("attention_pool", {}), ("sticc", {"decoders": "mg"})):
        model = tiny(name, **options)
        assert pair(look(model, data, 0, "m"), look(model, data, 5, "m")).slots is None


def test_swaps_are_what_embedding_the_changed_clip_gives(tiny, coloured):
    data, model = coloured(lengths=(3, 5)), stirred(tiny())
    first, second = look(model, data, 1, "tiny"), look(model, data, 6, "tiny")
    found = swap_effect(model, first, second, clip=1)
    assert len(found) == 9
    for row in found.itertuples():
        frames = first.frames[1].copy()
        frames[row.frame] = second.frames[0, row.by]
        with torch.inference_mode():
            clips = normalise(torch.from_numpy(np.stack([frames, first.frames[1]])), model.spec)
            new, old = model.eval()(clips).embedding.numpy()
        assert row.distance == pytest.approx(1 - new @ second.embedding, abs=1e-5)
        assert row.change == pytest.approx((old - new) @ second.embedding, abs=1e-5)


def test_swapping_in_the_frame_that_stands_there_changes_nothing(tiny, coloured):
    model = stirred(tiny())
    seen = look(model, coloured(lengths=(3,)), 0, "tiny")
    found = swap_effect(model, seen, seen)
    same = found["frame"] == found["by"]
    assert np.abs(found.loc[same, "change"]).max() < 1e-6
    assert np.abs(found.loc[~same, "change"]).max() > 1e-6


def test_frames_that_only_fill_a_clip_are_left_alone(tiny, coloured):
    data, model = coloured(lengths=(2, 5)), tiny().train()
    short, long = look(model, data, 0, "tiny"), look(model, data, 5, "tiny")
    assert set(swap_effect(model, short, long)["frame"]) == {0, 1}
    assert set(swap_effect(model, long, short)["by"]) == {0, 1}
    assert model.training


def test_one_frame_at_a_time_works_and_the_swap_makes_it_the_other(tiny, coloured):
    data, model = coloured(lengths=(1,)), stirred(tiny())
    first, second = (look(model, data, t, "tiny", clip_length=1) for t in (0, 3))
    (row,) = swap_effect(model, first, second).itertuples()
    assert row.distance == pytest.approx(0, abs=1e-6)
    assert row.change == pytest.approx(-pair(first, second).distance, abs=1e-6)


def test_looks_of_two_models_and_clips_that_are_not_there_are_refused(tiny, coloured):
    data, model = coloured(), tiny()
    seen, other = look(model, data, 0, "a"), look(model, data, 1, "b")
    with pytest.raises(ValueError, match="looks of two models: a, and b"):
        pair(seen, other)
    with pytest.raises(ValueError, match=r"centre \(2, 2\): expected \(4, 16\)"):
        pair(seen, seen, np.zeros((2, 2)))
    with pytest.raises(ValueError, match="needs tracklets"):
        slot_centre([])
    with pytest.raises(CaptureError, match="floor has no slots"):
        slot_centre([look(tiny("attention_pool"), data, 0, "floor")])
    with pytest.raises(ValueError, match="other: 5; expected 0 to 0"):
        swap_effect(model, seen, seen, other=5)
