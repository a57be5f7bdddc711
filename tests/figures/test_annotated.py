"""The annotated video: its frames and times, its numbers, its colours, and no head when asked."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from counted_scene import counted_scene
from PIL import Image

from sticc_lib.counting.anonymise import blur_frame, heads
from sticc_lib.counting.moments import Moments
from sticc_lib.counting.video import Frame, Video
from sticc_lib.figures import annotated, strip
from sticc_lib.figures.annotated import Painter, annotate, heading
from sticc_lib.figures.lettering import rgb
from sticc_lib.figures.strip import Strip, person_colour
from sticc_lib.figures.theme import BRIGHT, FAINT
from sticc_lib.values import ConfigError


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return counted_scene(tmp_path_factory.mktemp("scene"))


def read(path):
    return list(Video.open(path).frames())


def test_every_frame_that_was_watched_is_shown_as_long_as_in_the_video(scene, tmp_path):
    video, counted = scene
    path = annotate(counted, video, tmp_path / "a.mp4", progress=False)
    found, source = read(path), list(video.frames())
    assert len(found) == len(source) == video.count
    times = np.array([[f.seconds for f in frames] for frames in (found, source)])
    np.testing.assert_allclose(times[0], times[1], atol=1e-3)
    painter = Painter(Moments(counted), video)
    inner = found[40].pixels[painter.head : painter.head + video.height]
    assert np.abs(inner.astype(int) - source[40].pixels).mean() < 12  # boxes on the same picture


@pytest.mark.parametrize("step", [2, 5])
def test_frames_that_were_not_looked_at_are_left_out(tmp_path, step):
    video, counted = counted_scene(tmp_path, step=step, start=3.0, stop=11.0)
    found = read(annotate(counted, video, tmp_path / "a.mp4", progress=False))
    looked = [f.seconds for f in video.frames(3.0, 11.0, step)]
    assert Moments(counted).step == step
    np.testing.assert_allclose([f.seconds for f in found], np.array(looked) - 3, atol=1e-3)
    part = read(annotate(counted, video, tmp_path / "b.mp4", start=5.0, stop=8.0, progress=False))
    inside = [s for s in looked if 5 - 1e-6 <= s < 8 - 1e-6]
    np.testing.assert_allclose([f.seconds for f in part], np.array(inside) - inside[0], atol=1e-3)


def test_the_heading_tells_the_numbers_of_the_tables(scene):
    _, counted = scene
    moments = Moments(counted)
    for k, row in counted.intervals.iterrows():
        last = int(counted.observed.intervals.loc[k, "last_frame"])
        words = heading(moments.at(last), moments.seconds(last), moments)
        assert words == (
            ("time", f"{int(moments.seconds(last) + 1e-6)} s"),
            (f"in interval {k + 1} of {len(counted.intervals)}:", str(row["present"])),
            ("now", str(moments.at(last).now)),
            ("so far", str(row["unique"])),
            ("whole video", f"{counted.unique} (90 %: {counted.low} to {counted.high})"),
        )


@pytest.mark.parametrize("size", [(320, 240), (768, 576), (3840, 2160), (240, 480)])
def test_the_heading_fits_any_size(scene, size):
    _, counted = scene
    moments = Moments(counted)
    other = SimpleNamespace(width=size[0], height=size[1], fps=6.0)
    painter = Painter(moments, other)
    frame = Frame(moments.high, 13.8, np.full((size[1], size[0], 3), 90, np.uint8))
    drawn = painter.draw(frame)
    assert drawn.shape[1] == size[0]
    head = drawn[: painter.head].astype(int)
    ground = head[0, 0]
    assert (head[:, -1] == ground).all()  # nothing is cut at the right
    assert (head[-1] == ground).all()
    assert (head != ground).any(axis=2).sum() > 200


def test_a_person_has_one_colour_in_all_frames(scene):
    video, counted = scene
    moments, checked = Moments(counted), 0
    painter = Painter(moments, video)
    for frame in video.frames():
        moment = moments.at(frame.number)
        if not len(moment.boxes):
            continue
        picture = painter.draw(frame)[painter.head : painter.head + video.height]
        nearest = int((moment.boxes[:, 1] + moment.boxes[:, 3]).argmax())  # nothing is over it
        x, y, _, h = moment.boxes[nearest]
        if round(x) >= 0:
            colour = rgb(person_colour(int(moment.persons[nearest])))
            assert tuple(picture[round(y + 0.7 * h), round(x)].tolist()) == colour
            checked += 1
    assert checked > 40
    assert len({person_colour(n) for n in range(1, 2 * len(BRIGHT) + 1)}) == 2 * len(BRIGHT)


def test_the_unsure_are_thin_grey_and_not_in_the_strip(tmp_path):
    video, counted = counted_scene(tmp_path, least=1e9)
    moments = Moments(counted)
    painter = Painter(moments, video)
    frame = next(f for f in video.frames() if len(moments.at(f.number).boxes) == 1)
    box = moments.at(frame.number).boxes[0]
    picture = painter.draw(frame)[painter.head : painter.head + video.height]
    y, left = round(box[1] + 0.7 * box[3]), round(box[0])
    assert tuple(picture[y, left].tolist()) == rgb(FAINT)
    assert tuple(picture[y, left + 1].tolist()) != rgb(FAINT)
    assert painter.strip.shown(frame.number, moments.at(frame.number)) == ([], 0)
    assert heading(moments.at(video.count), 1.0, moments)[3] == ("so far", "0")


def test_the_strip_is_bright_for_who_is_here_and_drawn_again_only_if_it_changes(scene):
    _, counted = scene
    moments = Moments(counted)
    shown = Strip(moments, 240, 11)
    states, pictures = set(), []
    for frame in range(moments.low, moments.high + 1):
        moment = moments.at(frame)
        people, more = shown.shown(frame, moment)
        assert len(people) + more == moment.unique
        states.add((tuple(people), more, moment.here, moment.new))
        drawn = shown.draw(frame, moment)
        if not any(drawn is p for p in pictures):
            pictures.append(drawn)
        for place, person in enumerate(people if not more else []):
            x = shown.pad + place * (shown.tile[1] + shown.pad)
            edge = tuple(drawn[shown.height // 2, x].tolist())
            assert (edge == rgb(person_colour(person))) == (person in moment.here)
    assert 1 < len(pictures) < (moments.high - moments.low) / 2


def test_where_there_is_no_room_the_strip_says_how_many_more(scene):
    _, counted = scene
    moments = Moments(counted)
    narrow = Strip(moments, 100, 11)
    assert narrow.most == 2
    moment = moments.at(moments.high)
    people, more = narrow.shown(moments.high, moment)
    assert (len(people), more) == (1, moment.unique - 1)
    assert narrow.draw(moments.high, moment).shape == (narrow.height, 100, 3)


def test_anonymised_frames_have_no_head_of_anybody(scene, monkeypatch):
    video, counted = scene
    moments = Moments(counted)
    monkeypatch.setattr(Painter, "_boxes", lambda *args: None)  # what lies under the boxes
    painter = Painter(moments, video, anonymise=True)
    boxes, checked = counted.observed.boxes, 0
    for frame in list(video.frames())[::4]:
        corners = boxes.loc[boxes["frame"] == frame.number, ["x", "y", "w", "h"]].to_numpy()
        drawn = painter.draw(frame)[painter.head : painter.head + video.height]
        for x, y, w, h in heads(corners):
            low = np.maximum([np.floor(y), np.floor(x)], 0).astype(int)
            high = np.ceil([y + h, x + w]).astype(int)
            was = frame.pixels[low[0] : high[0], low[1] : high[1]].astype(int)
            left = drawn[low[0] : high[0], low[1] : high[1]].astype(int)
            if min(was.shape[:2]) > 8:
                rough = [np.abs(np.diff(p, 2, axis=0)).mean() for p in (was, left)]
                assert rough[1] < 0.35 * rough[0]
                checked += 1
    assert checked > 20


def test_anonymised_strips_have_no_head_either(scene):
    _, counted = scene
    moments = Moments(counted)
    plain, blurred = (Strip(moments, 240, 20, hidden) for hidden in (False, True))
    for person in moments.number.tolist():
        pictures = [s._picture(person, here=True).astype(int) for s in (plain, blurred)]
        tops = [np.abs(np.diff(p[: p.shape[0] // 5], 2, axis=1)).mean() for p in pictures]
        assert tops[1] < 0.5 * tops[0]


def test_an_undetected_frame_within_a_track_is_anonymised_too(scene):
    video, counted = scene
    observed = counted.observed
    boxes = observed.boxes
    track = boxes["track"].mode()[0]
    mine = boxes[boxes["track"] == track]
    lost = mine.iloc[len(mine) // 2]
    holed = boxes.drop(index=int(lost.name))
    without = dataclasses.replace(counted, observed=dataclasses.replace(observed, boxes=holed))
    painter = Painter(Moments(without), video, anonymise=True)
    low, high = np.searchsorted(painter._covered[:, 0], [lost["frame"], lost["frame"] + 1])
    covered = painter._covered[low:high, 1:]
    x, y, w, h = lost[["x", "y", "w", "h"]].to_numpy(float)
    head = x + w / 4, y, x + 3 * w / 4, y + 0.17 * h
    found = heads(covered)
    assert (
        (found[:, 0] <= head[0]) & (found[:, 1] <= head[1])
        & (found[:, 0] + found[:, 2] >= head[2]) & (found[:, 1] + found[:, 3] >= head[3])
    ).any()  # fmt: skip


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_nothing_is_half_written(scene, tmp_path, monkeypatch, error):
    video, counted = scene
    draw, count = Painter.draw, []

    def dies(self, frame):
        count.append(frame)
        if len(count) > 30:
            raise error
        return draw(self, frame)

    monkeypatch.setattr(Painter, "draw", dies)
    with pytest.raises(error):
        annotate(counted, video, tmp_path / "a.mp4", gif=tmp_path / "a.gif", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_another_video_or_span_is_refused_before_work(scene, tmp_path):
    video, counted = scene
    other = dataclasses.replace(counted, observed=dataclasses.replace(
        counted.observed, name="other"))  # fmt: skip
    with pytest.raises(ConfigError, match="give the video that was counted"):
        annotate(other, video, tmp_path / "a.mp4")
    for span in ((50.0, 60.0), (4.0, 4.0), (-5.0, 0.0)):
        with pytest.raises(ConfigError, match="was watched from 0 to 14 s"):
            annotate(counted, video, tmp_path / "a.mp4", start=span[0], stop=span[1])
    assert list(tmp_path.iterdir()) == []


def test_the_gif_shows_the_busiest_seconds_at_their_pace(scene, tmp_path, monkeypatch):
    video, counted = scene
    monkeypatch.setattr(annotated, "GIF_SECONDS", 4.0)
    annotate(counted, video, tmp_path / "a.mp4", gif=tmp_path / "a.gif", progress=False)
    with Image.open(tmp_path / "a.gif") as image:
        assert image.size[0] == video.width
        assert abs(image.n_frames - 24) <= 1
        assert image.info["duration"] == pytest.approx(1000 / 6, abs=10)


def test_nobody_is_a_video_too(tmp_path):
    video, counted = counted_scene(tmp_path)
    nobody = dataclasses.replace(counted.observed, boxes=counted.observed.boxes[:0],
                                 fragments=counted.observed.fragments[:0])  # fmt: skip
    none = dataclasses.replace(counted, observed=nobody, of=np.empty(0, np.int64),
                               counted=np.empty(0, bool))  # fmt: skip
    found = read(annotate(none, video, tmp_path / "a.mp4", anonymise=True, progress=False))
    assert len(found) == video.count
    painter = Painter(Moments(none), video)
    inner = found[9].pixels[painter.head : painter.head + video.height].astype(int)
    source = list(video.frames())[9].pixels
    assert np.abs(inner - blur_frame(source, np.empty((0, 4)))).mean() < 4


def test_a_strip_without_pictures_is_grey(scene, monkeypatch):
    _, counted = scene
    monkeypatch.setattr(type(counted), "pictures", lambda *args: [])
    shown = strip.Strip(Moments(counted), 240, 11)
    assert len(np.unique(shown._picture(1, here=True))) == 1
