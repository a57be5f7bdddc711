"""Corrections: counts follow, undo leads back, they survive a recount, nonsense is refused."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_counts import Stay, counted

from sticc_lib.counting.corrections import Correction, CorrectionError, Corrections, Piece
from sticc_lib.counting.counted import Counted
from sticc_lib.counting.table import check_intervals, check_samples

STAYS = [
    Stay("a", 1, 40), Stay("b", 10, 70), Stay("c", 30, 60), Stay("d", 80, 84),
    Stay("a", 100, 140), Stay("b", 120, 150), Stay("e", 145, 170),
]  # fmt: skip
"""Seven tracks, 170 frames at 5 a second: 15 frames an interval; d is there for one second."""
FRAMES = 170


@pytest.fixture
def found():
    """Five people; d is unsure."""
    return counted(STAYS, FRAMES)


def number(one: Counted, person: str, stays=STAYS) -> int:
    """Who somebody is in a count, by their first stay."""
    track = 1 + [s.person for s in stays].index(person)
    return int(one.of[one.observed.fragments["track"].to_numpy() == track][0])


def recounted(one: Counted, of: np.ndarray) -> Counted:
    """The same observation with other individuals found, as under another threshold."""
    other = one.with_people(of, 0)
    of_found = replace(one.found, of=other.of, counted=other.counted)
    return Counted.of_found(one.observed, one.evidence, of_found)


def same(left: Counted, right: Counted) -> bool:
    return (
        np.array_equal(left.of, right.of)
        and np.array_equal(left.counted, right.counted)
        and left.dropped == right.dropped
    )


def together(of: np.ndarray) -> np.ndarray:
    return of[:, None] == of[None]


def test_the_counts_follow_a_merge(found):
    now = Corrections().merge(found, number(found, "a"), number(found, "e")).applied(found)
    assert (found.unique, now.unique, now.corrected) == (4, 3, 1)
    assert now.intervals["unique"].iloc[-1] == 3
    assert (now.low, now.high) == (found.low - 1, found.high - 1)
    assert len(now.people) == len(found.people) - 1
    assert now.people.loc[1, "last"] == 170


def test_the_counts_follow_a_split_a_ghost_and_a_short_one_that_counts(found):
    back = np.flatnonzero(found.evidence.fragments["track"] == 5)
    split = Corrections().split(found, 1, back.tolist())
    now = split.applied(found)
    assert now.unique == 5
    assert together(now.of)[np.ix_(back, back)].all()
    assert split.drop(now, number(now, "b")).applied(found).unique == 4
    assert not found.counted[number(found, "d") - 1]
    assert split.keep(now, number(now, "d")).applied(found).unique == 6


def test_a_ghost_is_not_present_and_not_unsure(found):
    made = Corrections().drop(found, number(found, "c"))
    now = made.applied(found)
    assert now.dropped == {number(now, "c")}
    assert (now.intervals["present"] <= found.intervals["present"]).all()
    assert now.intervals["present"].sum() < found.intervals["present"].sum()
    again = made.keep(now, number(now, "c")).applied(found)
    assert again.unique == found.unique
    assert again.dropped == frozenset()


def test_people_seen_at_once_are_not_merged_and_the_frames_are_named(found):
    with pytest.raises(CorrectionError, match=r"person 1 and person 2 .* in 52 frames, from frame "
                       r"10 to frame 140"):  # fmt: skip
        Corrections().merge(found, 1, 2)


def test_two_boxes_on_one_body_may_be_merged():
    double = counted([Stay("a", 1, 40), Stay("b", 30, 60, lane=0)], 60)
    assert Corrections().merge(double, 1, 2).applied(double).unique == 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda c, n: c.merge(n, 2, 2), "cannot be merged with itself"),
        (lambda c, n: c.merge(n, 1, 9), "no person 9; there are 1 to 5"),
        (lambda c, n: c.drop(n, 0), "no person 0"),
        (lambda c, n: c.split(n, 1, []), "choose at least 1 and leave 1"),
        (lambda c, n: c.split(n, 1, np.flatnonzero(n.of == 1)), "choose at least 1 and leave 1"),
        (lambda c, n: c.split(n, 1, np.flatnonzero(n.of == 2)), "is not of person 1"),
    ],
)
def test_what_makes_no_sense_is_refused(found, make, said):
    with pytest.raises(CorrectionError, match=said):
        make(Corrections(), found)


def test_undone_to_the_last_the_count_is_as_it_was_found(found):
    made = Corrections().merge(found, 1, number(found, "e"))
    made = made.drop(made.applied(found), 2)
    assert same(made.undo().undo().applied(made.applied(found)), found)
    assert Corrections().undo() == Corrections()


def test_the_last_word_counts(found):
    """b joins a's stays, leaves again and joins c: nothing of the first merge is left."""
    one = counted([Stay("a", 1, 40), Stay("b", 50, 90), Stay("c", 100, 140)], 140)
    made = Corrections().merge(one, 1, 2)
    joined = made.applied(one)
    back = np.flatnonzero(one.of == 2)
    made = made.split(joined, 1, back.tolist())
    made = made.merge(made.applied(one), 2, 3)
    assert made.applied(one).of.tolist() == np.where(one.of == 3, 2, one.of).tolist()


MOVES = st.lists(st.tuples(st.sampled_from(["merge", "split", "drop", "keep", "undo"]),
                           st.integers(0, 99), st.integers(0, 99), st.integers(0, 2**20)),
                 max_size=8)  # fmt: skip


def played(one: Counted, moves) -> list[Corrections]:
    """Corrections after each move that is not refused, with numbers that fit."""
    held = [Corrections()]
    for kind, a, b, bits in moves:
        now = held[-1].applied(one)
        count = len(now.counted)
        first, second = 1 + a % count, 1 + b % count
        mine = np.flatnonzero(now.of == first)
        chosen = mine[[bool(bits >> k & 1) for k in range(len(mine))]]
        try:
            held.append({
                "merge": lambda m: m.merge(now, first, second),  # noqa: B023
                "split": lambda m: m.split(now, first, chosen),  # noqa: B023
                "drop": lambda m: m.drop(now, first),  # noqa: B023
                "keep": lambda m: m.keep(now, first),  # noqa: B023
                "undo": lambda m: m.undo(),
            }[kind](held[-1]))  # fmt: skip
        except CorrectionError:
            continue
    return held


@given(MOVES)
@settings(max_examples=15, deadline=None)
def test_tables_hold_applying_twice_is_once_and_every_step_is_what_was_said(moves):
    one = counted(STAYS, FRAMES)
    for made in played(one, moves):
        now = made.applied(one)
        check_intervals(now.intervals)
        check_samples(now.samples)
        assert same(made.applied(now), now)
        assert now.intervals["unique"].iloc[-1] == now.unique
        assert now.low <= now.unique <= now.high
        # as fragments found by this very way, they are corrected to the same once more
        again = made.applied(recounted(one, now.of))
        assert np.array_equal(together(again.of), together(now.of))
        assert np.array_equal(again.person > 0, now.person > 0)


@given(MOVES)
@settings(max_examples=15, deadline=None)
def test_corrections_alone_change_people_by_one_at_most(moves):
    one = counted(STAYS, FRAMES)
    steps = [m.applied(one) for m in played(one, moves)]
    for before, after in pairwise(steps):
        assert abs(len(after.counted) - len(before.counted)) <= 1
        assert abs(after.unique - before.unique) <= 1


@given(MOVES, st.lists(st.integers(1, 4), min_size=7, max_size=7))
@settings(max_examples=25, deadline=None)
def test_what_was_said_holds_whatever_a_recount_finds(moves, tracks):
    """Tracks are thrown together anew, as another threshold might."""
    one = counted(STAYS, FRAMES)
    made = played(one, moves)[-1]
    table = one.observed.fragments[["interval", "track", "first_frame"]]
    rows = {(k + 1, t, f): row for row, (k, t, f) in enumerate(table.itertuples(index=False))}
    said = np.zeros((len(rows), len(rows)), int)  # 1 the same, -1 not; the last word counts
    for entry in made.entries:
        a, b = ([rows[tuple(p)] for p in side] for side in (entry.pieces, entry.others))
        if entry.kind == "split":
            said[np.ix_(a, b)] = said[np.ix_(b, a)] = -1
        else:
            a += b
        said[np.ix_(a, a)] = 1
    of = np.array(tracks)[table["track"].to_numpy() - 1]
    now = together(made.applied(recounted(one, of)).of)
    assert now[said > 0].all()
    assert not now[said < 0].any()


def test_who_is_not_named_follows_where_nothing_speaks_against_it(found):
    """With a's two stays found as two people, the merge of a and e takes both along."""
    made = Corrections().merge(found, 1, number(found, "e"))
    of = np.where(found.evidence.fragments["track"] == 5, 9, found.of)
    now = made.applied(recounted(found, of))
    assert now.unique == 3
    # with c found together with e, c goes along as well
    of = np.where(found.of == number(found, "e"), number(found, "c"), found.of)
    joined = made.applied(recounted(found, of))
    assert number(joined, "e") == number(joined, "a")
    assert number(joined, "c") != number(joined, "a")  # seen at once: c stays behind


def test_saved_and_read_they_are_the_same_and_a_recount_has_them(found, tmp_path):
    made = Corrections().merge(found, 1, number(found, "e"))
    now = made.applied(found)
    made = made.keep(now, number(now, "d"))
    path = made.save(tmp_path / "corrections.json")
    held = Corrections.load(path)
    assert held.entries == made.entries
    stricter = recounted(found, np.arange(1, len(found.of) + 1))
    now = held.applied(stricter)
    assert together(now.of)[np.ix_(found.of == 1, found.of == number(found, "e"))].all()
    assert len(Corrections.load(tmp_path / "none.json")) == 0


PIECE = {"interval": 1, "track": 1, "first_frame": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not readable as JSON"),
        ("[]", r"expected \{\"corrections\""),
        (json.dumps({"corrections": [{"kind": "join"}]}), "correction 1: expected a kind, one of "),
        (json.dumps({"corrections": [{"kind": "drop", "pieces": []}]}),
         r"correction 1 \(drop\): pieces: expected a list"),
        (json.dumps({"corrections": [{"kind": "merge", "pieces": [PIECE]}]}),
         r"correction 1 \(merge\): others: expected a list"),
        (json.dumps({"corrections": [{"kind": "drop", "pieces": [PIECE | {"track": 1.5}]}]}),
         "expected whole numbers interval, track, first_frame"),
        (json.dumps({"corrections": [{"kind": "split", "pieces": [PIECE], "others": [PIECE]}]}),
         "on both sides"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_and_the_correction_named(tmp_path, text, said):
    path = tmp_path / "corrections.json"
    path.write_text(text)
    with pytest.raises(CorrectionError, match=said) as error:
        Corrections.load(path)
    assert "corrections.json" in str(error.value)


def test_corrections_of_another_observation_are_refused_and_named(found):
    other = Correction("drop", (Piece(3, 77, 31),))
    made = Corrections(
        (*Corrections().merge(found, 1, number(found, "e")).entries, other), "out/corrections.json"
    )
    with pytest.raises(CorrectionError) as error:
        made.applied(found)
    assert str(error.value).startswith(
        "out/corrections.json, correction 2 (drop): made up has no fragment of track 77 that "
        "begins with frame 31 in interval 3"
    )


def test_a_file_that_merges_people_seen_at_once_is_refused(found):
    one, two = (Corrections().drop(found, n).entries[0].pieces for n in (1, 2))
    with pytest.raises(CorrectionError, match=r"correction 1 \(merge\): these were seen at once"):
        Corrections((Correction("merge", one, two),)).applied(found)
