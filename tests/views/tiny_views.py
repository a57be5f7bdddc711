"""A view with a control of each kind over a figure that shows its state, cheap to draw."""

import numpy as np

from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import place, sheet
from sticc_lib.views.base import View
from sticc_lib.views.controls import Choice, Slide, Toggle
from sticc_lib.views.picker import Pick

GRID = (8, 4)
FRAMES = (4, 2, 1)
"""Of each clip: what the frame slider's end depends on."""


def pixels(state):
    """uint8 [3, 128, 64], another picture for each clip and frame."""
    rng = np.random.default_rng(10 * state["clip"] + state["frame"])
    return rng.integers(0, 255, (3, 16, 8)).repeat(8, 1).repeat(8, 2).astype(np.uint8)


def draw(clip, frame, row, column, head, control):
    """A sheet that says what it was drawn from."""
    if frame >= FRAMES[clip]:
        raise IndexError("the slider went too far")
    if head == 1 and control:
        raise ValueError("head 1 has <no> control")
    figure, page = sheet(2.0, 3.0)
    place(page, pixels({"clip": clip, "frame": frame}), 2.2, 0.6, 0.5, 1.0)
    words = f"clip {clip} frame {frame} row {row} column {column} head {head} {control}"
    page.text(0.1, 1.0, words, fontsize=6)
    return caption(figure, "Tiny", f"How to read: {words} <&>", f"Alt: {words}")


def tiny(**state):
    """The view."""
    controls = [
        Slide("clip", "clip", len(FRAMES) - 1),
        Slide("frame", "frame", lambda state: FRAMES[state["clip"]] - 1),
        Slide("row", "query row", GRID[0] - 1),
        Slide("column", "query column", GRID[1] - 1),
        Pick(pixels, GRID),
        Choice("head", "head", {"mean over heads": -1, "head 0": 0, "head 1": 1}),
        Toggle("control", "randomised weights (control)"),
    ]
    return View(draw, controls, state)
