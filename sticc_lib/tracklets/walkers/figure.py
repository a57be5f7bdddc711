"""A walking person as a flat drawing: joints of the gait in three dimensions, parts back to front.

Units are body heights: the ground is y = 0 and the top of the head y = 1. Turned by `yaw`, a point
(sideways, up, forward) is seen at x = sideways cos(yaw) + forward sin(yaw); yaw 0 faces the viewer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sticc_lib.tracklets.walkers.appearance import Look
from sticc_lib.tracklets.walkers.draw import Canvas, Shape

Point = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Pose:
    """How a person stands in each frame: float32 [n] each, in radians."""

    yaw: np.ndarray
    """0 towards the viewer, pi/2 to the right, pi away."""
    phase: np.ndarray
    """Of the gait; 2 pi is two steps."""


def draw(canvas: Canvas, look: Look, pose: Pose) -> None:
    """Paints the person; the canvas's ink is then its silhouette.

    The frames of one call show one view: what lies in front is decided by their middle yaw.
    """
    cos, sin = np.cos(pose.yaw), np.sin(pose.yaw)
    middle = float(np.median(cos))
    near = 1.0 if float(np.median(sin)) < 0 else -1.0
    hip = _hip(pose.phase)
    behind = middle < -0.3
    if look.bag == "backpack" and not behind:
        _backpack(canvas, look, cos, sin, hip, straps=False)
    if look.bag in ("handbag", "satchel") and near < 0:
        _side_bag(canvas, look, cos, sin, hip)
    _arm(canvas, look, cos, sin, pose.phase, hip, -near, 0.80)
    _leg(canvas, look, cos, sin, pose.phase, hip, -near, 0.82)
    _leg(canvas, look, cos, sin, pose.phase, hip, near, 1.0)
    if look.hair_style == "long" and not behind:
        _long_hair(canvas, look, sin, hip)
    _torso(canvas, look, cos, sin, hip)
    if look.bag == "backpack":
        _backpack(canvas, look, cos, sin, hip, straps=not behind)
    if look.bag == "satchel":  # its strap crosses the chest and the back
        strap = canvas.capsule(_bag_side(look, cos, sin), hip + 0.06, -0.06 * cos, hip + 0.34,
                               0.011, 0.011)  # fmt: skip
        canvas.paint(strap, look.bag_color * 0.7)
    if look.hair_style == "long" and behind:
        _long_hair(canvas, look, sin, hip)
    _head(canvas, look, cos, sin, hip)
    if look.bag in ("handbag", "satchel") and near > 0:
        _side_bag(canvas, look, cos, sin, hip)
    _arm(canvas, look, cos, sin, pose.phase, hip, near, 0.92)


def _leg_points(phase: np.ndarray, side: float) -> tuple[Point, Point]:
    """(forward, down) of knee and ankle from the hip."""
    own = phase if side > 0 else phase + np.pi
    thigh = 0.05 + 0.46 * np.sin(own)
    shin = thigh - 0.12 - 0.75 * np.maximum(np.cos(own), 0)
    knee = 0.235 * np.sin(thigh), 0.235 * np.cos(thigh)
    return knee, (knee[0] + 0.225 * np.sin(shin), knee[1] + 0.225 * np.cos(shin))


def _hip(phase: np.ndarray) -> np.ndarray:
    """Height of the hip: the lower foot stands on the ground."""
    down = [_leg_points(phase, side)[1][1] for side in (1.0, -1.0)]
    return np.maximum(*down) + 0.032


def _leg(canvas: Canvas, look: Look, cos: np.ndarray, sin: np.ndarray, phase: np.ndarray,
         hip: np.ndarray, side: float, shade: float) -> None:  # fmt: skip
    knee, ankle = _leg_points(phase, side)
    root = side * 0.046 * look.build * cos
    hx, kx, fx = root, root * 1.05 + knee[0] * sin, root * 1.1 + ankle[0] * sin
    ky, fy = hip - knee[1], hip - ankle[1]
    wide, bare = look.build, look.skin * shade
    cloth = look.bottom * shade
    upper = bare if look.bottom_kind == "skirt" else cloth
    lower = cloth if look.bottom_kind == "trousers" else bare
    slim = 0.034 if look.bottom_kind == "trousers" else 0.027
    toe = 0.030 + 0.028 * np.maximum(cos, 0)
    shoe = canvas.capsule(fx, fy, fx + 0.062 * sin, fy - 0.010, 0.026, 0.72 * toe)
    canvas.paint(canvas.capsule(kx, ky, fx, fy, slim * wide * 1.12, slim * wide * 0.9), lower)
    canvas.paint(shoe, look.shoes * shade)
    canvas.paint(canvas.capsule(hx, hip, kx, ky, 0.056 * wide, 0.041 * wide), upper)


def _arm(canvas: Canvas, look: Look, cos: np.ndarray, sin: np.ndarray, phase: np.ndarray,
         hip: np.ndarray, side: float, shade: float) -> None:  # fmt: skip
    own = phase + np.pi if side > 0 else phase
    swing = 0.42 * np.sin(own)
    bent = swing + 0.22 + 0.22 * np.maximum(np.sin(own), 0)
    reach = side * look.build
    sx, sy = 0.098 * reach * cos, hip + 0.308
    ex = 0.128 * reach * cos + 0.148 * np.sin(swing) * sin
    ey = sy - 0.148 * np.cos(swing)
    wx = 0.138 * reach * cos + (0.148 * np.sin(swing) + 0.135 * np.sin(bent)) * sin
    wy = ey - 0.135 * np.cos(bent)
    cloth = (look.second if look.sleeves == "second" else look.top) * shade
    skin, wide = look.skin * shade, 0.75 + 0.25 * look.build
    fore = canvas.capsule(ex, ey, wx, wy, 0.029 * wide, 0.023 * wide)
    if look.sleeves == "short":
        canvas.paint(fore, skin)
    else:
        canvas.paint(canvas.ellipse(wx, wy - 0.014, 0.024, 0.026), skin)
        canvas.paint(fore, cloth)
    canvas.paint(canvas.capsule(sx, sy, ex, ey, 0.038 * wide, 0.032 * wide), cloth)


def _torso(canvas: Canvas, look: Look, cos: np.ndarray, sin: np.ndarray, hip: np.ndarray) -> None:
    # an elliptic trunk: its seen half width runs between its half width and its half depth
    span = np.sqrt((0.118 * cos) ** 2 + (0.074 * sin) ** 2) * look.build
    low, high = hip - 0.03, hip + 0.35
    canvas.paint(canvas.capsule(0.012 * sin, high - 0.02, 0.018 * sin, high + 0.06, 0.030, 0.028),
                 look.skin * 0.86)  # fmt: skip
    if look.bottom_kind == "skirt":
        wide = np.maximum(span, 0.085 * look.build)
        canvas.paint(
            canvas.profile(0, hip - 0.20, hip + 0.06, wide * 1.25, wide * 1.05, wide * 0.86),
            look.bottom,
        )
    else:
        canvas.paint(
            canvas.profile(0, hip - 0.05, hip + 0.05, span * 0.84, span * 0.88), look.bottom
        )
    shape = canvas.profile(0, low, high, span * 0.93, span * 0.87, span * 0.89, span * 0.98,
                           span * 1.03, span * 0.97, span * 0.50)  # fmt: skip
    canvas.paint(shape, look.top)
    _texture(canvas, look, shape, span, low, high, cos)
    canvas.paint(canvas.beside(shape, span * 0.42), (0.0, 0.0, 0.05), 0.13, ink=False)


def _texture(canvas: Canvas, look: Look, shape: Shape, span: np.ndarray, low: np.ndarray,
             high: np.ndarray, cos: np.ndarray) -> None:  # fmt: skip
    if look.texture == "stripes":
        canvas.paint(canvas.bands(shape, low, high, 4.0), look.second)
    elif look.texture == "checks":
        canvas.paint(canvas.bands(shape, low, high, 4.0), look.second, 0.62)
        canvas.paint(canvas.bands(shape, -span, span, 3.0, upright=True), look.second, 0.62)
    elif look.texture == "two-tone":
        canvas.paint(canvas.limit(Shape(shape.rows, shape.cover.copy()), high=low + 0.19),
                     look.second)  # fmt: skip
    elif look.texture == "logo" and float(np.median(cos)) > -0.3:
        mark = canvas.ellipse(0.045 * np.sign(cos) * (1 - np.abs(cos)), high - 0.14,
                              0.052 * np.maximum(np.abs(cos), 0.5), 0.052)  # fmt: skip
        canvas.paint(mark, look.second)


def _head(canvas: Canvas, look: Look, cos: np.ndarray, sin: np.ndarray, hip: np.ndarray) -> None:
    x, y, rx, ry = 0.018 * sin, hip + 0.448, 0.062, 0.074
    bald = look.hair_style == "bald"
    big = 1.32 if look.hair_style == "afro" else 1.10
    if look.hair_style == "bun":
        canvas.paint(canvas.ellipse(x - 0.070 * sin, y + 0.066, 0.034, 0.034), look.hair)
    hair = canvas.ellipse(x - 0.008 * sin, y + 0.006, rx * big, ry * big)
    canvas.paint(hair, look.skin if bald else look.hair)
    # the face turns to the side, and away: nothing of it is left seen from behind
    turned = np.clip((cos + 0.62) / 0.5, 0, 1)
    half = rx * (0.50 + 0.36 * np.maximum(cos, 0)) * turned + 1e-3
    drop = 0.012 if look.hair_style != "bald" else 0.0
    face = canvas.ellipse(x + 0.034 * sin, y - drop, half, ry * 0.86 * np.sqrt(turned) + 1e-3)
    canvas.paint(face, look.skin)
    if float(np.median(cos)) > -0.2:
        for side in (-1.0, 1.0):
            eye = canvas.ellipse(x + 0.046 * sin + side * 0.024 * cos, y - drop, 0.010, 0.014)
            canvas.paint(eye, look.skin * 0.22, 0.85, ink=False)
    if look.hat != "none":
        _hat(canvas, look, x, y, rx, ry, cos, sin)


def _long_hair(canvas: Canvas, look: Look, sin: np.ndarray, hip: np.ndarray) -> None:
    top, tips = hip + 0.448, hip + 0.33
    canvas.paint(canvas.capsule(-0.007 * sin, top, -0.034 * sin, tips, 0.068, 0.074), look.hair)


def _hat(canvas: Canvas, look: Look, x: np.ndarray, y: np.ndarray, rx: float, ry: float,
         cos: np.ndarray, sin: np.ndarray) -> None:  # fmt: skip
    line = y + (0.012 if look.hat == "beanie" else 0.026)
    tall = 1.34 if look.hat == "beanie" else 1.24
    dome = canvas.limit(canvas.ellipse(x - 0.006 * sin, y, rx * 1.2, ry * tall), low=line)
    canvas.paint(dome, look.hat_color)
    if look.hat == "cap":
        tip = x + 0.115 * sin
        canvas.paint(canvas.capsule(x, line, tip, line - 0.004, 0.016 + 0.03 * (cos > 0.5), 0.011),
                     look.hat_color * 0.8)  # fmt: skip
    elif look.hat == "brim":
        canvas.paint(canvas.ellipse(x, line, 0.125, 0.019), look.hat_color * 0.85)
    else:
        canvas.paint(canvas.limit(dome, high=line + 0.022), look.hat_color * 0.8, ink=False)


def _backpack(canvas: Canvas, look: Look, cos: np.ndarray, sin: np.ndarray, hip: np.ndarray,
              straps: bool) -> None:  # fmt: skip
    if straps:
        for side in (-1.0, 1.0):
            x = side * 0.062 * cos + 0.05 * sin
            canvas.paint(canvas.capsule(x, hip + 0.335, x, hip + 0.16, 0.011, 0.011),
                         look.bag_color * 0.82)  # fmt: skip
        return
    x = -0.105 * sin
    half = np.sqrt((0.088 * cos) ** 2 + (0.058 * sin) ** 2)
    low, high = hip + 0.07, hip + 0.32
    canvas.paint(canvas.profile(x, low, high, half * 0.9, half, half, half * 0.92, half * 0.6),
                 look.bag_color)  # fmt: skip
    canvas.paint(canvas.box(x, low + 0.025, low + 0.10, half * 0.62), look.bag_color * 0.75)


def _side_bag(canvas: Canvas, look: Look, cos: np.ndarray, sin: np.ndarray, hip: np.ndarray
              ) -> None:  # fmt: skip
    x = _bag_side(look, cos, sin)
    low = hip - 0.10 if look.bag == "handbag" else hip - 0.04
    half = 0.030 + 0.036 * np.abs(sin)
    if look.bag == "handbag":
        canvas.paint(canvas.capsule(x, low + 0.11, x, low + 0.17, 0.012, 0.012),
                     look.bag_color * 0.7)  # fmt: skip
    canvas.paint(canvas.profile(x, low, low + 0.115, half * 1.1, half), look.bag_color)


def _bag_side(look: Look, cos: np.ndarray, sin: np.ndarray) -> np.ndarray:
    return 0.165 * look.build * cos - 0.015 * sin
