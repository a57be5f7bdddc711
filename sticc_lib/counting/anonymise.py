"""Heads made unrecognisable, in frames and in crops, before a picture is kept or written.

A head is replaced by the means of a few large cells, blended into each other. Nothing else of it is
left in the picture, so no sharpening brings it back; whose clothes they are still shows. What no
box covers is not blurred: a detector that misses a person leaves a face.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sticc_lib.counting.observed import Observed

SHARE, WIDE = 0.25, 0.65
"""Heights and widths of a box that a head reaches down, whichever is more. CHOICE: head and neck
are a sixth of who stands; a box that ends at the hips, or of who sits, is wide for its height."""
ABOVE, BESIDE = 0.1, 0.1
"""Heights and widths of margin, for boxes that end too low or lie beside the head."""
MARGIN = 3.0
"""Pixels of margin on top of it: they count where boxes are small, and off by more of their own
size."""
CELLS = 4
"""Cells along the longer side of a region, of which a head is about a third. CHOICE: one or two
cells a head tell hair from skin and no more."""
LEAST_CELL = 4.0
"""Pixels a side of a cell, at least."""
BEYOND = 1.0
"""Seconds before and after a track for which its head is thought to move on as it did."""


def heads(boxes: np.ndarray) -> np.ndarray:
    """Where the heads of people are.

    Args:
        boxes: [n, 4 or more], x y w h of people, pixels.

    Returns:
        float64 [n, 4], x y w h; may reach out of the picture.
    """
    x, y, w, h = np.asarray(boxes, float)[:, :4].T
    down = np.minimum(np.maximum(SHARE * h, WIDE * w), h)
    left, top = x - BESIDE * w - MARGIN, y - ABOVE * h - MARGIN
    return np.stack([left, top, x + (1 + BESIDE) * w + MARGIN - left, y + down + MARGIN - top], 1)


def blur_frame(pixels: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """A frame with the heads of all boxes blurred.

    Args:
        pixels: uint8 [H, W, 3]; left as it is.
        boxes: [n, 4 or more], x y w h of people.
    """
    image = pixels.copy()
    for region in heads(boxes):
        _blur(image, region)
    return image


def blur_crops(crops: np.ndarray) -> np.ndarray:
    """Crops that one person each fills, the head blurred; uint8 [n, 3, H, W].

    The heads of others in a crop stay: where frames or boxes are at hand use `blur_frame` or
    `blur_kept`.
    """
    images = np.moveaxis(crops, 1, 3).copy()
    region = heads(np.array([[0, 0, crops.shape[3], crops.shape[2]]]))[0]
    for image in images:
        _blur(image, region)
    return np.moveaxis(images, 3, 1)


def blur_kept(observed: Observed, rows: list[int]) -> np.ndarray:
    """Kept crops with every head in them blurred, that of who stands behind, too.

    Args:
        observed: what the crops and all boxes are known from.
        rows: of `observed.pixels`.

    Returns:
        uint8 [n, 3, H, W].
    """
    crops = observed.crops.set_index("row").loc[rows]
    images = np.moveaxis(observed.pixels.read(np.array(rows, np.int64)), 1, 3).copy()
    frames = observed.boxes["frame"].to_numpy()
    for image, (fragment, frame) in zip(images, crops[["fragment", "frame"]].values, strict=True):
        low, high = np.searchsorted(frames, [frame, frame + 1])
        boxes = observed.boxes.iloc[low:high]
        corners = boxes[["x", "y", "w", "h"]].to_numpy(float)
        own = np.round(corners[(boxes["fragment"] == fragment).to_numpy()][0])
        first, size = np.maximum(own[:2], 0), own[2:] + np.minimum(own[:2], 0)
        scale = np.array([image.shape[1], image.shape[0]]) / np.maximum(size, 1)
        for region in heads(corners):
            _blur(image, np.concatenate([(region[:2] - first) * scale, region[2:] * scale]))
    return np.moveaxis(images, 3, 1)


def covering(boxes: pd.DataFrame, fps: float) -> pd.DataFrame:
    """Boxes, and where a track's person must have been when it was not found.

    Args:
        boxes: `frame, track, x, y, w, h`.
        fps: frames a second.

    Returns:
        `frame, x, y, w, h` by frame: a box in every frame from BEYOND before a track to BEYOND
        after it; between boxes on a straight way, before and after at the speed of half a second.
    """
    parts = [np.empty((0, 5))]
    ahead = max(1, round(BEYOND * fps))
    for _, mine in boxes.sort_values("frame", kind="stable").groupby("track"):
        frame, first = np.unique(mine["frame"].to_numpy(), return_index=True)
        held = mine[["x", "y", "w", "h"]].to_numpy(float)[first]
        low, high = frame[0] - ahead, frame[-1] + ahead
        early, late = frame <= frame[0] + ahead, frame >= frame[-1] - ahead
        ends = [(frame[early], held[early], held[0], -ahead)]
        ends += [(frame[late], held[late], held[-1], ahead)]
        before, after = (at + _speed(f, b) * n for f, b, at, n in ends)
        knots = np.concatenate([[low], frame, [high]])
        values = np.concatenate([[before], held, [after]])
        every = np.arange(max(low, 1), high + 1)
        columns = [np.interp(every, knots, values[:, k]) for k in range(4)]
        parts.append(np.column_stack([every, *columns]))
    table = pd.DataFrame(np.concatenate(parts), columns=["frame", "x", "y", "w", "h"])
    return table.astype({"frame": np.int64}).sort_values("frame", kind="stable", ignore_index=True)


def _speed(frame: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """How a box moves in a frame, float64 [4]; its size stays."""
    if frame[-1] == frame[0]:
        return np.zeros(4)
    moved = (boxes[-1] - boxes[0]) / (frame[-1] - frame[0])
    return np.array([moved[0] + moved[2] / 2, moved[1], 0, 0])  # a head is at the top, midway


def _blur(image: np.ndarray, region: np.ndarray) -> None:
    """Blurs x y w h of uint8 [H, W, 3] in place. Cells are measured before the region is cut."""
    from PIL import Image

    low, high = np.floor(region[:2]).astype(int), np.ceil(region[:2] + region[2:]).astype(int)
    cell = max(float((high - low).max()) / CELLS, LEAST_CELL)
    left, top = np.maximum(low, 0)
    right, bottom = np.minimum(high, [image.shape[1], image.shape[0]])
    if right <= left or bottom <= top:
        return
    part = Image.fromarray(image[top:bottom, left:right])
    cells = [max(1, int(side / cell + 1e-9)) for side in part.size]
    means = part.resize((cells[0], cells[1]), Image.Resampling.BOX)
    image[top:bottom, left:right] = np.asarray(means.resize(part.size, Image.Resampling.BILINEAR))
