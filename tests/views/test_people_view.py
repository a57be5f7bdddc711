"""The correction view: picks show fragments, buttons correct, the counts follow and are kept."""

import json

import numpy as np
import pytest
from made_counts import Stay, counted

from sticc_lib import views
from sticc_lib.counting.corrections import CorrectionError, Corrections

STAYS = [Stay("a", 1, 40), Stay("b", 10, 70), Stay("c", 80, 84), Stay("a", 100, 140),
         Stay("e", 145, 170)]  # fmt: skip
"""a (two stays), b, c (unsure: a second), e."""


@pytest.fixture
def found():
    return counted(STAYS, 170)


@pytest.fixture
def view(found, tmp_path):
    made = views.people(found, tmp_path)
    made.box  # noqa: B018  (makes the widgets)
    return made


def board(view):
    return view._live.widget("corrections")


def number(one, person):
    """Who somebody is in a count, by their first stay."""
    track = 1 + [s.person for s in STAYS].index(person)
    return int(one.of[one.observed.fragments["track"].to_numpy() == track][0])


def press(view, act):
    """As the button does."""
    board(view)._handle_custom_msg({"act": act}, [])


def test_who_is_picked_shows_their_fragments_and_what_can_be_done(view):
    assert (len(board(view).people), board(view).fragments, board(view).can) == (4, [], [])
    board(view).picked = [1]
    assert view.state["people"] == (1,)
    assert [f["name"] for f in board(view).fragments] == ["0 s", "3 s", "6 s", "20 s", "21 s",
                                                          "24 s", "27 s"]  # fmt: skip
    assert board(view).can == ["drop"]
    unsure = number(view.counted, "c")
    board(view).picked = [1, unsure]
    assert {f["group"] for f in board(view).fragments} == {"person 1", f"person {unsure}"}
    assert board(view).can == ["merge"]
    board(view).picked = [unsure]
    assert board(view).can == ["drop", "keep"]


def test_a_third_pick_takes_the_place_of_the_first(view):
    board(view).picked = [1, 3]
    board(view).picked = [1, 3, 4]
    assert view.state["people"] == (3, 4)
    assert board(view).picked == [3, 4]


def test_fragments_of_who_is_picked_no_more_are_chosen_no_more(view):
    board(view).picked = [1]
    mine = board(view).fragments[0]["id"]
    board(view).chosen = [mine]
    assert board(view).can == ["split", "drop"]
    board(view).picked = [2]
    assert view.state["fragments"] == ()


@pytest.mark.parametrize(
    ("picked", "act", "unique"),
    [("ae", "merge", 2), ("a", "split", 4), ("b", "drop", 2), ("c", "keep", 4)],
)
def test_a_button_changes_the_count_the_picture_and_the_file_and_undo_leads_back(
    view, tmp_path, picked, act, unique
):
    start, shown = view.picture(), board(view).told
    board(view).picked = [number(view.counted, who) for who in picked]
    if act == "split":
        board(view).chosen = [f["id"] for f in board(view).fragments[3:]]
    before = view._live._image.value
    assert act in board(view).can
    press(view, act)
    assert view.counted.unique == unique
    assert f"{unique} people" in board(view).told
    assert "1 correction by hand" in board(view).told
    assert view._live._image.value != before
    assert f"{unique} people" in view.picture().words.title
    assert Corrections.load(tmp_path / "corrections.json") == view.corrections
    assert board(view).can[-1] == "undo"
    press(view, "undo")
    view.set(people=(), fragments=())
    assert view.picture() == start
    assert board(view).told == shown
    assert json.loads((tmp_path / "corrections.json").read_text()) == {"corrections": []}


def test_who_was_picked_stays_picked_under_the_new_number(view):
    board(view).picked = [1, number(view.counted, "e")]
    press(view, "merge")
    assert view.state["people"] == (1,)
    late = [f["id"] for f in board(view).fragments][3:]
    board(view).chosen = late
    press(view, "split")
    one, other = view.state["people"]
    assert one == 1
    assert set(np.flatnonzero(view.counted.of == other)) == set(late)


def test_a_refusal_is_said_and_changes_nothing(view, tmp_path):
    board(view).picked = [1, 2]
    before = view._live._image.value
    press(view, "merge")
    assert "person 1 and person 2 were seen at once" in board(view).alarm
    assert "from frame 10 to frame 40" in board(view).alarm
    assert view._live._image.value == before
    assert len(view.corrections) == 0
    assert not (tmp_path / "corrections.json").exists()
    board(view).picked = [1]
    assert board(view).alarm == ""


@pytest.mark.parametrize("act", ["merge", "split", "drop", "keep", "undo", "", "nonsense"])
def test_a_button_without_its_picks_does_nothing(view, act):
    press(view, act)
    assert len(view.corrections) == 0


def test_a_folder_that_cannot_be_written_is_said(view, monkeypatch):
    monkeypatch.setattr(Corrections, "save", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    board(view).picked = [2]
    press(view, "drop")
    assert board(view).alarm == "disk full"
    assert view.counted.unique == 3


def test_opened_again_it_has_the_corrections_after_a_recount_too(view, found, tmp_path):
    view.merge(1, number(found, "e"))
    view.keep(number(view.counted, "c"))
    apart = counted(STAYS, 170, who=[1, 2, 3, 4, 5])  # as under another threshold
    again = views.people(apart, tmp_path)
    assert len(again.corrections) == 2
    assert again.counted.unique == 3
    assert again.undo().undo().counted.unique == 4
    assert len(Corrections.load(tmp_path / "corrections.json")) == 0


def test_code_does_what_the_buttons_do_and_refuses_alike(found, tmp_path):
    view = views.people(found, tmp_path)
    view.merge(1, number(found, "e"))
    assert view.counted.unique == 2
    with pytest.raises(CorrectionError, match="seen at once"):
        view.merge(1, 2)
    with pytest.raises(ValueError, match="1 to 3"):
        view.set(people=(7,))
    assert views.people(found).counted.unique == 3


def test_corrections_of_another_video_are_refused_when_it_is_opened(view, tmp_path):
    view.drop(2)
    with pytest.raises(CorrectionError, match=r"corrections.json, correction 1 \(drop\)"):
        views.people(counted([Stay("x", 5, 60)], 60), tmp_path)


def test_the_picture_depends_on_the_state_alone(view, found):
    view.merge(1, number(found, "e")).set(people=(1, 2), fragments=(0,))
    again = views.people(found, **view.state)
    assert again.picture() == view.picture()
    words = view.picture().words
    assert "Picked: person 1" in words.alt
    assert "1 fragment chosen" in words.alt
    assert "timeline" in words.alt.lower()


def test_everything_is_said_in_words(view):
    board(view).picked = [1]
    assert all(p["label"].startswith("person ") for p in board(view).people)
    unsure = board(view).people[number(view.counted, "c") - 1]
    assert unsure["label"].endswith("unsure, from 16 s")
    assert board(view).fragments[0]["label"] == "person 1 from 0 s, track 1"


def test_nobody_is_a_count_too(tmp_path):
    from sticc_lib.counting.calibrate import cut
    from sticc_lib.counting.counted import Counted
    from sticc_lib.counting.identify import Individuals

    one = counted([Stay("a", 1, 3)], 15)
    none = np.empty(0, np.int64)
    import dataclasses

    seen = dataclasses.replace(
        one.observed, boxes=one.observed.boxes[:0], fragments=one.observed.fragments[:0],
        crops=one.observed.crops[:0],
    )  # fmt: skip
    found = Individuals(none, np.empty(0, bool), cut([0.1], [0.9], "made up"), 0, 0, "none",
                        one.found.settings)  # fmt: skip
    view = views.people(Counted.of_found(seen, one.evidence, found), tmp_path)
    assert "0 people" in view.picture().words.title
