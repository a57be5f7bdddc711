"""The gallery: nobody is two boxes at once, order does not matter, a resumed count is the same."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sticc_lib.counting.evidence import Evidence, fragments_of
from sticc_lib.counting.features import unit
from sticc_lib.counting.identify import CountSettings, identify
from sticc_lib.counting.individuals import Gallery, GalleryError, Matching, hungarian
from sticc_lib.counting.merging import merge
from sticc_lib.counting.table import targets
from sticc_lib.values import ConfigError

STEP = 10


def seen(stays: list[tuple[int, int, int]], noise: float = 0.05, seed: int = 0) -> Evidence:
    """Evidence of stays (person, first frame, last frame), each a track in a lane of its own."""
    rng = np.random.default_rng(seed)
    people = unit(rng.normal(size=(1 + max(p for p, *_ in stays), 16)))
    rows = [
        (frame, track, 100.0 * person, 50.0, 20.0, 50.0, 0.9, person + 1)
        for track, (person, first, last) in enumerate(stays, start=1)
        for frame in range(first, last + 1)
    ]
    names = ["frame", "track", "x", "y", "w", "h", "score", "person"]
    boxes, fragments = fragments_of(pd.DataFrame(rows, columns=names), STEP)
    rows_of = boxes.groupby("fragment").indices
    crops = np.concatenate([rows_of[f][:4] for f in fragments.index])
    values = people[boxes["person"].to_numpy()[crops] - 1]
    values = unit(values + noise * rng.normal(size=values.shape))
    return Evidence(boxes, fragments, values, boxes["fragment"].to_numpy()[crops], 5.0)


HALF = [(p, 1 + 3 * p, 30 + 3 * p) for p in range(6)] + [(p, 70 + p, 95 + p) for p in range(3)]
SETTINGS = CountSettings(adapt="none", threshold=0.3, least_seconds=1)


def test_people_who_come_back_are_one_person_in_memory_and_two_in_pairwise():
    evidence = seen(HALF)
    found = identify(evidence, SETTINGS)
    pairwise = replace(SETTINGS, way="online", matching=Matching(mode="pairwise"))
    assert found.unique == 6
    assert identify(evidence, replace(SETTINGS, way="online")).unique == 6
    assert identify(evidence, pairwise).unique == 9


def test_twenty_tracks_of_the_specification():
    """No re-entry 20/20/20; half come back: P rises by each; four short visits: U alone."""
    samples = np.arange(1, 795, 21)

    def count(stays):
        rows = [(f, p) for p, first, last in stays for f in range(first, last + 1)]
        frame, person = np.array(rows).T
        return tuple(targets(person + 1, frame, samples).values())

    plain = [(p, 1 + 30 * p, 100 + 30 * p) for p in range(20)]
    back = plain + [(p, 400 + 30 * p, 450 + 30 * p) for p in range(10)]
    short = plain + [(20 + k, 23 + 42 * k, 30 + 42 * k) for k in range(4)]
    assert count(plain) == (20, 20, 20)
    assert count(back) == (20, 20, 30)
    assert count(short) == (24, 20, 20)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 8), st.integers(3, 25)),
                min_size=1, max_size=12), st.sampled_from(["whole", "online"]))  # fmt: skip
@settings(max_examples=15, deadline=None)
def test_a_cannot_link_is_never_violated(stays, way):
    stays = [(p, 1 + 9 * start, 9 * start + length) for p, start, length in stays]
    # lanes by track, not by person: alike people who are seen at once
    evidence = seen(stays, noise=0.0)
    evidence.boxes["x"] = 60.0 * evidence.boxes["track"]
    found = identify(evidence, replace(SETTINGS, way=way, threshold=1.9))
    same = found.of[:, None] == found.of[None]
    assert not (same & evidence.apart).any()


def test_the_numbering_of_tracks_does_not_matter():
    evidence = seen(HALF)
    names = np.random.default_rng(3).permutation(len(HALF)) + 1
    boxes = evidence.boxes.assign(track=names[evidence.boxes["track"] - 1])
    boxes, fragments = fragments_of(boxes, STEP)
    place = boxes.groupby("fragment")[["track", "interval"]].first()
    old = evidence.fragments.assign(track=names[evidence.fragments["track"] - 1])
    keys = list(zip(old["interval"], old["track"], strict=True))
    order = [keys.index((r.interval, r.track)) for r in place.itertuples()]
    rows = np.concatenate([np.flatnonzero(evidence.owner == k) for k in order])
    owner = np.repeat(np.arange(len(order)), [(evidence.owner == k).sum() for k in order])
    other = Evidence(boxes, fragments, evidence.values[rows], owner, evidence.fps)
    for way in ("whole", "online"):
        ours, theirs = (identify(e, replace(SETTINGS, way=way)) for e in (evidence, other))
        assert np.array_equal(ours.of[order], theirs.of)


def test_a_resumed_gallery_goes_on_as_if_nothing_had_happened(tmp_path):
    evidence = seen(HALF, noise=0.3)
    whole = Gallery()
    for k in range(10):
        whole.step(evidence.at(k), 0.5)
    for stop in range(1, 10):
        part = Gallery()
        for k in range(stop):
            part.step(evidence.at(k), 0.5)
        part = Gallery.load(part.save(tmp_path / "gallery.npz"))
        for k in range(stop, 10):
            part.step(evidence.at(k), 0.5)
        assert part.assigned == whole.assigned


def test_a_damaged_gallery_is_named(tmp_path):
    (tmp_path / "gallery.npz").write_bytes(b"PK no")
    with pytest.raises(GalleryError, match=r"gallery\.npz"):
        Gallery.load(tmp_path / "gallery.npz")


def test_after_ttl_intervals_a_person_is_forgotten():
    evidence = seen([(0, 1, 10), (0, 61, 70)])
    online = replace(SETTINGS, way="online")
    assert identify(evidence, online).unique == 1
    assert identify(evidence, replace(online, matching=Matching(ttl=3))).unique == 2
    with pytest.raises(ConfigError, match="ttl"):
        Matching(ttl=0)


def test_nobody_outruns_the_speed_limit():
    evidence = seen([(0, 1, 10), (0, 12, 20)])
    far = evidence.boxes["x"] + 4000.0 * (evidence.boxes["frame"] > 11)
    evidence.boxes["x"] = far
    assert identify(evidence, SETTINGS).unique == 2
    assert identify(evidence, replace(SETTINGS, way="online")).unique == 2


def test_who_was_seen_for_a_moment_is_unsure():
    evidence = seen([(0, 1, 30), (1, 5, 7)])
    found = identify(evidence, SETTINGS)
    assert found.unique == 1
    assert set(found.sure()) == {0, 1}
    assert identify(evidence, replace(SETTINGS, least_seconds=0)).unique == 2


def test_a_row_stays_alone_where_every_match_costs_more():
    cost = np.array([[0.1, 0.2], [0.15, 0.9], [0.8, 0.7]])
    assert hungarian(cost, 0.5) == [(0, 1), (1, 0)]
    assert hungarian(cost, 0.05) == []
    assert hungarian(np.empty((2, 0)), 0.5) == []


def test_average_linkage_by_hand_with_one_pair_forbidden():
    far = np.array([[0, 1, 4, 9], [1, 0, 2, 9], [4, 2, 0, 3], [9, 9, 3, 0]], float)
    no = np.zeros((4, 4), bool)
    free = merge(far, no)
    assert free.height.tolist() == [1, 3, 7]  # {0,1} 1; {0,1}-2 (4+2)/2; all (9+9+3)/3
    no[0, 1] = no[1, 0] = True
    barred = merge(far, no)
    assert barred.height.tolist() == [2, 6]  # {1,2}; then 3 with them (9+3)/2; 0 stays
    assert barred.groups(9).tolist() == [0, 1, 1, 1]
    assert barred.groups(2).tolist() == [0, 1, 1, 2]


def test_the_interval_of_the_count_holds_it_and_widens_with_doubt():
    clear, doubtful = (identify(seen(HALF, noise), CountSettings(adapt="none"))
                       for noise in (0.02, 0.5))  # fmt: skip
    assert clear.low <= clear.unique <= clear.high
    assert doubtful.high - doubtful.low >= clear.high - clear.low
