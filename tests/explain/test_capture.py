"""Capture: the maps of the real forward, and a model that is afterwards as before."""

import copy
import gc
import weakref

import pytest
import torch
from spotlight import stirred

from sticc_lib.explain.capture import CaptureError, capture
from sticc_lib.models.attention import Tap

STICC_MAPS = {
    "common.attention": (2 * 3, 2, 8, 8),
    "individual.alpha": (2, 3, 2, 4, 8),
    "individual.rho": (2, 3, 2, 4),
    "detail.pi": (2, 4),
    "abstraction.a": (2, 3, 4),
    "abstraction.beta": (2, 3, 4),
    "abstraction.b": (2, 4),
    "abstraction.gamma": (2, 3),
}


def frames(batch=2, time=3, seed=0):
    return torch.randn(batch, time, 3, 32, 16, generator=torch.Generator().manual_seed(seed))


def taps(model):
    return [module for module in model.modules() if isinstance(module, Tap)]


def test_all_maps_of_sticc_by_module_path_with_their_shapes(tiny):
    model = tiny().eval()
    with capture(model) as maps:
        model(frames())
    assert {name: tuple(maps[name].value.shape) for name in maps} == STICC_MAPS
    assert len(maps) == len(STICC_MAPS)
    assert all(model.get_submodule(name).receive is None for name in maps)
    assert not any(maps[name].value.requires_grad for name in maps)


@pytest.mark.parametrize(("encoder", "feeds"), [("parallel", False), ("serial", True)])
def test_maps_say_whether_they_feed_the_embedding(tiny, encoder, feeds):
    model = tiny(encoder=encoder).eval()
    with capture(model) as maps:
        model(frames())
    assert maps["common.attention"].feeds_embedding is feeds
    assert all(maps[n].feeds_embedding for n in maps if n != "common.attention")


def test_a_branch_that_is_not_there_gives_no_map_and_the_error_names_what_there_is(tiny):
    model = tiny(encoder="none", decoders="rg").eval()
    with capture(model) as maps:
        model(frames())
    assert set(maps) == {"individual.alpha", "individual.rho", "detail.pi"}
    with pytest.raises(KeyError, match="gamma: nothing was captured there; there is individual"):
        maps["abstraction.gamma"]


@pytest.mark.parametrize("name", ["sticc", "attention_pool", "attention_pool_joint"])
def test_outputs_and_state_are_as_without(tiny, name):
    model, clips = tiny(name).eval(), frames()
    state = copy.deepcopy(model.state_dict())
    with torch.no_grad():
        plain = model(clips).embedding
        with capture(model):
            seen = model(clips).embedding
        after = model(clips).embedding
    torch.testing.assert_close(seen, plain, rtol=0, atol=1e-5)
    assert torch.equal(after, plain)
    assert all(torch.equal(state[k], v) for k, v in model.state_dict().items())


def test_several_forwards_are_laid_end_to_end_like_one_batch(tiny):
    model, clips = tiny().eval(), frames(batch=5)
    with torch.no_grad(), capture(model) as whole:
        model(clips)
    with torch.no_grad(), capture(model) as parts:
        model(clips[:2])
        model(clips[2:])
    assert set(whole) == set(parts)
    for name in whole:
        torch.testing.assert_close(parts[name].value, whole[name].value)


def test_forwards_of_different_length_are_refused_when_asked_for_together(tiny):
    model = tiny().eval()
    with capture(model) as maps:
        model(frames())
        model(frames(time=2))
    with pytest.raises(CaptureError, match=r"individual\.rho: forwards of different shape"):
        maps["individual.rho"]
    assert maps["detail.pi"].value.shape == (4, 4)  # no frame axis: fits


def test_the_model_is_put_back_after_an_error_too(tiny):
    model = tiny().eval()
    with pytest.raises(ValueError, match="T = 0"), capture(model) as maps:
        model(frames()[:, :0])
    assert all(tap.receive is None for tap in taps(model))
    assert len(maps) == 0


def test_an_inner_capture_gives_back_to_the_outer_one(tiny):
    model = tiny().eval()
    with capture(model) as outer:
        with capture(model) as inner:
            model(frames(batch=2))
        model(frames(batch=3))
    assert inner["detail.pi"].value.shape[0] == 2
    assert outer["detail.pi"].value.shape[0] == 3
    assert all(tap.receive is None for tap in taps(model))


def test_nothing_is_held_by_the_model_after_exit(tiny):
    model = tiny().eval()
    with capture(model) as maps:
        model(frames())
    watched = [weakref.ref(maps), *(weakref.ref(maps[name].value) for name in maps)]
    assert all(ref() is not None for ref in watched)
    del maps
    gc.collect()
    assert all(ref() is None for ref in watched)


def test_a_training_forward_keeps_its_gradients_and_no_graph_in_the_maps(tiny):
    model = tiny(encoder_frames=1).train()
    with capture(model) as maps:
        out = model(frames())
    assert maps["common.attention"].value.shape[0] == 2  # one frame of each clip
    assert not any(maps[name].value.requires_grad for name in maps)
    out.embedding.square().sum().backward()
    assert model.individual.to_query.weight.grad is not None


@pytest.mark.parametrize("name", ["mean_pool", "hsv_histogram", "frozen"])
def test_a_model_without_anything_to_see_is_refused(tiny, name):
    with pytest.raises(CaptureError, match="no attention and no memory"), capture(tiny(name)):
        pytest.fail("it was entered")


VARIANTS = [
    ("sticc", {}), ("sticc", {"encoder": "serial"}), ("sticc", {"encoder": "none"}),
    ("sticc", {"decoders": "rg"}), ("sticc", {"decoders": "mg"}), ("sticc", {"rg_pool": "concat"}),
    ("sticc", {"rg_score": "agreement"}), ("sticc", {"rg_score": "uniform"}),
    ("sticc", {"spatial": "subtract"}), ("sticc", {"spatial": "off"}),
    ("sticc", {"temporal": "mean"}), ("sticc", {"temporal": "off"}),
    ("sticc", {"position": "learned"}), ("sticc", {"heads": 4, "slots": 1}),
    ("attention_pool", {}), ("attention_pool_joint", {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=str)
@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
def test_fused_and_explicit_agree_in_every_captured_module(tiny, name, options, padded):
    model, clips = stirred(tiny(name, **options)).eval(), frames()
    mask = torch.tensor([[True, True, True], [True, True, not padded]])
    calls = {}
    hooks = [
        module.register_forward_hook(
            lambda m, given, named, gave, path=path: calls.update({path: (given, named, gave)}),
            with_kwargs=True,
        )
        for path, module in model.named_modules() if isinstance(module, Tap)
    ]  # fmt: skip
    with torch.no_grad(), capture(model) as maps:
        seen = model(clips, mask).embedding
    for hook in hooks:
        hook.remove()
    assert set(calls) == set(maps)
    with torch.no_grad():
        torch.testing.assert_close(model(clips, mask).embedding, seen, rtol=0, atol=1e-5)
        for path, (given, named, explicit) in calls.items():
            fused = model.get_submodule(path)(*given, **named)
            torch.testing.assert_close(fused, explicit, rtol=0, atol=1e-5, msg=path)
