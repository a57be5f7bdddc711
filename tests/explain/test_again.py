"""A clip run again gives what it gave, and what is changed in it is what was asked for."""

import numpy as np
import pytest
from spotlight import Spotlight, stirred

from sticc_lib.config import EvalConfig
from sticc_lib.explain.again import Again, cosines, drifts, filled, first_hits
from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.look import look
from sticc_lib.retrieval.embed import embed
from sticc_lib.retrieval.ranking import evaluate


@pytest.mark.parametrize("lengths", [(5,), (2,)], ids=["whole", "short"])
@pytest.mark.parametrize("name", ["sticc", "attention_pool_joint"])
def test_the_unchanged_clip_gives_its_own_embedding(tiny, coloured, name, lengths):
    model = stirred(tiny(name, trainable_blocks=1))
    seen = look(model, coloured(lengths=lengths), 0, "tiny")
    again = Again(model, seen, len(seen) - 1)
    np.testing.assert_allclose(again.original, seen.embeddings[-1], atol=1e-5)
    padded = again.base[[0, 1, 2, 0]][None]  # one frame more, which does not count
    longer = again.embed(padded, np.append(again.mask, False)[None])
    np.testing.assert_allclose(longer[0], again.original, atol=1e-5)


def test_another_model_than_that_of_the_look_is_refused(tiny, coloured):
    seen = look(stirred(tiny()), coloured(), 0, "STICC, shipped")
    with pytest.raises(CaptureError, match="another embedding than the look at STICC, shipped"):
        Again(stirred(tiny(slots=2)), seen)
    with pytest.raises(ValueError, match=r"clip 3 is outside 0\.\.0"):
        Again(tiny(), seen, 3)


def test_a_model_with_a_forward_of_its_own_is_run_whole(coloured):
    class Whole(Spotlight):
        def forward(self, clips, mask=None, from_maps=False):
            assert not from_maps
            return super().forward(clips, mask)

    seen = look(Whole(), coloured(), 0, "whole")
    assert Again(Whole(), seen).base.shape == (3, 3, 32, 16)


def test_fills_leave_nothing_of_the_frame_but_its_blur():
    frames = np.zeros((2, 3, 32, 16), np.uint8)
    frames[..., 8:] = 200
    assert len(np.unique(filled(frames, "mean", 4).reshape(2, 3, -1), axis=2)[0, 0]) == 1
    noise = filled(frames, "noise", 4, seed=1)
    np.testing.assert_array_equal(noise, filled(frames, "noise", 4, seed=1))
    assert (noise != filled(frames, "noise", 4, seed=2)).mean() > 0.9
    blur = filled(frames, "blur", 4)
    assert blur[0, 0, 0, 0] < blur[0, 0, 0, 7] < blur[0, 0, 0, 8] < blur[0, 0, 0, 15]
    assert filled(frames[..., :2, :2], "blur", 40).shape == (2, 3, 2, 2)
    with pytest.raises(ValueError, match="fill 'black' is none of mean, noise, blur"):
        filled(frames, "black", 4)


def test_ranks_of_the_own_embedding_are_those_of_the_evaluation(tiny, coloured):
    data, model = coloured(lengths=(3, 5)), stirred(tiny())
    data.tracklets[["query", "gallery"]] = True
    found = embed(model, data, EvalConfig(), progress=False)
    scores = evaluate(found)
    assert len(np.unique(scores.first_hit)) > 1
    for row, tracklet in enumerate(data.tracklets.index):
        ranks = first_hits(found, tracklet, found.values[[row, row]])
        np.testing.assert_array_equal(ranks, scores.first_hit[row])
    mate = data.tracklets.index[(data.tracklets["person"] == 1) & (data.tracklets["camera"] == 1)]
    assert first_hits(found, 0, found.values[list(mate[:1])])[0] == 1
    with pytest.raises(ValueError, match="tracklet 99 is not among the embeddings"):
        first_hits(found, 99, found.values[:1])


def test_drift_is_told_for_the_whole_and_for_each_block():
    original = np.array([1.0, 0, 0, 1])
    found = drifts(np.array([[1.0, 0, 1, 0]]), original, {"a": slice(0, 2), "b": slice(2, 4)})
    assert {n: round(float(v[0]), 9) for n, v in found.items()} == {"drift": 0.5, "a": 0, "b": 1}
    assert list(drifts(original[None], original, {"all": slice(None)})) == ["drift"]
    assert cosines(np.zeros((1, 4)), original)[0] == 0
