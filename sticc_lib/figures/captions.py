"""Figures with words: a title, a caption that says how to read it, alt text; saving and showing."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sticc_lib.figures.theme import DPI, WIDTH, theme
from sticc_lib.run import Run, atomic, write_json

BLOCK = "margin:0.6em 0 1.2em;break-inside:avoid;page-break-inside:avoid"
SMALL = "font-size:0.9em;line-height:1.45;max-width:56em;margin-top:0.4em;opacity:0.85"


@dataclass(frozen=True)
class Words:
    """What stands with a picture.

    Attributes:
        title: what is shown, in one line.
        caption: how to read it.
        alt: what someone who cannot see it should know.
    """

    title: str
    caption: str
    alt: str


class Captioned(Figure):
    """A matplotlib figure that a notebook shows together with its words."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return show(self)._repr_mimebundle_(include, exclude)


@dataclass(frozen=True)
class Picture:
    """A drawn figure, as a notebook displays it: PNG bytes, words, width in CSS pixels."""

    png: bytes
    words: Words
    width: int

    def html(self) -> str:
        """A `<figure>` that no page break divides; the picture inside, no file beside it."""
        source = f"data:image/png;base64,{base64.b64encode(self.png).decode('ascii')}"
        return (
            f'<figure style="{BLOCK}"><img src="{source}" alt="{escape(self.words.alt)}" '
            f'style="width:{self.width}px;max-width:100%;height:auto;background:#fff">'
            f'<figcaption style="{SMALL}">{escape(self.words.caption)}</figcaption></figure>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        bundle = {
            "text/html": self.html(),
            "image/png": base64.b64encode(self.png).decode("ascii"),
            "text/plain": f"{self.words.title}. {self.words.alt}",
        }
        return bundle, {"image/png": {"alt": self.words.alt, "width": self.width}}


def start(axes: Axes | None, height: float, width: float = WIDTH) -> tuple[Figure, Axes]:
    """The given axes and their figure, or new ones of width x height inches."""
    if axes is not None:
        return axes.get_figure(root=True), axes  # type: ignore[return-value]
    figure = Captioned(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def caption(figure: Figure, title: str, caption: str, alt: str, axes: Axes | None = None) -> Figure:
    """Gives a figure its words and draws the title.

    Args:
        figure: any matplotlib figure.
        title: one line, drawn above.
        caption: how to read the figure; stands below it in a notebook.
        alt: the same for those who do not see it.
        axes: the panel these words are about, where a caller placed it in a figure of several;
            its title is drawn over the panel and the words join those already there.
    """
    if axes is not None:
        axes.set_title(title)
        if (held := words(figure)) is not None:
            title = f"{held.title}; {title}"
            caption, alt = f"{held.caption} {caption}", f"{held.alt} {alt}"
    else:
        # a sheet has no layout engine that would find the place
        at = {} if figure.get_layout_engine() else {"y": 1 - 0.13 / figure.get_figheight()}
        figure.suptitle(title, x=0.11 / figure.get_figwidth(), ha="left", **at)
    figure._words = Words(title, caption, alt)  # type: ignore[attr-defined]
    return figure


def words(figure: Figure) -> Words | None:
    """The words given to a figure, if any."""
    return getattr(figure, "_words", None)


def png(figure: Figure, dpi: int = DPI) -> bytes:
    """The figure as PNG, 150 dots per inch, its alt text among the file's metadata."""
    held, buffer = words(figure), io.BytesIO()
    about = {"Software": None}
    if held is not None:
        about |= {"Title": held.title, "Description": held.alt}
    packed = {"compress_level": 6 if dpi >= DPI else 1}  # what is looked at once need not be small
    with theme():  # ticks and layout are made while drawing
        figure.savefig(buffer, format="png", dpi=dpi, metadata=about, pil_kwargs=packed)
    return buffer.getvalue()


def save(figure: Figure, path: Path | str) -> Path:
    """Writes `path` (.png) and, beside it, a .json with title, caption and alt text.

    Both are written whole or not at all.

    Raises:
        ValueError: the figure has no words, or the path does not end in .png.
    """
    return _write(show(figure), path)


def show(figure: Figure, dpi: int = DPI) -> Picture:
    """Draws the figure for display in a notebook; as HTML, picture and caption stay together.

    Args:
        figure: with words.
        dpi: dots per inch; fewer are drawn faster, and shown as wide.

    Raises:
        ValueError: the figure has no words.
    """
    held = words(figure)
    if held is None:
        raise ValueError("the figure has no caption and no alt text; call caption(figure, ...)")
    return Picture(png(figure, dpi), held, round(100 * figure.get_figwidth()))


def stacked(pictures: Sequence[Picture]) -> Picture:
    """Pictures of one width below each other, as one; words joined, the first one's title."""
    if len(pictures) == 1:
        return pictures[0]
    from PIL import Image

    parts = [np.asarray(Image.open(io.BytesIO(p.png)).convert("RGB")) for p in pictures]
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate(parts)).save(buffer, format="png", compress_level=1)
    joined = (" ".join(getattr(p.words, name) for p in pictures) for name in ("caption", "alt"))
    return Picture(buffer.getvalue(), Words(pictures[0].words.title, *joined), pictures[0].width)


def run_figure(run: Run, figure: Figure | Picture, name: str) -> Picture:
    """Saves a figure as `figures/<name>.png` of the run and returns it for display."""
    picture = figure if isinstance(figure, Picture) else show(figure)
    _write(picture, run.path("figures", f"{name}.png"), run.notebook)
    return picture


def _write(picture: Picture, path: Path | str, notebook: str = "") -> Path:
    path = Path(path)
    if path.suffix != ".png":
        raise ValueError(f"{path}: figures are saved as .png")
    with atomic(path) as temporary:
        temporary.write_bytes(picture.png)
    whose = {"notebook": notebook} if notebook else {}  # reports say under which it stands
    write_json(path.with_suffix(".json"), {**asdict(picture.words), **whose})
    return path
