"""The rasteriser on solids whose picture is known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from sticc_lib.tracklets.walkers.scene import LABELS
from sticc_lib.tracklets.walkers3d import props, raster, resolve, shading
from sticc_lib.tracklets.walkers3d.cameras import put
from sticc_lib.tracklets.walkers3d.solids import blob

VIEW = np.array([[-1, 0, 0, 0], [0, -1, 0, 1], [0, 0, 1, 0]], np.float32)
"""From one metre up, along +z."""
WINDOW = np.array([-0.5, -0.5, 64, 64], np.float32)
LIGHT = np.array([0, 1, 0, 0, 0, 0, 1, 1, 1], np.float32)


def box(color=(0.5, 0.5, 0.5), half=(0.5, 0.5, 0.5), **material) -> raster.Body:
    made = props.body([(blob((0, 1, 0), half, 12.0), color)])
    if material:
        made.table[0] = shading.Material(color=color, cuts=1.0, **material).row()
        made.cuts[:] = True
    return made


def seen(body: raster.Body, z: float, work: raster.Buffers, owner: int, x: float = 0.0):
    posed = put(body, x, z, 0.0)
    raster.draw(work, body, raster.project(posed.positions, VIEW, WINDOW)[0], owner)
    return posed


def test_a_box_covers_what_its_projection_says():
    work = raster.Buffers.empty(64, 64)
    seen(box(), 4.0, work, 1)
    across = 64 * 1.0 / 3.5  # its face is one metre wide, three and a half away
    assert (work.owner == 1).sum() == pytest.approx(across**2, rel=0.08)


@pytest.mark.parametrize("order", [(3.0, 5.0), (5.0, 3.0)])
def test_the_nearer_one_hides_the_other_in_either_order(order):
    work = raster.Buffers.empty(64, 64)
    for owner, z in enumerate(order, 1):
        seen(box(), z, work, owner)
    assert work.owner[32, 32] == 1 + order.index(3.0)


def test_a_lift_lets_an_outer_layer_win_against_a_surface_just_before_it():
    work = raster.Buffers.empty(64, 64)
    seen(box(lift=0.1), 4.0, work, 1)
    seen(box(), 3.97, work, 2)
    assert work.owner[32, 32] == 1


def test_a_hem_cuts_at_its_height():
    whole, cut = raster.Buffers.empty(64, 64), raster.Buffers.empty(64, 64)
    seen(box(), 4.0, whole, 1)
    seen(box(low=10.0), 4.0, cut, 1)  # decimetres: the upper half of what stands from 5 to 15
    rows = np.flatnonzero((cut.owner == 1).any(1))
    assert (cut.owner == 1).sum() < (whole.owner == 1).sum()
    assert rows.max() == pytest.approx(32, abs=3.0)


def test_ambient_light_alone_gives_the_colour_itself_times_the_sky():
    work = raster.Buffers.empty(64, 64)
    body = box(color=(0.2, 0.4, 0.6))
    posed = seen(body, 4.0, work, 1)
    raster.shade(work, body, posed, 1, np.array([0, 1, 0], np.float32), LIGHT)
    np.testing.assert_allclose(work.color[32, 32], np.array([0.2, 0.4, 0.6]) * 0.7, atol=0.01)


def test_nothing_behind_the_camera_is_drawn():
    work = raster.Buffers.empty(64, 64)
    seen(box(), -3.0, work, 1)
    assert not work.owner.any()


def test_skinning_by_the_identity_leaves_a_body_where_it_is():
    body = box()
    bones = np.eye(3, 4, dtype=np.float32)[None]
    np.testing.assert_allclose(raster.pose(body, bones).positions, body.positions, atol=1e-6)


def test_resolving_conserves_what_is_hidden_and_shown():
    rng = np.random.default_rng(0)
    owner = rng.integers(0, 3, (16, 8)).astype(np.int16)
    cover = (owner == 1) | (rng.random((16, 8)) < 0.3)
    names = np.array([0, LABELS["target visible"], LABELS["occluder"]], np.uint8)
    color = np.ones((16, 8, 3), np.float32)
    image, labels, area = resolve.resolve(
        owner, color, np.zeros((8, 4, 3), np.float32), names, cover
    )
    np.testing.assert_allclose(image.mean(), (owner > 0).mean(), rtol=1e-5)
    own = np.isin(labels, (LABELS["target visible"], LABELS["target hidden"]))
    assert area == own.sum()
    assert (LABELS["target visible"], LABELS["target hidden"]) == (resolve.VISIBLE, resolve.HIDDEN)


def test_a_pixel_wholly_behind_a_thing_is_hidden_where_the_person_is():
    owner = np.full((4, 4), 2, np.int16)
    cover = np.zeros((4, 4), bool)
    cover[:2] = True
    names = np.array([0, 1, LABELS["occluder"]], np.uint8)
    color = np.zeros((4, 4, 3), np.float32)
    _, labels, area = resolve.resolve(owner, color, np.zeros((2, 2, 3), np.float32), names, cover)
    assert labels.tolist() == [[LABELS["target hidden"]] * 2, [LABELS["occluder"]] * 2]
    assert area == 2


@pytest.mark.parametrize("kind", sorted(props.MAKERS))
def test_every_thing_stands_on_the_ground_and_repeats_from_its_seed(kind):
    first, again = (props.make(kind, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first.positions, again.positions)
    assert first.positions[:, 1].min() > -0.3
    assert np.isfinite(first.normals).all()
    assert first.triangles.max() < len(first.positions)
