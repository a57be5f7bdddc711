"""The rasteriser against areas known by hand, and the figure's silhouette."""

from __future__ import annotations

import numpy as np
import pytest

from sticc_lib.tracklets.walkers import appearance, figure
from sticc_lib.tracklets.walkers.draw import Canvas


def blank(n: int = 1, scale: float = 1.0) -> Canvas:
    image = np.zeros((n, 3, 64, 64), np.float32)
    return Canvas(image, 32.0, 32.0, scale)


def area(canvas: Canvas, shape) -> float:
    canvas.ink[...] = 0
    canvas.paint(shape, (1, 1, 1))
    return float(canvas.ink[0].sum())


def test_areas_of_shapes_are_those_of_geometry():
    canvas = blank()
    assert area(canvas, canvas.ellipse(0.3, 0.2, 10, 10)) == pytest.approx(np.pi * 100, rel=0.01)
    assert area(canvas, canvas.ellipse(0, 0, 14, 14)) == pytest.approx(np.pi * 196, rel=0.01)
    assert area(canvas, canvas.box(0.25, -5, 8, 4)) == pytest.approx(13 * 8, rel=0.01)
    capsule = canvas.capsule(-8, 3, 9, 3, 5, 5)
    assert area(canvas, capsule) == pytest.approx(17 * 10 + np.pi * 25, rel=0.01)
    triangle = canvas.profile(0, -10, 10, 12, 0)
    assert area(canvas, triangle) == pytest.approx(20 * 12, rel=0.03)


def test_half_of_a_shape_is_half_of_it():
    canvas = blank()
    whole = area(canvas, canvas.ellipse(0, 0, 12, 9))
    assert area(canvas, canvas.limit(canvas.ellipse(0, 0, 12, 9), low=0)) == pytest.approx(
        whole / 2, rel=0.01
    )
    assert area(canvas, canvas.beside(canvas.ellipse(0, 0, 12, 9), 0)) == pytest.approx(
        whole / 2, rel=0.01
    )
    bands = canvas.bands(canvas.box(0, -12, 12, 10), -12, 12, 4)
    assert area(canvas, bands) == pytest.approx(24 * 20 / 2, rel=0.02)


def test_a_frame_is_painted_the_same_alone_and_among_others():
    look = appearance.sample(np.random.default_rng(3))
    yaw = np.array([0.1, 0.2, 0.3], np.float32)
    phase = np.array([0.0, 2.0, 4.0], np.float32)
    together = Canvas(np.zeros((3, 3, 64, 32), np.float32), 16.0, 60.0, [50.0, 53.0, 56.0])
    figure.draw(together, look, figure.Pose(yaw, phase))
    alone = Canvas(np.zeros((1, 3, 64, 32), np.float32), 16.0, 60.0, 53.0)
    figure.draw(alone, look, figure.Pose(yaw[1:2], phase[1:2]))
    assert np.allclose(together.image[1], alone.image[0], atol=1e-5)


@pytest.mark.parametrize("yaw", [0.0, np.pi / 2, np.pi, -np.pi / 2])
def test_a_person_stands_on_the_ground_and_is_about_one_unit_tall(yaw):
    for seed in range(6):
        look = appearance.sample(np.random.default_rng(seed))
        phase = np.linspace(0, 6, 8, dtype=np.float32)
        canvas = Canvas(np.zeros((8, 3, 80, 64), np.float32), 32.0, 70.0, 60.0)
        figure.draw(canvas, look, figure.Pose(np.full(8, yaw, np.float32), phase))
        rows = [np.flatnonzero(ink.max(1) > 0.5) for ink in canvas.ink]
        for touched in rows:
            assert touched[-1] == pytest.approx(69, abs=1.5)
            assert touched[-1] - touched[0] == pytest.approx(60, abs=5)


def test_clothes_colours_are_ten_and_shared_by_many():
    looks = [appearance.sample(np.random.default_rng([5, n])) for n in range(200)]
    tops = {tuple(look.top) for look in looks}
    assert len(appearance.PALETTE) == 10
    assert tops == {tuple(np.float32(c)) for c in appearance.PALETTE.values()}
    assert all(tuple(look.top) != tuple(look.second) for look in looks)
