"""PETS2009: the embedded video and boxes are what data/README.md says, and slips are named.

The real set is read from the repository; tiny videos are encoded here to be broken.
"""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from sticc_lib.run import data_dir, project_root
from sticc_lib.tracklets.crops import video_frame, video_header
from sticc_lib.tracklets.sources import pets2009
from sticc_lib.tracklets.store import PixelError
from sticc_lib.tracklets.table import DataError

REAL = data_dir() / "pets2009"
SHARED = project_root().parent / "shared" / "data" / "pets2009"
MATES = {"A": 2, "B": 2, "C": 2, "D": 2, "E": 2, "F": 2, "G": 1, "H": 4, "I": 1, "J": 1}


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The real set without and with K, from one cutting of the crops."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STICC_CACHE", str(tmp_path_factory.mktemp("pets")))
        return pets2009.load(), pets2009.load(with_distant=True)


@pytest.fixture(scope="module")
def real(both):
    return both[0]


def test_the_video_has_795_frames_at_exactly_7_a_second_in_at_most_2_5_megabytes():
    av = pytest.importorskip("av")
    path = REAL / "s2l1_view1.mp4"
    assert path.stat().st_size <= 2_500_000
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 768, 576)
        assert stream.average_rate == pets2009.FRAMES_PER_SECOND == 7
        assert abs(container.duration / 1e6 - 113.6) < 0.05
        times = sorted(p.pts * p.time_base for p in container.demux(stream) if p.pts is not None)
    assert times == [Fraction(n, 7) for n in range(795)]


def test_visits_and_persons_are_the_expected_ones(real):
    assert real.tracklets.groupby("label")["visit"].nunique().to_dict() == MATES
    assert sorted(real.tracklets["person"].unique()) == list(range(1, 11))
    assert real.tracklets["query"].sum() == 16
    assert real.tracklets.loc[real.tracklets["query"], "label"].map(MATES).min() == 2
    assert real.tracklets.loc[~real.tracklets["query"], "label"].tolist() == ["G", "I", "J"]
    assert real.tracklets["gallery"].all()
    assert real.rule.exclude_same_visit
    assert not real.rule.same_camera_junk


def test_fragments_of_a_stay_are_joined_and_times_are_frame_numbers(real):
    a1 = real.tracklets.index[real.tracklets["visit"] == "A1"][0]
    frames = real.frames[real.frames["tracklet"] == a1]
    assert frames["track"].nunique() == 3
    assert (frames["time"].iloc[0], frames["time"].iloc[-1]) == (1, 148)
    assert not real.frames.duplicated(["tracklet", "time"]).any()


def test_k_is_set_aside_unless_asked_for(both):
    real, whole = both
    assert set(whole.tracklets["label"]) - set(real.tracklets["label"]) == {"K"}
    labels = ["label", "person"]
    assert whole.tracklets[labels].iloc[:19].equals(real.tracklets[labels])


def test_clean_crops_lie_inside_the_image_and_overlap_little(real):
    boxes = pd.read_csv(REAL / "boxes.csv")
    clean = real.frames[real.frames["clean"]].merge(
        real.tracklets[["visit"]], left_on="tracklet", right_index=True
    )
    seen = boxes.merge(clean, left_on=["frame", "visit"], right_on=["time", "visit"])
    seen = seen.sort_values("score").drop_duplicates(["frame", "visit"], keep="last")
    assert len(seen) == len(clean)
    assert (seen["x"] >= 0).all()
    assert (seen["x"] + seen["w"] <= 768).all()
    for box in seen.sample(60, random_state=0).itertuples():
        others = boxes[(boxes["frame"] == box.frame) & (boxes["visit"] != box.visit)]
        for other in others.itertuples():
            wide = min(box.x + box.w, other.x + other.w) - max(box.x, other.x)
            tall = min(box.y + box.h, other.y + other.h) - max(box.y, other.y)
            shared = max(wide, 0) * max(tall, 0)
            assert shared / (box.w * box.h + other.w * other.h - shared) <= 0.15
    assert 0.9 < real.frames["clean"].mean() < 0.99


def test_sixteen_clean_crops_a_visit_are_evenly_spaced(real):
    few = pets2009.evenly_spaced_clean(real)
    assert (few.tracklets["num_frames"] == 16).all()
    assert few.frames["clean"].all()
    assert few.check().tracklets.index.equals(real.tracklets.index)
    for number in few.tracklets.index:
        all_times = real.frames.query("tracklet == @number and clean")["time"].to_numpy()
        times = few.frames.loc[few.frames["tracklet"] == number, "time"].to_numpy()
        ranks = np.searchsorted(all_times, times)
        assert (ranks[0], ranks[-1]) == (0, len(all_times) - 1)
        assert np.ptp(np.diff(ranks)) <= 1


def test_crops_hold_the_colours_of_the_person_they_are_named_after(real):
    """F wears red, G and I blue, A and E dark: rows, boxes and frames do match."""
    few = pets2009.evenly_spaced_clean(real)
    redness = {}
    for number, positions in few.frame_positions().items():
        coats = few.read(positions)[:, :, 30:60, 20:44].astype(float)
        red, green, blue = coats.mean((2, 3)).T
        redness[few.tracklets.loc[number, "visit"]] = np.median(red - (green + blue) / 2)
    assert min(redness["F1"], redness["F2"]) > 80
    assert max(redness["G1"], redness["I1"]) < -25
    assert max(abs(redness[visit]) for visit in ("A1", "A2", "E1", "E2")) < 15


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared folder is not beside the project")
def test_mot_crops_are_19_tracks_of_10_persons_with_16_queries():
    crops = pets2009.load_mot_crops()
    facts = (len(crops), crops.tracklets["person"].nunique(), crops.tracklets["query"].sum())
    assert facts == (19, 10, 16)
    assert len(crops.frames) == 2122
    assert crops.rule == pets2009.RULE
    assert crops.read(np.array([0, 2000]), (128, 64)).shape == (2, 3, 128, 64)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared folder is not beside the project")
def test_boxes_are_those_of_the_shared_folder():
    ours, theirs = (pd.read_csv(folder / "boxes.csv") for folder in (REAL, SHARED))
    pd.testing.assert_frame_equal(ours, theirs)


def encode(path, frames=8, height=48, width=64):
    """An mp4 whose n-th frame has the brightness 20 n."""
    import av

    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as writer:
        video = writer.add_stream("libx264", rate=7, options={"crf": "18", "threads": "1"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        noise = np.random.default_rng(0).integers(0, 20, (frames, height, width, 3), np.uint8)
        for number in range(frames):
            image = noise[number] + np.uint8(20 * number)
            writer.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        writer.mux(video.encode())


HEADER = "frame,track,x,y,w,h,score,person,visit\n"
LINES = [
    "1,1,2,2,10,20,0.9,A,A1", "1,2,30,2,10,20,0.9,B,B1", "2,1,3,2,10,20,0.9,A,A1",
    "2,3,3.5,2,10,20,0.5,A,A1", "3,1,-4,2,10,20,0.9,A,A1", "4,4,20,2,10,20,0.9,A,A2",
    "4,2,24,2,10,20,0.9,B,B1", "8,4,20,2,10,20,0.9,A,A2", "8,5,30,4,6,9,0.9,K,K1",
]  # fmt: skip


@pytest.fixture
def little(tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_CACHE", str(tmp_path / "cache"))
    encode(tmp_path / "s2l1_view1.mp4")
    write_boxes(tmp_path, LINES)
    return tmp_path


def write_boxes(folder, lines, header=HEADER):
    (folder / "boxes.csv").write_text(header + "\n".join(lines) + "\n")


def test_crops_come_from_the_frames_the_boxes_name(little):
    data = pets2009.load(little, size=(16, 8))
    assert data.tracklets["visit"].tolist() == ["A1", "A2", "B1"]
    assert data.tracklets["query"].tolist() == [True, True, False]
    assert data.frames["time"].tolist() == [1, 2, 3, 4, 8, 1, 4]
    brightness = data.read(np.arange(7)).mean((1, 2, 3))
    wanted = 20 * (data.frames["time"].to_numpy() - 1) + 9.5
    assert np.abs(brightness - wanted).max() < 8
    assert data.frames["clean"].tolist() == [True, True, False, False, True, True, False]


def test_of_two_boxes_of_a_visit_in_one_frame_the_better_stays(little):
    data = pets2009.load(little, size=(16, 8))
    assert data.frames.loc[1, ["time", "track"]].tolist() == [2, 1]


def test_crops_are_cut_once_and_again_for_other_boxes_or_sizes(little):
    pets2009.load(little, size=(16, 8))
    kept = list((little / "cache").iterdir())
    assert len(kept) == 1
    when = kept[0].stat().st_mtime_ns
    pets2009.load(little, size=(16, 8), with_distant=True)
    assert [(p, p.stat().st_mtime_ns) for p in (little / "cache").iterdir()] == [(kept[0], when)]
    pets2009.load(little, size=(8, 8))
    write_boxes(little, LINES[:-1])
    pets2009.load(little, size=(16, 8))
    assert len(list((little / "cache").iterdir())) == 3


@pytest.mark.parametrize("name", ["s2l1_view1.mp4", "boxes.csv"])
def test_a_missing_file_is_named_with_the_remedy(little, name):
    (little / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing; restore it .*make_pets\.py"):
        pets2009.load(little)


def test_a_truncated_video_is_refused_and_nothing_half_written_is_left(little):
    video = little / "s2l1_view1.mp4"
    content = video.read_bytes()
    video.write_bytes(content[: int(len(content) * 0.7)])
    with pytest.raises(PixelError, match=r"s2l1_view1\.mp4: (truncated, ends after|cannot be dec)"):
        pets2009.load(little)
    assert list((little / "cache").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no video", None])
def test_what_is_no_video_is_refused(little, content):
    video = little / "s2l1_view1.mp4"
    video.write_bytes(video.read_bytes()[:100] if content is None else content)
    with pytest.raises(PixelError, match=r"not readable as a video .*make_pets\.py"):
        pets2009.load(little)


def test_a_box_of_a_frame_beyond_the_video_is_named_before_decoding(little, monkeypatch):
    monkeypatch.setattr("sticc_lib.tracklets.crops._decode", lambda *_: pytest.fail("decoded"))
    write_boxes(little, [*LINES, "9,4,20,2,10,20,0.9,A,A2"])
    with pytest.raises(PixelError, match=r"boxes\.csv line 11: frame 9, but .*mp4 has 8"):
        pets2009.load(little)


def test_a_box_outside_the_image_is_named_by_its_line(little):
    write_boxes(little, [*LINES, "8,7,200,2,10,20,0.9,A,A2"])
    with pytest.raises(PixelError, match=r"boxes\.csv line 11: the box .* lies outside the image"):
        pets2009.load(little)
    assert list((little / "cache").iterdir()) == []


@pytest.mark.parametrize(
    "line", ["0,4,20,2,10,20,0.9,A,A2", "5,4,20,2,0,20,0.9,A,A2", "5,4,x,2,10,20,0.9,A,A2",
             "5,4,20,2,10,20,0.9,,A2"]
)  # fmt: skip
def test_a_line_that_does_not_fit_is_named(little, line):
    write_boxes(little, [*LINES, line])
    with pytest.raises(DataError, match=r"boxes\.csv line 11: expected frame >= 1"):
        pets2009.load(little)


def test_missing_columns_and_visits_without_clean_crops_are_named(little):
    write_boxes(little, LINES[4:5])
    data = pets2009.load(little, size=(16, 8))
    with pytest.raises(DataError, match=r"visit A1 \(tracklet 0\) has no clean crop"):
        pets2009.evenly_spaced_clean(data)
    write_boxes(little, LINES, HEADER.replace("visit", "stay"))
    with pytest.raises(DataError, match="no column visit"):
        pets2009.load(little)


def test_the_header_of_a_video_is_read_without_decoding(little):
    assert video_header(little / "s2l1_view1.mp4", "remedy") == (8, 48, 64)


def test_mot_crops_that_are_absent_are_named(tmp_path):
    with pytest.raises(DataError, match=r"track_to_person\.csv is missing"):
        pets2009.load_mot_crops(tmp_path)
    (tmp_path / "track_to_person.csv").write_text("track_id,person\n1,A\n")
    with pytest.raises(DataError, match="track 1 has no crops"):
        pets2009.load_mot_crops(tmp_path)


def test_one_frame_is_read_by_its_number_from_one(little):
    pictures = [video_frame(little / "s2l1_view1.mp4", number) for number in (1, 3, 8)]
    assert [p.shape for p in pictures] == [(3, 48, 64)] * 3
    assert [p.mean() for p in pictures] == pytest.approx([10, 50, 150], abs=6)
    for beyond in (0, 9):
        with pytest.raises(PixelError, match=f"has no frame {beyond}"):
            video_frame(little / "s2l1_view1.mp4", beyond)
