"""Every view, over tiny models: each control moves its picture, and the state is what is drawn."""

import numpy as np
import pytest

from sticc_lib import views
from sticc_lib.config import EvalConfig
from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.control import randomised
from sticc_lib.explain.look import look
from sticc_lib.explain.memories import contents
from sticc_lib.explain.survey import survey
from sticc_lib.figures import attention
from sticc_lib.figures.captions import show
from sticc_lib.retrieval.embed import embed
from sticc_lib.retrieval.ranking import evaluate
from sticc_lib.views.table import VIEWS

ROOM = "tests cover each constructor of the table"


@pytest.fixture
def given(tiny, coloured):
    """A model, a set to rank, a tracklet of it, the same through randomised weights, and scores."""
    data = coloured(lengths=(3, 5, 7))
    data.tracklets["query"] = data.tracklets["gallery"] = True
    model = tiny()
    found = embed(model, data, EvalConfig(), progress=False)
    return {
        "model": model,
        "data": data,
        "look": look(model, data, 2, "tiny"),
        "control": look(randomised(model), data, 2, "tiny, randomised"),
        "embeddings": found,
        "scores": evaluate(found),
    }


def log(slope):
    return [{"step": s, "id/detail": 5 - slope * s + s % 3, "loss": 9 - s} for s in range(0, 9, 2)]


def made(name, given, **state):
    """The view of a constructor's name, from what is given."""
    model, data, seen = given["model"], given["data"], given["look"]
    found, scores = given["embeddings"], given["scores"]
    if name in ("self_attention", "slots", "relevance"):
        return getattr(views, name)(seen, given["control"], **state)
    if name == "read_out":
        others = (given["control"], contents(randomised(model)))
        return views.read_out(seen, contents(model), others, **state)
    if name == "usage":
        surveys = (survey(m, data, EvalConfig()) for m in (model, randomised(model)))
        return views.usage(data, *surveys, **state)
    if name == "training":
        return views.training({"first": log(0.1), "second": log(0.3)}, **state)
    if name == "embedding_map":
        return views.embedding_map(found, model.blocks, "tiny", data, scores, **state)
    if name == "ranked_gallery":
        return views.ranked_gallery(data, found, scores, **state)
    if name == "pair_inspector":
        return views.pair_inspector(model, data, found, scores, "tiny", **state)
    if name == "sensitivity":
        return views.sensitivity(model, seen, (found.values[0], found.values[9]), **state)
    assert name == "frame_importance", f"{ROOM}: {name}"
    return views.frame_importance(model, seen, seen.frames[0, 0], found, **state)


NAMES = [name for _, name, _, at in VIEWS if at != "08_counting"]  # those have tests of their own


def move(widget, control):
    """Another value, as a hand would choose it."""
    if hasattr(widget, "options"):
        values = [value for _, value in widget.options]
        widget.value = values[(values.index(widget.value) + 1) % len(values)]
    elif isinstance(widget.value, tuple):
        widget.value = (0.1, 0.8)
    elif isinstance(widget.value, bool):
        widget.value = not widget.value
    else:
        widget.value = widget.value - widget.step if widget.value >= widget.max else (
            widget.value + widget.step)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_control_moves_the_picture(given, name):
    view = made(name, given)
    view.box  # noqa: B018
    live, moved = view._live, set()
    view._live.show(view._drawn_live())
    for control, widget in live._controls:
        if not hasattr(widget, "description") or widget.disabled:
            continue
        before = live._image.value
        move(widget, control)
        assert "alert" not in live._words.value, live._words.value
        assert live._image.value != before or control.name in SILENT.get(name, ()), control.name
        moved.add(control.name)
    assert moved


SILENT = {"ranked_gallery": ("camera",)}
"""A filter of a list, that may leave the query where it is."""


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_depends_on_the_state_alone(given, name):
    view = made(name, given)
    again = made(name, given, **view.state)
    assert view.picture() == again.picture()
    assert again.state == view.state


def test_a_view_draws_the_figure_of_its_state(given):
    view = views.slots(given["look"], slot=2, head=1, clip=1)
    assert view.picture() == show(attention.slot_maps(given["look"], clip=1, slot=2, head=1))


def test_randomised_weights_are_shown_by_a_toggle_and_named(given):
    view = views.slots(given["look"], given["control"], randomised=True)
    assert view.picture().words.caption.count("tiny, randomised")
    assert "randomised" not in views.slots(given["look"]).state


def test_frames_that_only_fill_a_short_clip_cannot_be_chosen(tiny, coloured):
    short = look(tiny(), coloured(lengths=(2, 2)), 0, "tiny")
    with pytest.raises(ValueError, match="frame: 2 cannot be chosen; there is 0 to 1"):
        views.self_attention(short, frame=2)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [("self_attention", {"encoder": "none"}, "no map common.attention")],
)
def test_a_model_without_a_part_is_a_message(tiny, coloured, name, options, message):
    seen = look(tiny(**options), coloured(), 0, "tiny")
    data, _ = getattr(views, name)(seen)._repr_mimebundle_()
    assert message in data["text/plain"]
    assert "image/png" not in data


def test_a_model_without_memories_is_a_message(tiny, coloured):
    model = tiny(decoders="rg")
    seen = look(model, coloured(), 0, "tiny")
    data, _ = views.read_out(seen, contents(tiny()))._repr_mimebundle_()
    assert "no memory-guided decoder" in data["text/plain"]
    with pytest.raises(CaptureError, match="no memory"):
        contents(model)
    assert list(views.usage(coloured(), survey(model, coloured(), EvalConfig())).state) == [
        "memory", "order", "item", "slot"]  # fmt: skip


def test_a_model_without_slots_is_a_message(tiny, coloured):
    seen = look(tiny("attention_pool"), coloured(), 0, "attention pool")
    data, _ = views.slots(seen)._repr_mimebundle_()
    assert "attention pool: no map individual.alpha" in data["text/plain"]


def test_the_pair_inspector_follows_the_entry_that_is_picked(given):
    inspector = made("pair_inspector", given)
    common = (given["data"], given["embeddings"], given["scores"])
    gallery = views.ranked_gallery(*common, opens=inspector)
    gallery.set(rank=3)
    assert inspector.state["against"] == 3
    gallery.set(rank=0)
    assert inspector.state["against"] == 0
    other = next(q for q in given["embeddings"].queries.index if q != gallery.state["query"])
    gallery.set(query=int(other))
    assert inspector.state["query"] == other


def test_the_camera_filter_leaves_queries_of_that_camera(given):
    view = made("ranked_gallery", given, camera=1)
    assert given["data"].tracklets.loc[view.state["query"], "camera"] == 1


def test_what_was_computed_is_kept(given, monkeypatch):
    from sticc_lib.views import causes

    called = []
    real = causes.measure
    monkeypatch.setattr(causes, "measure", lambda *a, **k: called.append(a) or real(*a, **k))
    view = made("sensitivity", given)
    view.box  # noqa: B018
    for frame, fill in ((1, "mean"), (2, "mean"), (0, "blur"), (0, "mean")):
        view.set(frame=frame, fill=fill)
    assert len(called) == 2


def test_the_listing_names_every_constructor_and_links_to_it():
    listed = views.listing()
    for number, name, _, notebook in VIEWS:
        assert f"| [{number}]({notebook}.ipynb#{number.lower()}) | `views.{name}` |" in listed
        assert callable(getattr(views, name))
    assert np.unique([number for number, *_ in VIEWS]).size == len(VIEWS) == 13
