"""GIFs: within a number of bytes, still where nothing moves, and with colours that mean much."""

import numpy as np
import pytest
from PIL import Image

from sticc_lib.figures.animation import KEPT, STILL, palette, steady, write_small
from sticc_lib.figures.lettering import rgb

RNG = np.random.default_rng(0)


def grainy(frames=6, shape=(120, 160), grain=4):
    ground = RNG.integers(60, 200, (*shape, 3))
    made = []
    for number in range(frames):
        picture = ground + RNG.integers(-grain, grain + 1, ground.shape)
        picture[20:40, 10 * number : 10 * number + 20] = rgb(KEPT[2])
        made.append(picture.astype(np.uint8))
    return made


def test_grain_stands_still_and_what_moves_does_not():
    frames = grainy()
    shown = steady(frames)
    still = np.s_[60:]
    for frame, was in zip(shown[1:], frames[1:], strict=True):
        np.testing.assert_array_equal(frame[still], shown[0][still])
        assert np.abs(frame.astype(int) - was).max() <= STILL
    assert steady([]) == []


def test_colours_that_mean_something_survive(tmp_path):
    frames = grainy()
    colours = palette(frames, 32)
    assert colours.shape == (32, 3)
    assert [tuple(c) for c in colours[: len(KEPT)].tolist()] == [rgb(c) for c in KEPT]
    write_small(tmp_path / "a.gif", frames, 5)
    with Image.open(tmp_path / "a.gif") as image:
        assert image.n_frames == len(frames)
        image.seek(4)
        found = np.asarray(image.convert("RGB"))[25:35, 45:55].reshape(-1, 3)
    assert (found == rgb(KEPT[2])).all()


def test_a_file_is_made_smaller_until_it_fits(tmp_path):
    frames = grainy(8, (200, 500), grain=40)
    write_small(tmp_path / "large.gif", frames, 5, most=10**9)
    large = (tmp_path / "large.gif").stat().st_size
    write_small(tmp_path / "small.gif", frames, 5, most=large // 3)
    assert (tmp_path / "small.gif").stat().st_size <= large // 3
    with pytest.raises(ValueError, match="no frames"):
        write_small(tmp_path / "none.gif", [], 5)
    assert not (tmp_path / "none.gif").exists()
