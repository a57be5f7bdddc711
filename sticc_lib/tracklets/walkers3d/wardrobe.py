"""Garments: their colours, cuts and patterns, drawn at random.

Colours come from a palette that many persons share, so that a person is known by the combination.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace

import numpy as np

from sticc_lib.tracklets.walkers3d.assets import Library
from sticc_lib.tracklets.walkers3d.shading import Color

CLOTH = np.array((
    (0.10, 0.10, 0.12), (0.22, 0.22, 0.24), (0.45, 0.46, 0.48), (0.70, 0.70, 0.70),
    (0.92, 0.91, 0.88), (0.11, 0.15, 0.30), (0.20, 0.30, 0.52), (0.45, 0.60, 0.78),
    (0.62, 0.14, 0.16), (0.80, 0.24, 0.20), (0.16, 0.32, 0.22), (0.40, 0.44, 0.28),
    (0.72, 0.62, 0.46), (0.86, 0.80, 0.66), (0.42, 0.29, 0.20), (0.83, 0.62, 0.18),
    (0.42, 0.22, 0.42), (0.85, 0.55, 0.60), (0.20, 0.48, 0.52), (0.78, 0.40, 0.18),
))  # fmt: skip
"""Twenty colours of clothes, RGB in 0..1."""
TOPS = np.array((14, 8, 8, 5, 10, 9, 6, 5, 5, 5, 4, 4, 4, 4, 3, 3, 3, 3, 3, 2), float)
LEGS = np.array((20, 12, 9, 3, 4, 18, 12, 4, 1, 1, 2, 4, 7, 4, 5, 1, 1, 1, 1, 1), float)
SHOES = np.array((30, 12, 8, 5, 18, 6, 2, 1, 2, 1, 1, 1, 3, 2, 8, 0, 0, 0, 0, 0), float)
MADE = ("shirt", "dress", "skirt", "tights", "jacket", "coat", "vest")
SHORT = ("casualsuit", "sportsuit")
THIN = ("top female_casualsuit01", "top female_casualsuit02", "top female_sportsuit01",
        "top male_casualsuit02", "top male_casualsuit04")  # fmt: skip
"""Tops of suits that fit under a coat."""
PATTERNS = (0, 1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Cloth:
    """One garment: a part (or a made one) with its colours and cuts; see shading.Material."""

    part: str
    color: tuple[float, ...]
    second: tuple[float, ...]
    pattern: int = 0
    period: float = 1.0
    low: float = -99.0
    sleeve: float = 99.0
    opening: float = 0.0
    loose: float = 0.0
    """Decimetres that a made garment stands off the body."""

    @property
    def made(self) -> bool:
        """Whether it is cut from the helper surfaces and not a part of a suit."""
        return self.part in MADE

    @property
    def span(self) -> tuple[float, float]:
        """Heights between which a made garment surely covers the trunk and legs."""
        ends = {"skirt": (max(self.low, 0.0), 1.2), "tights": (-7.0, 1.0)}
        return ends.get(self.part, (max(self.low, -0.5), 5.3))

    @property
    def reach(self) -> float:
        """How far down the arm it goes at most."""
        return 0.3 if any(n in self.part for n in SHORT) else 1.8

    @property
    def long(self) -> bool:
        """Whether one garment covers the waist from both sides."""
        return self.part == "dress" or self.part.startswith("whole")


def pair(rng: np.random.Generator, weights: np.ndarray) -> tuple[Color, Color]:
    """Two colours that differ, each somewhat off its palette entry."""
    share = weights / weights.sum()
    first = int(rng.choice(20, p=share))
    second = int(rng.choice(np.delete(np.arange(20), first)))
    return jitter(rng, CLOTH[first]), jitter(rng, CLOTH[second])


def jitter(rng: np.random.Generator, color: np.ndarray) -> Color:
    """A colour near another one."""
    h, s, v = colorsys.rgb_to_hsv(*color)
    changed = colorsys.hsv_to_rgb(
        (h + rng.normal(0, 0.015)) % 1,
        float(np.clip(s * rng.uniform(0.8, 1.15), 0, 1)),
        float(np.clip(v * rng.uniform(0.85, 1.15), 0.05, 0.95)),
    )
    return tuple(float(c) for c in changed)


def top_of(rng: np.random.Generator, library: Library, female: bool) -> Cloth:
    """A shirt, or the top of a suit."""
    mine = [n for n in library.names("top") if n.startswith(f"top {'fe' if female else ''}male")]
    made = rng.random() < 0.35
    part = "shirt" if made else str(rng.choice(mine))
    pattern = int(rng.choice(PATTERNS, p=(0.46, 0.14, 0.10, 0.12, 0.10, 0.08)))
    sleeve = float(rng.choice((99.0, 0.95, 0.55, 0.35), p=(0.5, 0.1, 0.25, 0.15)))
    low = rng.uniform(-0.9, 0.7) if made else -99.0
    return Cloth(part, *pair(rng, TOPS), pattern, rng.uniform(0.35, 1.6), low,
                 min(sleeve, 1.95) if made else sleeve, loose=rng.uniform(0.08, 0.22))  # fmt: skip


def inner(rng: np.random.Generator, library: Library, female: bool, top: Cloth) -> Cloth:
    """A top thin enough for a coat."""
    if top.part == "shirt" or top.part in THIN:
        return replace(top, loose=0.05, low=max(top.low, 0.3) if top.made else top.low)
    return replace(top, part="shirt", low=0.3, sleeve=min(top.sleeve, 1.95), loose=0.05)


def bottom_of(rng: np.random.Generator, library: Library, female: bool) -> Cloth:
    """Trousers, long or short, tights or a skirt."""
    kind = rng.choice(
        ("trousers", "tights", "skirt"), p=(0.66, 0.14, 0.20) if female else (1, 0, 0)
    )
    colors = pair(rng, LEGS)
    if kind == "tights":
        return Cloth("tights", *colors, low=-7.3, loose=0.05)
    if kind == "skirt":
        pattern = int(rng.choice((0, 0, 0, 2, 5)))
        return Cloth("skirt", *colors, pattern, rng.uniform(0.6, 1.4), rng.uniform(-5.8, -2.2),
                     loose=0.08)  # fmt: skip
    sex = "bottom female" if female else "bottom male"
    names = [n for n in library.names("bottom") if n.startswith(sex) and "casualsuit02" not in n
             and n != "bottom female_elegantsuit01"] or library.names("bottom")  # fmt: skip
    low = float(rng.choice((-99.0, rng.uniform(-4.2, -2.4), rng.uniform(-6.2, -5.0)),
                           p=(0.76, 0.16, 0.08)))  # fmt: skip
    return Cloth(str(rng.choice(names)), *colors, low=low)


def coat_of(rng: np.random.Generator) -> Cloth:
    """A jacket, a coat or a vest, open or closed."""
    kind = rng.choice(("jacket", "coat", "vest"), p=(0.55, 0.3, 0.15))
    opening = float(rng.choice((0.0, rng.uniform(0.25, 0.9)), p=(0.45, 0.55)))
    low = {"jacket": rng.uniform(-1.0, 0.6), "coat": rng.uniform(-4.4, -1.6),
           "vest": rng.uniform(-0.8, 0.4)}[str(kind)]  # fmt: skip
    pattern = int(rng.choice((0, 0, 0, 0, 0, 1, 2)))
    return Cloth(str(kind), *pair(rng, TOPS), pattern, rng.uniform(0.8, 2.0), low,
                 0.12 if kind == "vest" else 1.92, opening, rng.uniform(0.24, 0.36))  # fmt: skip
