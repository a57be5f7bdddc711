"""Two worlds and a lens: every picture is shown where it belongs."""

import numpy as np

from sticc_lib.figures import worlds

RNG = np.random.default_rng(0)


def noise(*shape):
    return RNG.integers(0, 256, (*shape, 3)).astype(np.uint8)


def test_both_worlds_are_named_with_their_sizes_and_shown_whole(texts):
    drawn, rendered = noise(3, 5, 16, 8), noise(3, 5, 32, 16)
    figure = worlds.two_worlds(drawn, rendered)
    said = texts(figure)
    assert "drawn" in said
    assert "rendered" in said
    assert "  16 x 8 pixels" in said
    assert "  32 x 16 pixels" in said
    pictures = [image.get_array() for axes in figure.axes for image in axes.images]
    assert (pictures[0][:16, :8] == drawn[0, 0]).all()
    assert (pictures[1][:32, :16] == rendered[0, 0]).all()


def test_a_lens_has_a_column_a_camera_before_above_behind(texts):
    before, behind = noise(3, 32, 16), noise(3, 32, 16)
    told = [f"camera {k}\n63 px" for k in range(3)]
    figure = worlds.lens(before, behind, told)
    assert set(told) <= set(texts(figure))
    upper, lower = (image.get_array() for image in figure.axes[0].images)
    assert (upper[:32, :16] == before[0]).all()
    assert (lower[:32, :16] == behind[0]).all()
