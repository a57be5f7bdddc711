import base64
import json

import nbformat
import pytest
from tiny_views import FRAMES, draw, pixels, tiny

from sticc_lib.figures.captions import show
from sticc_lib.reporting.page import export
from sticc_lib.reporting.status import Verdict
from sticc_lib.run import Run
from sticc_lib.values import ConfigError
from sticc_lib.views import base
from sticc_lib.views.base import VIEW_MIME, View
from sticc_lib.views.controls import Choice, Slide


def parts(view):
    """Controls by name, the picture, the words below it, the alt text."""
    controls = {
        " ".join(control.traits.values()): widget for control, widget in view._live._controls
    }
    return controls, view._live._image, view._live._words, view._live._names


@pytest.fixture
def view():
    made = tiny(row=2)
    made.box  # noqa: B018  (makes the widgets)
    return made


@pytest.mark.parametrize(
    ("name", "value"), [("clip", 1), ("frame", 3), ("row", 7), ("head", 0), ("control", True)]
)
def test_a_moved_control_changes_picture_caption_and_alt_text(view, name, value):
    controls, image, words, names = parts(view)
    before = image.value, words.value, names.alt
    controls[name].value = value
    assert view.state[name] == value
    assert all(a != b for a, b in zip(before, (image.value, words.value, names.alt), strict=True))


def test_a_state_is_drawn_once_even_where_one_control_moves_another():
    drawn = []

    def counted(**state):
        drawn.append(state)
        return draw(**state)

    view = tiny(clip=0, frame=3)
    view._draw = counted
    controls = parts_of_new = view.box and parts(view)[0]
    controls["clip"].value = 2
    assert view.state["frame"] == 0
    assert parts_of_new["frame"].value == 0
    assert len(drawn) == 2  # when shown, and now
    controls["row"].value = controls["row"].value
    assert len(drawn) == 2


def test_the_frames_of_the_chosen_clip_bound_the_slider(view):
    frame = parts(view)[0]["frame"]
    for clip, frames in enumerate(FRAMES):
        view.set(clip=clip)
        assert (frame.min, frame.max, frame.disabled) == (0, frames - 1, frames == 1)


def test_a_click_on_the_frame_moves_the_sliders_and_they_move_the_mark(view):
    controls = parts(view)[0]
    picker = controls["row column"]
    picker.row = 5
    assert (controls["row"].value, view.state["row"]) == (5, 5)
    controls["column"].value = 3
    assert (picker.row, picker.column) == (5, 3)


def test_the_picker_shows_the_frame_that_is_chosen(view):
    from io import BytesIO

    import numpy as np
    from PIL import Image

    picker = parts(view)[0]["row column"]
    view.set(clip=1, frame=1)
    shown = np.moveaxis(np.asarray(Image.open(BytesIO(picker.picture))), -1, 0)
    assert (shown == pixels({"clip": 1, "frame": 1})).all()


def test_what_cannot_be_drawn_is_a_message_until_it_can_be(view):
    _, image, words, _ = parts(view)
    view.set(head=1, control=True)
    assert image.layout.display == "none"
    assert "head 1 has &lt;no&gt; control" in words.value
    assert 'role="alert"' in words.value
    view.set(control=False)
    assert image.layout.display is None
    assert "alert" not in words.value


def test_a_fault_of_a_figure_is_shown_where_a_callback_would_lose_it(view):
    def faulty(**_):
        raise IndexError("no such thing")

    view._draw = faulty
    parts(view)[0]["row"].value = 4
    assert "IndexError: no such thing" in parts(view)[2].value


def test_what_cannot_be_drawn_at_first_is_a_message_in_the_report_too():
    def refuse(**_):
        raise ConfigError("a <b> model without attention")

    data, about = View(refuse)._repr_mimebundle_()
    assert set(data) == {VIEW_MIME, "text/html", "text/plain"}
    assert "a &lt;b&gt; model without attention" in data["text/html"]
    assert about == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frame": 4}, "frame: 4 cannot be chosen; there is 0 to 3"),
        ({"clip": 1, "frame": 2}, "frame: 2 cannot be chosen; there is 0 to 1"),
        ({"head": 7}, "head: 7 cannot be chosen; there is -1, 0, 1"),
        ({"slot": 0}, "no control slot; there is clip, column, control, frame, head, row"),
    ],
)
def test_a_state_that_is_not_offered_is_refused(view, changes, message):
    before = view.state
    with pytest.raises(ValueError, match=message):
        view.set(**changes)
    with pytest.raises(ValueError, match=message):
        tiny(**changes)
    assert view.state == before


def test_what_the_state_does_not_name_starts_at_the_first():
    assert tiny().state == dict(clip=0, frame=0, row=0, column=0, head=-1, control=False)


def test_every_control_says_what_it_is(view):
    controls = parts(view)[0]
    picker = controls.pop("row column")
    assert all(widget.description and widget.tooltip for widget in controls.values())
    assert "8 by 4" in picker.label


def test_the_bundle_holds_widget_and_picture_of_one_state(view):
    view.set(row=6)
    data, about = view._repr_mimebundle_()
    figure = show(draw(**view.state))
    plain, plain_about = figure._repr_mimebundle_()
    assert set(data) == {VIEW_MIME, "text/html", "image/png", "text/plain"}
    assert {k: v for k, v in data.items() if k != VIEW_MIME} == plain
    assert about == plain_about
    assert data[VIEW_MIME]["model_id"] == view.box.model_id


def test_exported_without_widget_state_it_is_the_plain_figure():
    def page(thing):
        data, about = thing._repr_mimebundle_()
        output = nbformat.v4.new_output("display_data", data, metadata=about)
        cell = nbformat.v4.new_code_cell("show()", outputs=[output], execution_count=1, id="a")
        notebook = nbformat.v4.new_notebook(cells=[cell])
        return export(notebook, Verdict("ok", 1, 1), "run")

    view = tiny(row=2)
    assert page(view) == page(show(draw(**view.state)))
    assert "Alt: clip 0 frame 0 row 2" in page(view)


def test_a_saved_view_leaves_picture_and_words_in_the_run(tmp_path):
    view = tiny(head=0)
    assert view.saved(Run(tmp_path), "04_tiny") is view
    words = json.loads((tmp_path / "figures/04_tiny.json").read_text())
    assert "head 0" in words["alt"]
    shown = base64.b64decode(view._repr_mimebundle_()[0]["image/png"])
    assert (tmp_path / "figures/04_tiny.png").read_bytes() == shown


def test_a_view_that_cannot_be_drawn_saves_nothing(tmp_path):
    view = tiny(head=1, control=True)
    assert view.saved(Run(tmp_path), "04_tiny") is view
    assert not (tmp_path / "figures").exists() or not list((tmp_path / "figures").iterdir())


def test_a_follower_goes_with_its_leader_as_far_as_it_can(view):
    other = View(draw, [Slide("row", "row", 3), Choice("head", "head", {"mean": -1})])
    other._draw = lambda row, head: draw(0, 0, row, 0, head, False)
    view.link(other, lambda state: {"row": state["row"], "head": state["head"]})
    assert other.state == {"row": 2, "head": -1}
    parts(view)[0]["row"].value = 7
    assert other.state["row"] == 3


def test_a_slow_state_is_announced_before_it_is_drawn():
    said = []

    def slow(row):
        said.append(view._live._words.value)
        return draw(0, 0, row, 0, -1, False)

    view = View(slow, [Slide("row", "row", 7)], busy=lambda state: f"computing <{state['row']}>")
    view.box  # noqa: B018
    parts(view)[0]["row"].value = 3
    assert said == ["", "computing &lt;3&gt;"]
    assert "computing" not in parts(view)[2].value


def test_live_pictures_are_as_wide_as_the_saved_one(view):
    image = parts(view)[1]
    wide = image.width
    view.set(row=3)
    assert (image.width, wide) == ("300", "300")
    assert base.LIVE_DPI == 100
