"""V9 and V10: what the embedding loses with a box or with a frame, computed as it is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sticc_lib.explain import maps
from sticc_lib.explain.again import FILLS
from sticc_lib.explain.deletion import Deletion, deletion_insertion
from sticc_lib.explain.importance import frames_matter
from sticc_lib.explain.look import Look
from sticc_lib.explain.sensitivity import Sensitivity, agreement
from sticc_lib.explain.sensitivity import sensitivity as measure
from sticc_lib.figures import causes, importance
from sticc_lib.models.base import VideoModel
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.views import looks
from sticc_lib.views.base import View
from sticc_lib.views.controls import Choice, Control, State
from sticc_lib.views.kept import Kept


def sensitivity(
    model: VideoModel,
    look: Look,
    against: tuple[np.ndarray, np.ndarray] | None = None,
    **state: Any,
) -> View:
    """V9: occlusion sensitivity of a clip, over the weights, beside deletion curves.

    Args:
        model: the one the look was taken of.
        look: a tracklet.
        against: embeddings [D] of a true and of a false tracklet; adds their margin as a target.
        state: where to start: `clip`, `frame`, `box` and `stride` (pixels), `fill`, `target`
            (own or margin).
    """
    high = look.frames.shape[3]

    def effect(clip: int, box: int, stride: int, fill: Any, target: str) -> Sensitivity:
        rivals = against if target == "margin" else None
        return measure(model, look, clip, box, stride, fill, rivals, progress=False)

    def delete(clip: int, fill: Any) -> Deletion:
        return deletion_insertion(model, look, clip, weights(clip), fill, progress=False)

    def weights(clip: int) -> dict[str, np.ndarray]:
        return {name: weight[clip] for name, weight in maps.token_weights(look).items()}

    parts = ("clip", "box", "stride", "fill", "target")
    effects = Kept(effect, parts, "taking boxes away …")
    deletions = Kept(delete, ("clip", "fill"), "taking patches away, and boxes …")

    def draw(**state: Any) -> Figure:
        found, seen = effects(state), weights(state["clip"])
        agree = {name: agreement(found, weight) for name, weight in seen.items()}
        return causes.sensitivity(
            look, found, seen, agree, deletions(state), state["clip"], state["frame"]
        )

    def busy(state: State) -> str:
        return deletions.busy(state) or effects.busy(state)

    targets = {"its own embedding": "own"} | (
        {"true over false match": "margin"} if against else {}
    )
    controls: list[Control] = [
        looks.clip(look, live=False),
        looks.frame(look),
        Choice("box", "box", _pixels(high, (4, 2, 8)), "Side of the box that is taken away"),
        Choice("stride", "stride", _pixels(high, (8, 4, 16)), "From one box to the next"),
        Choice("fill", "filled with", {name: name for name in FILLS}),
        Choice("target", "effect on", targets),
    ]
    return View(draw, controls, state, busy)


def frame_importance(
    model: VideoModel,
    look: Look,
    other_frame: np.ndarray,
    gallery: Embeddings | None = None,
    **state: Any,
) -> View:
    """V10: what each frame of a clip is worth, and whether their order matters.

    Args:
        model: the one the look was taken of.
        look: a tracklet.
        other_frame: uint8 [3 H W], of another tracklet, sized as the look's frames.
        gallery: embeddings of the split by the same model; adds ranks.
        state: where to start: `clip`, `frame` (-1: mean over frames).
    """

    def change(clip: int) -> Any:
        return frames_matter(model, look, clip, other_frame, gallery)

    tables = Kept(change, ("clip",), "changing one frame at a time …")

    def draw(clip: int, frame: int) -> Figure:
        return importance.frame_importance(look, tables({"clip": clip}), clip, frame)

    def frames(state: State) -> dict[str, int]:
        real = int(look.mask[state["clip"]].sum())
        return {"mean over frames": -1} | {f"frame {number}": number for number in range(real)}

    controls: list[Control] = [looks.clip(look, live=False), Choice("frame", "table of", frames)]
    return View(draw, controls, state, tables.busy)


def _pixels(high: int, parts: tuple[int, ...]) -> dict[str, int]:
    """Sides in pixels, as parts of a frame's height, the first one where the view starts."""
    sides = [max(1, high // part) for part in parts]
    return {f"{side} pixels": side for side in dict.fromkeys(sides)}
