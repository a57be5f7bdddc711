"""The strip under an annotated video: everybody known so far, bright while they are there."""

from __future__ import annotations

import functools

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from PIL import Image

from sticc_lib.counting.anonymise import blur_kept
from sticc_lib.counting.moments import Moment, Moments
from sticc_lib.figures.lettering import lay, lettering, ring
from sticc_lib.figures.theme import BRIGHT, FAINT, INK, MUTED, on

TALL = 6
"""Heights of a letter that a picture is tall, and twice as many as it is wide."""
DIM, SECOND = 0.5, 0.6
"""How bright somebody is who is away; and the colours, when all were given once."""


@functools.lru_cache(1024)
def person_colour(number: int) -> str:
    """The colour of an individual, the same in every frame; 0, the unsure, is grey."""
    if not number:
        return FAINT
    turn, place = divmod(number - 1, len(BRIGHT))
    red, green, blue = to_rgb(BRIGHT[place])
    share = SECOND if turn % 2 else 1.0
    return to_hex((share * red, share * green, share * blue))


class Strip:
    """Pictures of individuals side by side, in order of their numbers.

    Somebody who is there is bright and framed in the colour of the boxes; who is away is dim. Who
    was first seen less than an interval ago has a white frame and the word "new". CHOICE: this
    stands still: flashing pictures harm some who watch. Where there are more people than
    room, those seen last are shown, and the first place says how many more there are.

    Args:
        moments: of the count.
        width: pixels.
        size: of letters, pixels.
        anonymise: heads are blurred.
    """

    def __init__(self, moments: Moments, width: int, size: int, anonymise: bool = False):
        self.moments, self.width, self.size, self.anonymise = moments, width, size, anonymise
        self.pad = max(3, round(0.4 * size))
        self.tile = (TALL * size, TALL * size // 2)
        self.height = self.tile[0] + 2 * self.pad
        self.most = max((width - self.pad) // (self.tile[1] + self.pad), 1)
        self._state: object = None
        self._drawn = np.empty(0, np.uint8)
        self._pictures = functools.lru_cache(512)(self._picture)

    def shown(self, frame: int, moment: Moment) -> tuple[list[int], int]:
        """Who is in the strip at a frame, and how many more are known."""
        if moment.unique <= self.most:
            return self.moments.latest(frame, self.most), 0
        room = max(self.most - 1, 1)
        return self.moments.latest(frame, room), moment.unique - room

    def draw(self, frame: int, moment: Moment) -> np.ndarray:
        """uint8 [height, width, 3]; drawn anew only where it differs from the last."""
        people, more = self.shown(frame, moment)
        state = [(n, n in moment.here, n in moment.new) for n in people], more
        if state != self._state:
            self._state, self._drawn = state, self._draw(*state)
        return self._drawn

    def _draw(self, people: list[tuple[int, bool, bool]], more: int) -> np.ndarray:
        canvas = np.empty((self.height, self.width, 3), np.uint8)
        canvas[:] = lettering(" ", self.size, INK, INK)[0, 0]
        x, y = self.pad, self.pad
        text = f"+{more}" if more else "" if people else "nobody counted so far"
        if text:
            drawn = lettering(text, self.size, FAINT, INK, bold=bool(more))
            left = max((self.tile[1] - drawn.shape[1]) // 2, 0) if more else 0
            lay(canvas, drawn, x + left, (self.height - drawn.shape[0]) // 2)
            x += self.tile[1] + self.pad
        for person in people:
            self._place(canvas, x, y, *person)
            x += self.tile[1] + self.pad
        return canvas

    def _place(
        self, canvas: np.ndarray, x: int, y: int, number: int, here: bool, new: bool
    ) -> None:
        colour, (tall, wide) = person_colour(number), self.tile
        line = max(2, self.size // 7)
        lay(canvas, self._pictures(number, here), x, y)
        if new:
            ring(canvas, (x - line, y - line, x + wide + line, y + tall + line), line, "white")
            word = lettering("new", max(self.size - 2, 9), INK, "white", pad=line)
            lay(canvas, word, x + (wide - word.shape[1]) // 2, y + tall - word.shape[0])
        if here:
            ring(canvas, (x, y, x + wide, y + tall), line, colour)
        ink, ground = (on(colour), colour) if here else (FAINT, MUTED)
        lay(canvas, lettering(str(number), self.size, ink, ground, pad=line), x, y)

    def _picture(self, number: int, here: bool) -> np.ndarray:
        """uint8 [tile, 3]: the best crop, bright or dim; grey without one."""
        counted = self.moments.counted
        rows = counted.pictures(number, 1)
        if not rows:
            return np.full((*self.tile, 3), 90, np.uint8)
        if self.anonymise:
            crop = blur_kept(counted.observed, rows)[0]
        else:
            crop = counted.observed.pixels.read(np.array(rows))[0]
        image = Image.fromarray(np.ascontiguousarray(np.moveaxis(crop, 0, 2)))
        image = image.resize((self.tile[1], self.tile[0]), Image.Resampling.BILINEAR)
        if here:
            return np.asarray(image)
        grey = np.asarray(image.convert("L"), np.float32)[:, :, None]
        return (DIM * (0.6 * grey + 0.4 * np.asarray(image)) + 14).astype(np.uint8)
