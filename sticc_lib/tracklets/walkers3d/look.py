"""Who a rendered person is: build, skin, hair, clothes and what is carried, drawn from a seed.

Colours come from a palette that many persons share, so that a person is known by the combination.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sticc_lib.tracklets.walkers3d import gait
from sticc_lib.tracklets.walkers3d.assets import Library
from sticc_lib.tracklets.walkers3d.shading import Color
from sticc_lib.tracklets.walkers3d.wardrobe import (
    LEGS,
    PATTERNS,
    SHOES,
    TOPS,
    Cloth,
    bottom_of,
    coat_of,
    inner,
    jitter,
    pair,
    top_of,
)

HAIRS = np.array((
    (0.07, 0.06, 0.06), (0.16, 0.11, 0.08), (0.28, 0.19, 0.12), (0.45, 0.32, 0.18),
    (0.66, 0.52, 0.30), (0.42, 0.20, 0.10), (0.58, 0.57, 0.56),
))  # fmt: skip
WOMEN_HAIR = ("bob01", "bob02", "braid01", "long01", "ponytail01", "short03", "afro01")
MEN_HAIR = ("short01", "short02", "short03", "short04", "afro01", "bald")
WORN_OUT = ("whole male_worksuit01",)
"""CHOICE: overalls over a shirt show specks of it once their meshes are thinned; left out."""
BULKY = ("hair afro01", "hair bob01")
"""No hat goes over it."""


@dataclass(frozen=True)
class Look:
    """Everything about a person that does not change.

    Attributes:
        female: sex of the body; age 0 young to 1 old; muscle, weight, height in -1..1.
        race: shares of african, asian and caucasian.
        skin: texture name; shade: factor of its brightness.
        hair: part or ``; hair_color.
        top, coat, bottom, shoes: garments; coat and others may be None.
        hat: ``, `hat ...` (a part), `cap` or `beanie`.
        bag: ``, backpack, satchel, handbag, shopper or case; in_hand: ``, papers or phone.
        style: how they move.
    """

    female: bool
    age: float
    muscle: float
    weight: float
    height: float
    race: tuple[float, ...]
    skin: str
    shade: float
    hair: str
    hair_color: tuple[float, ...]
    top: Cloth
    bottom: Cloth | None
    coat: Cloth | None
    shoes: Cloth
    hat: str
    hat_color: tuple[float, ...]
    bag: str
    bag_color: tuple[float, ...]
    in_hand: str
    style: gait.Style


def sample(rng: np.random.Generator, library: Library) -> Look:
    """One person at random.

    CHOICE: how often each thing occurs: a street in a mild season; over a third has a coat or an
    open jacket, half carry something, a fifth wears something on the head.
    """
    female = bool(rng.random() < 0.5)
    age = float(np.clip(rng.beta(1.3, 1.7), 0, 1))
    race = rng.dirichlet((0.5, 0.5, 0.7))
    whole = rng.random() < 0.06
    dress = female and not whole and rng.random() < 0.14
    top = top_of(rng, library, female)
    bottom = bottom_of(rng, library, female)
    if whole:
        part = str(rng.choice([n for n in library.names("whole") if n not in WORN_OUT]))
        top, bottom = Cloth(part, *pair(rng, TOPS), int(rng.choice((0, 0, 4)))), None
    elif dress:
        top = Cloth(
            "dress",
            *pair(rng, np.ones(20)),
            int(rng.choice(PATTERNS)),
            rng.uniform(0.5, 1.6),
            rng.uniform(-5.2, -2.4),
            float(rng.choice((0.4, 0.1, 1.9))),
            loose=0.10,
        )
        bottom = (
            Cloth("tights", *pair(rng, LEGS), low=-7.4, loose=0.02) if rng.random() < 0.5 else None
        )
    coat = None if whole or dress or rng.random() < 0.62 else coat_of(rng)
    if coat is not None:
        top = inner(rng, library, female, top)
    hat = str(rng.choice(("", "cap", "beanie", "hat fedora", "hat fedora_cocked"),
                         p=(0.78, 0.09, 0.08, 0.03, 0.02)))  # fmt: skip
    bag, in_hand, style = _carried(rng)
    skin, shade = _skin(rng, library, female, age, race)
    hair, hair_color = _hair(rng, female, age)
    if hat and hair in BULKY:
        hat = ""
    shoes = Cloth(str(rng.choice(library.names("shoes"))), *pair(rng, SHOES))
    return Look(
        female, age, rng.uniform(-0.8, 0.1), float(np.clip(rng.normal(0.0, 0.45), -0.9, 0.9)),
        float(np.clip(rng.normal(0, 0.45), -1, 1)), tuple(race), skin, shade, hair, hair_color, top,
        bottom, coat, shoes, hat, pair(rng, TOPS)[0], bag, pair(rng, np.ones(20))[0], in_hand,
        style,
    )  # fmt: skip


def _carried(rng: np.random.Generator) -> tuple[str, str, gait.Style]:
    style = gait.sample(rng)
    bag = str(rng.choice(("", "backpack", "satchel", "handbag", "shopper", "case"),
                         p=(0.46, 0.20, 0.13, 0.08, 0.08, 0.05)))  # fmt: skip
    in_hand = str(rng.choice(("", "papers", "phone"), p=(0.82, 0.09, 0.09)))
    side, other = ("left", "right") if rng.random() < 0.5 else ("right", "left")
    if bag in ("handbag", "shopper", "case"):
        style = replace(style, **{side: "hang"})
    if in_hand:
        style = replace(style, **{other: {"papers": "hold", "phone": "phone"}[in_hand]})
    elif rng.random() < 0.12:
        style = replace(style, **{other: "pocket"})
    return bag, in_hand, style


def _skin(rng: np.random.Generator, library: Library, female: bool, age: float, race: np.ndarray
          ) -> tuple[str, float]:  # fmt: skip
    years = "young" if age < 0.35 else "middleage" if age < 0.7 else "old"
    where = ("african", "asian", "caucasian")[int(np.argmax(race))]
    sex = "female" if female else "male"
    names = [n for n in library.names("skin") if n.startswith(f"skin {years}_{where}_{sex} ")]
    return str(rng.choice(names or library.names("skin"))), float(rng.uniform(0.82, 1.08))


def _hair(rng: np.random.Generator, female: bool, age: float) -> tuple[str, Color]:
    name = str(rng.choice(WOMEN_HAIR if female else MEN_HAIR))
    share = np.array((0.30, 0.24, 0.18, 0.10, 0.08, 0.04, 0.06))
    share[6] += max(0.0, age - 0.6) * 1.5
    color = HAIRS[int(rng.choice(7, p=share / share.sum()))]
    return "" if name == "bald" else f"hair {name}", jitter(rng, color)
