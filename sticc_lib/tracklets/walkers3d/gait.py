"""How people walk and stand: bone matrices of a person for each frame, without motion files.

A person faces +z with +x to their left. Positive angles of `_tilt` bring what points down
backwards. Arms hang beside the trunk and fingers lie together, lightly curled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FINGERS = ("index", "middle", "ring", "pinky")
Carries = str
"""What an arm does: `swing`, `hang` (a bag in the hand), `hold` (papers before the chest), `phone`
(at the ear), `pocket`, or `strap` (a hand on the strap of a bag)."""


@dataclass(frozen=True)
class Style:
    """How one person moves. Angles in radians.

    Attributes:
        stride: hip swing to either side, about 0.2 (slow) to 0.5.
        swing: arm swing; elbow: bend of the elbow; apart: arms away from the trunk.
        lean: trunk forward; nod: head down; sway: hips to the side; toes: feet turned out.
        left, right: what the arms do.
    """

    stride: float
    swing: float
    elbow: float
    apart: float
    lean: float
    nod: float
    sway: float
    toes: float
    left: Carries
    right: Carries


def sample(rng: np.random.Generator) -> Style:
    """A style at random, both arms swinging."""
    return Style(
        rng.uniform(0.26, 0.42), rng.uniform(0.12, 0.45), rng.uniform(0.10, 0.45),
        rng.uniform(0.02, 0.14), rng.uniform(-0.02, 0.10), rng.uniform(-0.05, 0.25),
        rng.uniform(0.01, 0.05), rng.uniform(0.0, 0.22), "swing", "swing",
    )  # fmt: skip


def matrices(names: list[str], parents: np.ndarray, joints: np.ndarray, style: Style,
             phase: np.ndarray, pace: float = 1.0) -> np.ndarray:  # fmt: skip
    """Bone matrices, rest pose to the person's own frame.

    Args:
        names: bones, parents before children.
        parents: int [B].
        joints: float [B, 3], heads of the bones in the rest pose.
        style: how the person moves.
        phase: float [T], radians; a double step is 2 pi.
        pace: 1 walks, 0 stands.

    Returns:
        float32 [T, B, 3, 4].
    """
    at = {name: k for k, name in enumerate(names)}
    turn = np.broadcast_to(np.eye(3), (len(phase), len(names), 3, 3)).copy()
    own = _rotations(at, joints, style, phase, pace)
    place = np.zeros((len(phase), len(names), 3))
    for k, name in enumerate(names):
        parent = parents[k]
        if parent < 0:
            turn[:, k], place[:, k] = own.get(name, np.eye(3)), joints[k]
            continue
        turn[:, k] = own.get(name, turn[:, parent])
        place[:, k] = place[:, parent] + turn[:, parent] @ (joints[k] - joints[parent])
    shift = place - (turn @ joints[None, :, :, None])[..., 0]
    return np.concatenate([turn, shift[..., None]], 3).astype(np.float32)


def _rotations(at: dict[str, int], joints: np.ndarray, style: Style, phase: np.ndarray,
               pace: float) -> dict[str, np.ndarray]:  # fmt: skip
    """Orientation of each bone that does not simply follow its parent, [T, 3, 3]."""
    stride = style.stride * pace
    twist = 0.28 * stride * np.cos(phase)
    roll = style.sway * pace * np.sin(phase)
    pelvis = _yaw(-twist) @ _lean(roll)
    chest = _yaw(twist) @ _tilt(np.full_like(phase, style.lean)) @ _lean(-roll)
    own = {"pelvis": pelvis, "spine_01": 0.5 * (pelvis + chest), "spine_02": chest,
           "spine_03": chest, "neck_01": _yaw(0.4 * twist),
           "head": _yaw(0.2 * twist) @ _tilt(np.full_like(phase, style.nod))}  # fmt: skip
    own["spine_01"] = _orthonormal(own["spine_01"])
    for side, sign, away in (("l", 1.0, 0.0), ("r", -1.0, np.pi)):
        own.update(_leg(at, joints, style, side, sign, phase + away, stride, pace))
        what = style.left if side == "l" else style.right
        own.update(_arm(at, joints, style, side, sign, phase + away, pace, what, chest))
    return own


def _leg(at: dict[str, int], joints: np.ndarray, style: Style, side: str, sign: float,
         phase: np.ndarray, stride: float, pace: float) -> dict[str, np.ndarray]:  # fmt: skip
    down = np.array([0.035 * sign, -1.0, 0.0])
    thigh = _align(joints[at[f"calf_{side}"]] - joints[at[f"thigh_{side}"]], down)
    calf = _align(joints[at[f"foot_{side}"]] - joints[at[f"calf_{side}"]], [0, -1.0, -0.03])
    hip = stride * np.cos(phase) + 0.06 * pace
    knee = 0.06 + pace * (0.08 + 2.0 * style.stride * _bump(phase, 1.38 * np.pi, 0.75)
                          + 0.12 * _bump(phase, 0.35 * np.pi, 0.6))  # fmt: skip
    foot = pace * (0.85 * _bump(phase, 1.12 * np.pi, 0.5) - 0.28 * _bump(phase, 0.0, 0.45))
    out = _yaw(np.full_like(phase, sign * style.toes))
    return {
        f"thigh_{side}": out @ _tilt(-hip) @ thigh,
        f"calf_{side}": out @ _tilt(knee - hip) @ calf,
        f"foot_{side}": out @ _tilt(foot),
        f"ball_{side}": out @ _tilt(0.35 * foot),
    }


ARMS = {"hang": (0.02, 0.06, 0.15), "hold": (0.25, 1.45, 0.0), "phone": (0.7, 2.25, 0.0),
        "pocket": (-0.25, 0.75, 0.0), "strap": (0.25, 2.0, 0.0)}  # fmt: skip
"""Upper arm forward, elbow bent, share of the swing that stays."""


def _arm(at: dict[str, int], joints: np.ndarray, style: Style, side: str, sign: float,
         phase: np.ndarray, pace: float, what: Carries, chest: np.ndarray
         ) -> dict[str, np.ndarray]:  # fmt: skip
    upper, lower = joints[at[f"upperarm_{side}"]], joints[at[f"lowerarm_{side}"]]
    hand, middle = joints[at[f"hand_{side}"]], joints[at[f"middle_01_{side}"]]
    forward, bend, share = ARMS.get(what, (0.0, style.elbow, 1.0))
    apart = style.apart + (0.10 if what in ("pocket", "hold") else 0.0)
    reach = np.array([sign * (0.10 + apart), -1.0, 0.0])
    inward = {"hold": 0.55, "strap": 0.25, "phone": 0.1}.get(what, 0.04)
    way = -style.swing * pace * share * np.cos(phase)
    first = _align(lower - upper, reach)
    second = _align(hand - lower, [sign * (0.10 + apart - inward), -1.0, 0.0])
    third = _align(middle - hand, [sign * (0.06 + apart - inward), -1.0, 0.06])
    elbow = bend + 0.25 * style.swing * pace * share * (1 - np.cos(phase))
    arm = chest @ _tilt(-(forward + way))
    fore = chest @ _tilt(-(forward + way + elbow))
    own = {f"clavicle_{side}": chest @ _lean(np.full_like(phase, -0.13 * sign)),
           f"upperarm_{side}": arm @ first, f"lowerarm_{side}": fore @ second,
           f"hand_{side}": fore @ third}  # fmt: skip
    curl = 0.55 if what in ("hang", "phone", "strap", "hold") else 0.24
    for finger, local in _fingers(at, joints, side, curl).items():
        own[finger] = fore @ third @ local
    return own


def _fingers(at: dict[str, int], joints: np.ndarray, side: str, curl: float
             ) -> dict[str, np.ndarray]:  # fmt: skip
    """Turns of the finger bones within the hand: brought together, then curled to the palm."""

    def bone(name: str) -> np.ndarray:
        return joints[at[f"{name}_{side}"]]

    along = _unit(bone("middle_02") - bone("middle_01"))
    palm = _unit(np.cross(along, bone("pinky_01") - bone("index_01")))
    palm *= -np.sign(palm[1])  # in the rest pose palms face down
    own = {}
    for finger in FINGERS:
        points = _unit(bone(f"{finger}_02") - bone(f"{finger}_01"))
        close = _align(points, points * 0.25 + along * 0.75)
        axis = np.cross(along, palm)
        for joint in (1, 2, 3):
            own[f"{finger}_0{joint}_{side}"] = _turn(axis, curl * (0.6 + 0.7 * (joint - 1))) @ close
    thumb = _unit(bone("thumb_03") - bone("thumb_02"))
    close = _align(thumb, 0.45 * thumb + 0.75 * along + 0.2 * palm)
    for joint in (1, 2, 3):
        own[f"thumb_0{joint}_{side}"] = close
    return own


def _bump(phase: np.ndarray, middle: float, width: float) -> np.ndarray:
    away = (phase - middle + np.pi) % (2 * np.pi) - np.pi
    return np.exp(-((away / width) ** 2))


def _tilt(angle: np.ndarray) -> np.ndarray:
    return _about(angle, 1, 2)


def _yaw(angle: np.ndarray) -> np.ndarray:
    return _about(angle, 2, 0)


def _lean(angle: np.ndarray) -> np.ndarray:
    return _about(angle, 0, 1)


def _about(angle: np.ndarray, i: int, j: int) -> np.ndarray:
    """Rotation in the plane of axes i and j, from i to j: [T, 3, 3]."""
    turn = np.broadcast_to(np.eye(3), (len(angle), 3, 3)).copy()
    turn[:, i, i] = turn[:, j, j] = np.cos(angle)
    turn[:, j, i] = np.sin(angle)
    turn[:, i, j] = -turn[:, j, i]
    return turn


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def _align(a: np.ndarray, b: np.ndarray | list[float]) -> np.ndarray:
    """The least rotation that brings direction a to direction b."""
    a, b = _unit(np.asarray(a, float)), _unit(np.asarray(b, float))
    axis, cosine = np.cross(a, b), float(a @ b)
    if np.linalg.norm(axis) < 1e-9:
        return np.eye(3)
    return _turn(axis, np.arctan2(np.linalg.norm(axis), cosine))


def _turn(axis: np.ndarray, angle: float) -> np.ndarray:
    x, y, z = _unit(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _orthonormal(turn: np.ndarray) -> np.ndarray:
    u, _, v = np.linalg.svd(turn)
    return u @ v
