"""The gait: what holds of every pose of a stick figure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sticc_lib.tracklets.walkers3d import gait


def skeleton() -> tuple[list[str], np.ndarray, np.ndarray]:
    """A plain figure with the bones that the gait asks for, arms held out."""
    rows = [("Root", "", (0, 1.0, 0)), ("pelvis", "Root", (0, 1.0, 0))]
    for name, under, y in (("spine_01", "pelvis", 1.05), ("spine_02", "spine_01", 1.15),
                           ("spine_03", "spine_02", 1.25), ("neck_01", "spine_03", 1.5),
                           ("head", "neck_01", 1.55)):  # fmt: skip
        rows.append((name, under, (0, y, 0)))
    for side, s in (("l", 1), ("r", -1)):
        rows += [(f"thigh_{side}", "pelvis", (0.1 * s, 0.95, 0)),
                 (f"calf_{side}", f"thigh_{side}", (0.12 * s, 0.5, 0.02)),
                 (f"foot_{side}", f"calf_{side}", (0.13 * s, 0.08, -0.02)),
                 (f"ball_{side}", f"foot_{side}", (0.14 * s, 0.02, 0.1)),
                 (f"clavicle_{side}", "spine_03", (0.03 * s, 1.42, 0)),
                 (f"upperarm_{side}", f"clavicle_{side}", (0.18 * s, 1.42, 0)),
                 (f"lowerarm_{side}", f"upperarm_{side}", (0.38 * s, 1.24, 0)),
                 (f"hand_{side}", f"lowerarm_{side}", (0.56 * s, 1.08, 0.03))]  # fmt: skip
        for k, finger in enumerate(("index", "middle", "ring", "pinky", "thumb")):
            under = f"hand_{side}"
            for joint in (1, 2, 3):
                out = 0.04 + 0.03 * joint
                spread = 0.03 - 0.015 * k if finger != "thumb" else 0.06
                place = (
                    (0.56 + out * 0.75) * s,
                    1.08 - out * 0.65,
                    0.03 + spread * (1 + joint / 4),
                )
                rows.append((f"{finger}_0{joint}_{side}", under, place))
                under = f"{finger}_0{joint}_{side}"
    names = [name for name, _, _ in rows]
    parents = np.array([names.index(under) if under else -1 for _, under, _ in rows])
    return names, parents, np.array([place for _, _, place in rows], float)


def posed(pace: float = 1.0, **changes) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Names, parents, joints at rest, joints in sixteen frames of a double step, [16, B, 3]."""
    names, parents, joints = skeleton()
    style = replace(gait.sample(np.random.default_rng(0)), **changes)
    phase = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    bones = gait.matrices(names, parents, joints, style, phase, pace)
    placed = np.einsum("tbij,bj->tbi", bones[..., :3], joints) + bones[..., 3]
    return names, parents, joints, placed


def test_bones_keep_their_length():
    _, parents, joints, placed = posed()
    for bone, parent in enumerate(parents):
        if parent >= 0:
            long = np.linalg.norm(joints[bone] - joints[parent])
            np.testing.assert_allclose(
                np.linalg.norm(placed[:, bone] - placed[:, parent], axis=1), long, atol=1e-5
            )


def test_arms_hang_at_rest_beside_the_body():
    names, _, _, placed = posed(pace=0.0)
    for side in "lr":
        shoulder, hand = (placed[0, names.index(f"{n}_{side}")] for n in ("upperarm", "hand"))
        assert shoulder[1] - hand[1] > 0.85 * np.linalg.norm(shoulder - hand)
        assert 0.1 < abs(hand[0]) < 0.45


def test_legs_go_in_counter_phase_and_arms_against_them():
    names, _, _, placed = posed(swing=0.4)
    z = {n: placed[:, names.index(n), 2] for n in ("foot_l", "foot_r", "hand_l", "hand_r")}
    assert np.corrcoef(z["foot_l"], z["foot_r"])[0, 1] < -0.8
    assert np.corrcoef(z["foot_l"], z["hand_l"])[0, 1] < -0.7


def test_knees_bend_backwards_only():
    names, _, _, placed = posed()
    for side in "lr":
        hip, knee, foot = (placed[:, names.index(f"{n}_{side}")] for n in ("thigh", "calf", "foot"))
        upper, lower = knee - hip, foot - knee
        bend = upper[:, 1] * lower[:, 2] - upper[:, 2] * lower[:, 1]
        assert bend.min() > -0.03


def test_fingers_lie_closer_together_than_in_the_rest_pose():
    names, _, joints, placed = posed()
    ends = [names.index(f"{finger}_03_l") for finger in ("index", "pinky")]
    at_rest = np.linalg.norm(joints[ends[0]] - joints[ends[1]])
    assert np.linalg.norm(placed[0, ends[0]] - placed[0, ends[1]]) < at_rest


def test_standing_people_do_not_move():
    _, _, _, placed = posed(pace=0.0)
    assert np.ptp(placed, axis=0).max() < 1e-6
