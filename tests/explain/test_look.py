"""A look holds what the model saw and made of it, clip by clip."""

import numpy as np
import pytest
import torch

from sticc_lib.config import EvalConfig
from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.look import look
from sticc_lib.retrieval.embed import embed
from sticc_lib.tracklets.table import DataError


def test_frames_labels_and_maps_fit_each_other(tiny, coloured):
    data, model = coloured(), tiny()
    seen = look(model, data, 1, "tiny")  # five frames, T = 3: two clips
    assert len(seen) == 2
    assert seen.frames.shape == (2, 3, 3, 32, 16)
    assert seen.labels is not None
    assert seen.labels.shape == (2, 3, 32, 16)
    assert seen.grid == (4, 2)
    assert {tap: seen.maps[tap].shape[:2] for tap in seen.maps if "frame" in seen.axes[tap]} == {
        tap: (2, 3) for tap in ("common.attention", "individual.alpha", "individual.rho",
                                "abstraction.a", "abstraction.beta", "abstraction.gamma")
    }  # fmt: skip
    for tap, value in seen.maps.items():
        assert value.dtype == np.float16
        assert len(seen.axes[tap]) == value.ndim, tap
    assert seen.idle == {"common.attention"}
    assert set(seen.times.ravel()) == set(range(5))
    rows = data.frame_positions()[1]
    np.testing.assert_array_equal(seen.frames[0, 1], data.read(rows[seen.times[0, 1:2]])[0])


def test_the_embedding_is_the_one_that_is_ranked(tiny, coloured):
    data, model = coloured(), tiny()
    ranked = embed(model, data, EvalConfig(policy="all_frames"), progress=False)
    seen = look(model, data, 3, "tiny")
    np.testing.assert_allclose(seen.embedding, ranked.values[3], atol=1e-5)
    assert list(seen.blocks) == ["RV_FG", "r_sp", "r_tm"]
    assert [len(range(*b.indices(48))) for b in seen.blocks.values()] == [16, 16, 16]


def test_the_model_is_left_in_its_mode_and_a_map_that_is_not_there_is_named(tiny, coloured):
    model = tiny(decoders="rg").train()
    seen = look(model, coloured(), 0, "tiny")
    assert model.training
    with pytest.raises(CaptureError, match=r"tiny: no map abstraction\.a; it has common"):
        seen.map("abstraction.a")


def test_a_tracklet_shorter_than_a_clip_is_filled_and_the_filling_masked(tiny, coloured):
    seen = look(tiny(), coloured(lengths=(2,)), 0, "tiny")
    assert seen.mask.tolist() == [[True, True, False]]
    assert seen.times.tolist() == [[0, 1, 1]]
    assert float(seen.map("individual.rho")[0, 2].max()) == 0


def test_one_frame_at_a_time_works(tiny, coloured):
    seen = look(tiny(), coloured(), 0, "tiny", clip_length=1)
    assert seen.frames.shape[:2] == (3, 1)
    np.testing.assert_allclose(seen.map("individual.rho"), 1)


@pytest.mark.parametrize(("tracklet", "message"), [(99, "has no tracklet 99; it has 16, from 0")])
def test_a_tracklet_that_is_not_there_is_refused(tiny, coloured, tracklet, message):
    with pytest.raises(DataError, match=message):
        look(tiny(), coloured(), tracklet, "tiny")


def test_a_model_without_attention_is_refused_before_it_runs(tiny, coloured):
    model = tiny("mean_pool")
    with pytest.raises(CaptureError, match="MeanPool has no attention"):
        look(model, coloured(), 0, "mean pool")


def test_a_floor_with_attention_gives_what_it_has(tiny, coloured):
    torch.manual_seed(1)
    seen = look(tiny("attention_pool_joint"), coloured(), 0, "joint")
    assert list(seen.maps) == ["weights"]
    assert seen.axes["weights"] == ("clip", "frame", "head", "token")
    assert seen.slots is None
    assert list(seen.blocks) == ["embedding"]
