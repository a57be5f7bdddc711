"""One look for every figure: fonts, colours, sizes, and the fixed colour of each method."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.colors import to_hex, to_rgb
from matplotlib.font_manager import fontManager

P = ParamSpec("P")
R = TypeVar("R")

WIDTH = 9.0
"""Inches: 900 CSS pixels, the width of a notebook's output."""
DPI = 150
INK, MUTED, FAINT, HAIR = "#1F2328", "#5B6470", "#A9B0B8", "#E4E7EB"
HEAT = "magma"
"""Amounts from none to much."""
SHARE = "cividis"
"""Shares and similarities."""
TRUE, FALSE, JUNK, QUERY = "#00795B", "#C2361C", "#8A929B", "#1F5FBF"
MARKS = {"true": (TRUE, "✓"), "false": (FALSE, "✗"), "junk": (JUNK, "–")}
"""Kind of a gallery entry: colour and symbol, so that neither has to be seen."""

# After Okabe and Ito: told apart under the common colour deficiencies. The marker differs as well.
METHODS: dict[str, tuple[str, str, str]] = {
    "sticc": ("#D55E00", "o", "STICC"),
    "attention_pool_joint": ("#0072B2", "s", "attention pool, joint"),
    "attention_pool": ("#56B4E9", "D", "attention pool"),
    "mean_pool": ("#009E73", "^", "mean pool"),
    "frozen": ("#6F7780", "v", "frozen trunk"),
    "stripes": ("#CC79A7", "P", "frozen stripes"),
    "hsv_histogram": ("#E69F00", "X", "HSV histogram"),
    "sticc_shipped": ("#8F3F00", "*", "STICC, shipped"),
    "sticc_no_m1": ("#882255", "h", "STICC without M1"),
    "attention_pool_joint_wide": ("#332288", "s", "attention pool, joint, wide"),
    "attention_pool_wide": ("#44AA99", "D", "attention pool, wide"),
    "stripe_pool": ("#7F3C8D", "P", "trained stripes"),
    # compared methods
    "psta": ("#117733", "p", "PSTA"),
    "stmn": ("#AA4499", "<", "STMN"),
    "grl": ("#999933", ">", "GRL"),
    "pat": ("#6699CC", "H", "PAT"),
    "bicnet_tks": ("#661100", "d", "BiCnet-TKS"),
    "sinet": ("#B8860B", "8", "SINet"),
    "msinet": ("#5B3A8C", "*", "MSINet"),
}
VARIANTS: dict[str, tuple[str, str, str]] = {
    # of STICC, for the ablation: one colour a question, told apart by the marker
    "m1": ("#009E73", "v", "M1 alone"),
    "m2": ("#009E73", "<", "M2 alone"),
    "m1_m2": ("#009E73", ">", "M1 and M2"),
    "rg": ("#0072B2", "s", "M3 alone"),
    "mg": ("#0072B2", "D", "M4 alone"),
    "rg_wide": ("#332288", "s", "M3 alone, as wide as STICC"),
    "sticc_pca": ("#332288", "P", "STICC, as narrow as M3"),
    "serial": ("#882255", "p", "M1 before M2"),
    "agreement": ("#CC79A7", "<", "relevance by agreement"),
    "uniform": ("#CC79A7", ">", "relevance even"),
    "concat": ("#CC79A7", "H", "slots side by side"),
    "subtract": ("#B8860B", "d", "spatial memory subtracts"),
    "no_spatial": ("#B8860B", "8", "no spatial memory"),
    "mean_time": ("#B8860B", "X", "frames averaged"),
    "no_temporal": ("#B8860B", "v", "no temporal part"),
    "slots_1": ("#4D4D4D", "^", "1 slot"),
    "slots_2": ("#4D4D4D", "<", "2 slots"),
    "slots_8": ("#4D4D4D", ">", "8 slots"),
    "slots_14": ("#4D4D4D", "s", "14 slots"),
}
METRICS = {"rank1": "rank-1", "rank5": "rank-5", "frame_mAP": "frame mAP",
           "visit_rank1": "visit rank-1", "cpu_seconds": "CPU seconds"}  # fmt: skip
SETS = {
    "walkers": "walkers (synthetic)",
    "walkers_unseen_cameras": "unseen cameras (synthetic)",
    "walkers_unseen_occluders": "unseen occluders (synthetic)",
    "pets": "PETS2009",
    "pets2009": "PETS2009",
    "pets_mot": "PETS2009, MOT crops",
    "mars": "MARS",
    "lsvid": "LS-VID",
    "ilidsvid": "iLIDS-VID",
    "prid2011": "PRID2011",
    "dukevideo": "DukeMTMC-VideoReID",
    "occluded_duke": "Occluded-Duke",
    "occluded_duke_images": "Occluded-Duke (images)",
    "occluded_duke_video": "Occluded-DukeMTMC-VideoReID",
    "prai1581": "PRAI-1581",
    "market": "Market-1501",
    "motchallenge": "MOT Challenge",
}
CYCLE = ("#117733", "#AA4499", "#999933", "#6699CC", "#661100", "#B8860B", "#5B3A8C", "#4D4D4D")
BRIGHT = ("#FFB000", "#2FD5E8", "#FF5C8A", "#8CE05B", "#B08CFF", "#FF8A3D", "#FFFFFF", "#5C9DFF")
"""For boxes over a photograph."""
CYCLE_MARKERS = ("p", "<", ">", "H", "d", "8", "*", "o")
# CHOICE: Liberation Sans, Arial and Helvetica have the same metrics, so a layout holds wherever one
# is there; DejaVu comes with matplotlib, is wider, and lends the signs the others lack.
FONTS = ("Liberation Sans", "Arial", "Helvetica")


def theme() -> AbstractContextManager[None]:
    """The look as a context: `with theme(): ...`. Nothing is changed outside of it."""
    settings: Any = dict(_settings())
    return mpl.rc_context(settings)


def themed(draw: Callable[P, R]) -> Callable[P, R]:
    """Decorator: runs a drawing function inside `theme()`."""

    @functools.wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with theme():
            return draw(*args, **kwargs)

    return inside


def method_styles(names: Iterable[str]) -> dict[str, tuple[str, str, str]]:
    """name -> (colour, marker, text). Known methods keep theirs in every figure."""
    styles, others = {}, 0
    for name in names:
        if name in METHODS or name in VARIANTS:
            styles[name] = METHODS.get(name) or VARIANTS[name]
        elif name not in styles:
            place = others % len(CYCLE)
            styles[name] = (CYCLE[place], CYCLE_MARKERS[place], str(name))
            others += 1
    return styles


def metric(name: str) -> str:
    """How a metric is written; of a dotted name the last part counts."""
    last = name.rsplit(".", 1)[-1]
    return METRICS.get(last, last)


def condition(name: str) -> str:
    """What a set or a test condition is called; drawn people are always called synthetic."""
    known, comma, rest = name.partition(",")  # "pets2009, 16 clean crops a visit"
    return SETS.get(known, known) + comma + rest


def readable(colour: str) -> str:
    """The colour darkened until text in it has a contrast of 4.5 to white (WCAG AA)."""
    red, green, blue = to_rgb(colour)
    while 1.05 / (_luminance(red, green, blue) + 0.05) < 4.5:
        red, green, blue = red * 0.95, green * 0.95, blue * 0.95
    return to_hex((red, green, blue))


def on(colour: Any) -> str:
    """Ink or white: whichever is read better on a colour."""
    return "white" if _luminance(*to_rgb(colour)) < 0.3 else INK


def _luminance(*rgb: float) -> float:
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@functools.cache
def _fonts() -> tuple[str, ...]:
    there = {font.name for font in fontManager.ttflist}
    return (*[name for name in FONTS if name in there][:1], "DejaVu Sans")


def _settings() -> dict[str, Any]:
    return {
        "font.family": list(_fonts()),
        "font.size": 9,
        "text.color": INK,
        "text.hinting": "no_hinting",  # a fifth less time for a figure, and letters as drawn
        "text.parse_math": False,  # a label from a data set may hold a dollar sign
        "figure.dpi": 100,
        "figure.facecolor": "white",
        "figure.titlesize": 12.5,
        "figure.titleweight": "bold",
        "figure.constrained_layout.h_pad": 0.07,
        "figure.constrained_layout.w_pad": 0.08,
        "savefig.dpi": DPI,
        "savefig.facecolor": "white",
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 7,
        "axes.labelsize": 9,
        "axes.labelcolor": MUTED,
        "axes.edgecolor": FAINT,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.formatter.use_mathtext": False,
        "axes.formatter.useoffset": False,
        "axes.prop_cycle": mpl.cycler(color=CYCLE),  # type: ignore[attr-defined]
        "grid.color": HAIR,
        "grid.linewidth": 0.8,
        "xtick.color": FAINT,
        "ytick.color": FAINT,
        "xtick.labelcolor": MUTED,
        "ytick.labelcolor": MUTED,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
        "xtick.major.size": 3,
        "ytick.major.size": 3,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "lines.linewidth": 1.8,
        "lines.solid_capstyle": "round",
        "image.cmap": HEAT,
    }
