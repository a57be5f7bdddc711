"""TCLNet agrees with the official code, in both learners and in the stages before them."""

import goldens
import pytest
import torch

from sticc_lib.models.peers import official

CLOSE = 1e-5


@pytest.fixture(scope="module")
def model():
    return official.load_official("tclnet", goldens.official_state("TCLNet"), 10)


def errors(model):
    """Of both features, and the largest of all taps."""
    seen, taps = {}, goldens.taps("TCLNet")
    names = ("layer1", "layer2", "layer3", "learners")
    look = lambda name: lambda m, given, out: seen.update({name: out})  # noqa: E731
    hooks = [model.get_submodule(name).register_forward_hook(look(name)) for name in names]
    with torch.inference_mode():
        out = model(goldens.clips(4))
    for hook in hooks:
        hook.remove()
    for number, maps in enumerate(seen.pop("learners")):
        seen[f"TSE(second half)[{number}]"] = maps[1::2]  # of the second pair of each clip
    expected = goldens.numbers("TCLNet")
    return {
        "feat": goldens.error(out.embedding, expected["feat"]),
        "feat_clip": goldens.error(out.extras["raw"], expected["feat_clip"]),
        "taps": max(goldens.tap_error(seen[k], taps[k]) for k in taps),
    }


def test_both_learners_and_the_stages_are_the_official_ones(model):
    assert max(errors(model).values()) < CLOSE


def test_rows_erased_by_their_own_score_alone_are_seen(model, monkeypatch):
    def rows(likeness):
        best = likeness.mean(2).argmax(1, keepdim=True)  # no sum over neighbouring rows
        number = torch.arange(likeness.shape[1])
        return ((number - best).abs() > 0).to(likeness.dtype)

    monkeypatch.setattr(type(model.learners), "rows", staticmethod(rows))
    assert min(errors(model).values()) > 10 * CLOSE  # the taps see it too


@pytest.mark.long
def test_exchanged_last_blocks_are_seen(model):
    branch = model.learners.branch
    branch[0], branch[1] = branch[1], branch[0]
    found = errors(model)
    branch[0], branch[1] = branch[1], branch[0]
    assert found["feat"] > 10 * CLOSE


@pytest.mark.long
def test_a_memory_without_its_pooling_is_seen(model, monkeypatch):
    padded = lambda x, *given: torch.nn.functional.pad(x, (0, 1, 0, 1))  # noqa: E731
    monkeypatch.setattr("sticc_lib.models.peers.tclnet.avg_pool2d", padded)
    assert errors(model)["feat"] > 10 * CLOSE
