"""Who a drawn person is: skin, hair, clothes, shoes, hat, bag and build, the same in every picture.

Clothes come in ten colours that many persons share, so no colour alone names anybody: a person is
known by the combination.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PALETTE = {
    "charcoal": (0.15, 0.15, 0.18),
    "white": (0.94, 0.93, 0.90),
    "grey": (0.56, 0.58, 0.61),
    "navy": (0.14, 0.20, 0.42),
    "sky": (0.36, 0.62, 0.86),
    "red": (0.80, 0.20, 0.20),
    "green": (0.20, 0.50, 0.33),
    "khaki": (0.76, 0.66, 0.47),
    "mustard": (0.93, 0.71, 0.20),
    "plum": (0.52, 0.25, 0.50),
}
"""The ten clothing colours, RGB in 0..1."""

SKINS = ((0.97, 0.82, 0.71), (0.89, 0.70, 0.55), (0.74, 0.53, 0.38), (0.55, 0.37, 0.26),
         (0.38, 0.25, 0.18))  # fmt: skip
HAIRS = ((0.11, 0.09, 0.09), (0.30, 0.18, 0.11), (0.52, 0.33, 0.17), (0.87, 0.70, 0.38),
         (0.62, 0.25, 0.13), (0.72, 0.72, 0.74))  # fmt: skip

TEXTURES = ("plain", "stripes", "checks", "logo", "two-tone")
BOTTOMS = ("trousers", "shorts", "skirt")
HAIR_STYLES = ("short", "long", "bun", "afro", "bald")
HATS = ("none", "cap", "beanie", "brim")
BAGS = ("none", "backpack", "handbag", "satchel")


@dataclass(frozen=True)
class Look:
    """Everything about a person that does not change. Colours are float32 [3], RGB in 0..1."""

    skin: np.ndarray
    hair: np.ndarray
    hair_style: str
    top: np.ndarray
    second: np.ndarray
    """The other colour of the top: of its stripes, checks, logo or lower half."""
    texture: str
    sleeves: str
    """`long`, `short`, or `second`: long, in the second colour."""
    bottom_kind: str
    bottom: np.ndarray
    shoes: np.ndarray
    hat: str
    hat_color: np.ndarray
    bag: str
    bag_color: np.ndarray
    build: float
    """Width over the average: 0.84 slim to 1.22 broad."""
    height: float
    """Height over the average, 0.93 to 1.05. Boxes are fitted, so little of it shows."""


def sample(rng: np.random.Generator) -> Look:
    """One person, drawn at random. All persons, occluding ones too, come from here.

    CHOICE: how often each garment occurs. Trousers and shoes are mostly dark, as on a street, so
    that they tell less than tops; a third wears a hat and somewhat over half carries a bag.
    """
    colors = np.array(list(PALETTE.values()), np.float32)
    top = int(rng.integers(10))
    dark = (0.20, 0.05, 0.14, 0.20, 0.08, 0.05, 0.06, 0.12, 0.05, 0.05)
    bottom = int(rng.choice(10, p=dark))
    shoes = int(rng.choice(10, p=(0.32, 0.24, 0.08, 0.06, 0.04, 0.09, 0.03, 0.08, 0.03, 0.03)))
    texture = str(rng.choice(TEXTURES, p=(0.24, 0.22, 0.16, 0.16, 0.22)))
    return Look(
        skin=np.array(SKINS[rng.integers(len(SKINS))], np.float32),
        hair=np.array(HAIRS[rng.choice(6, p=(0.28, 0.22, 0.16, 0.14, 0.08, 0.12))], np.float32),
        hair_style=str(rng.choice(HAIR_STYLES, p=(0.40, 0.28, 0.12, 0.10, 0.10))),
        top=colors[top],
        second=colors[(top + 1 + int(rng.integers(9))) % 10],
        texture=texture,
        sleeves=str(rng.choice(("long", "short", "second"), p=(0.50, 0.36, 0.14))),
        bottom_kind=str(rng.choice(BOTTOMS, p=(0.62, 0.20, 0.18))),
        bottom=colors[bottom],
        shoes=colors[shoes],
        hat=str(rng.choice(HATS, p=(0.66, 0.14, 0.10, 0.10))),
        hat_color=colors[rng.integers(10)],
        bag=str(rng.choice(BAGS, p=(0.42, 0.26, 0.16, 0.16))),
        bag_color=colors[rng.integers(10)],
        build=float(rng.uniform(0.84, 1.22)),
        height=float(rng.uniform(0.93, 1.05)),
    )
