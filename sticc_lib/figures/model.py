"""The model as a drawing with its shapes, and what the parts of an embedding tell apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from sticc_lib.config import ModelConfig
from sticc_lib.figures.captions import Captioned, caption
from sticc_lib.figures.parts import sheet
from sticc_lib.figures.theme import FAINT, INK, MUTED, SHARE, WIDTH, themed

TRUNK, M1, M2, M3, M4 = "#5B6470", "#7A6A9E", "#00795B", "#B84E00", "#1F5FBF"


@themed
def schematic(config: ModelConfig, stride: int = 16) -> Figure:
    """STICC as boxes and arrows, every arrow with the shape of what it carries.

    Args:
        config: shapes and options come from here.
        stride: of the trunk.
    """
    head, time = config.head, config.clip_length
    rows, columns = config.height // stride, config.width // stride
    tokens, width, slots = rows * columns, head.channels, head.slots
    _, page = sheet(4.3)
    drawn = min(time, 6)
    for number in range(drawn):
        shift = 0.07 * number
        page.add_patch(Rectangle((0.14 + shift, 1.78 + shift), 0.5, 1.0, facecolor="white",
                                 edgecolor=TRUNK, linewidth=1.2, zorder=2 + number))  # fmt: skip
    shape = f"[{time}, 3, {config.height}, {config.width}]"
    _note(page, 0.55, 2.82 + 0.07 * drawn, f"clip\n{shape}", TRUNK)
    _box(page, 1.38, 1.9, 1.05, 0.9, TRUNK, "Trunk, stem", config.trunk.name)
    _arrow(page, [(0.61 + 0.07 * drawn, 2.35), (1.38, 2.35)])
    _arrow(page, [(2.43, 2.35), (3.35, 2.35)])
    _note(page, 2.86, 2.47, f"K, V from\n[{time}, {tokens}, {width}]", TRUNK)
    _common(page, head.encoder)
    _box(page, 3.35, 1.9, 1.62, 0.9, M2, "M2  individual", f"{slots} slots of Q_ST\nattend to all")
    _arrow(page, [(4.97, 2.35), (5.25, 2.35)])
    top = _grid(page, 5.25, 2.35, slots, time)
    _note(page, 5.63, 2.86, f"E [{time}, {slots}, {width}]", M2)
    parts = _decoders(page, config, top)
    _embedding(page, parts, width)
    return caption(
        page.get_figure(root=True),  # type: ignore[arg-type]
        "STICC, from a clip to its embedding",
        f"T = {time} frames, N = {rows} × {columns} = {tokens} tokens a frame, C = {width} "
        f"channels, S = {slots} slots. M2 fills a grid of slots (rows) by frames (columns); M3 "
        "condenses its rows, M4 its columns. Each part passes its BatchNorm and is brought to "
        "length one before they are joined. Our reading of the published figure: the equations of "
        "the paper are not public.",
        f"Block diagram: a clip of {time} frames, the trunk, M1 and M2 on shared keys and values, "
        f"the grid E, the decoders and an embedding of {len(parts)} parts of {width}.",
    )


@themed
def embedding_parts(
    values: np.ndarray, parts: Mapping[str, int], labels: Sequence[str], title: str = ""
) -> Figure:
    """Cosine similarities of some tracklets, by each part of the embedding and by the whole.

    Args:
        values: [n, D], embeddings of n tracklets; rows of one person side by side.
        parts: name -> width, in the order they stand in D.
        labels: [n], whose tracklet a row is; equal labels are framed.
        title: what is shown.

    Raises:
        ValueError: the widths do not add up to D, or there is not one label a row.
    """
    values = np.asarray(values, float)
    if values.ndim != 2 or sum(parts.values()) != values.shape[1] or len(labels) != len(values):
        raise ValueError(
            f"parts of {sum(parts.values())} and {len(labels)} labels for values {values.shape}"
        )
    ends = np.cumsum([0, *parts.values()])
    blocks = {n: values[:, a:b] for n, a, b in zip(parts, ends[:-1], ends[1:], strict=True)}
    blocks["whole"] = values
    figure = Captioned(figsize=(WIDTH, 0.75 + (WIDTH - 1.2) / len(blocks)), layout="constrained")
    panels = figure.subplots(1, len(blocks), sharey=True, squeeze=False).ravel()
    starts = [i for i, name in enumerate(labels) if i == 0 or name != labels[i - 1]]
    sizes = np.diff([*starts, len(labels)]).tolist()
    same = np.asarray(labels)[:, None] == np.asarray(labels)[None]
    off = ~np.eye(len(labels), dtype=bool)
    cosines = {name: _cosine(block) for name, block in blocks.items()}
    lowest = max(-1.0, np.floor(10 * min(c.min() for c in cosines.values())) / 10)
    told = {}
    for panel, (name, cosine) in zip(panels, cosines.items(), strict=True):
        image = panel.imshow(cosine, cmap=SHARE, vmin=lowest, vmax=1, interpolation="nearest")
        for begin, size in zip(starts, sizes, strict=True):
            panel.add_patch(Rectangle((begin - 0.5, begin - 0.5), size, size, fill=False,
                                      edgecolor="white", linewidth=1.4))  # fmt: skip
        told[name] = f"same {_mean(cosine[same & off])}, others {_mean(cosine[~same])}"
        panel.set(xlabel=told[name], xticks=[])
        panel.set_title(f"{name} [{blocks[name].shape[1]}]")
        panel.set_yticks([b + (s - 1) / 2 for b, s in zip(starts, sizes, strict=True)],
                         labels=[labels[b] for b in starts])  # fmt: skip
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=list(panels), aspect=18, pad=0.01)
    bar.set_label("cosine similarity")
    bar.outline.set_visible(False)  # type: ignore[operator]
    return caption(
        figure,
        title or "What each part of the embedding tells apart",
        "Rows and columns are tracklets, white frames hold those of one person; one colour scale "
        "for all. A part that knows persons is bright inside the frames and dark outside. Below: "
        "mean similarity of the same and of other persons, a tracklet with itself left out.",
        f"Similarity of {len(labels)} tracklets of {len(starts)} persons by part. "
        + "; ".join(f"{name}: {text}" for name, text in told.items())
        + ".",
    )


def _cosine(block: np.ndarray) -> np.ndarray:
    unit = block / np.maximum(np.linalg.norm(block, axis=1, keepdims=True), 1e-12)
    return unit @ unit.T


def _mean(values: np.ndarray) -> str:
    return f"{round(float(values.mean()), 2) + 0.0:.2f}" if values.size else "n/a"


def _common(page: Axes, mode: str) -> None:
    """M1 and how it meets M2."""
    if mode == "none":
        return
    _box(page, 3.35, 0.72, 1.62, 0.9, M1, "M1  common", "self-attention\nwithin a frame",
         dashed=mode == "parallel")  # fmt: skip
    _arrow(page, [(2.86, 2.35), (2.86, 1.17), (3.35, 1.17)])
    if mode == "serial":
        _arrow(page, [(4.16, 1.62), (4.16, 1.9)])
    else:
        _note(page, 4.16, 0.68, "in training only: shapes K, V", M1, "bottom")


def _decoders(page: Axes, config: ModelConfig, top: float) -> list[tuple[str, str]]:
    """M3 and M4 where they are; returns name and colour of the parts of the embedding."""
    head, parts = config.head, []
    if head.decoders in ("both", "rg"):
        _box(page, 6.4, 0.72, 1.42, 0.9, M3, "M3  relevance", "each slot over\nall frames (rows)")
        _arrow(page, [(5.63, top), (5.63, 1.17), (6.4, 1.17)])
        parts.append(("RV_FG", M3))
    if head.decoders in ("both", "mg"):
        memories = (head.spatial_items, head.spatial != "off"), (
            head.temporal_items, head.temporal == "memory")  # fmt: skip
        items = " + ".join(str(count) for count, there in memories if there) or "no"
        about = f"slots of a frame\n(columns); {items} items"
        _box(page, 6.4, 3.08, 1.42, 0.9, M4, "M4  memory", about)
        _arrow(page, [(5.63, 3.1), (5.63, 3.53), (6.4, 3.53)])
        parts += [("r_sp", M4)] + [("r_tm", M4)] * (head.temporal != "off")
    return parts


def _embedding(page: Axes, parts: Sequence[tuple[str, str]], width: int) -> None:
    tall = 2.9 / max(len(parts), 1)
    for number, (name, colour) in enumerate(parts):
        y = 0.9 + tall * number
        page.add_patch(Rectangle((8.2, y), 0.55, tall, facecolor=colour, edgecolor="white", lw=2))
        page.text(8.475, y + tall / 2, f"{name}\n[{width}]", color="white", fontsize=8.5,
                  ha="center", va="center", fontweight="bold")  # fmt: skip
        _arrow(page, [(7.82, 1.17 if colour == M3 else 3.53), (8.2, y + tall / 2)], colour)
    _note(page, 8.475, 3.84, f"embedding\n[{width * len(parts)}]", INK)


def _box(
    page: Axes, x: float, y: float, w: float, h: float, colour: str, name: str, about: str,
    dashed: bool = False,
) -> None:  # fmt: skip
    page.add_patch(
        FancyBboxPatch((x, y), w, h, boxstyle="round,pad=0,rounding_size=0.07", linewidth=1.5,
                       facecolor=f"{colour}14", edgecolor=colour,
                       linestyle=(0, (4, 2.5)) if dashed else "-", mutation_aspect=1)
    )  # fmt: skip
    page.text(x + w / 2, y + 0.27 * h, name, ha="center", va="center", fontweight="bold",
              color=colour)  # fmt: skip
    page.text(x + w / 2, y + 0.65 * h, about, ha="center", va="center", fontsize=8.5, color=MUTED,
              linespacing=1.3)  # fmt: skip


def _note(page: Axes, x: float, y: float, text: str, colour: str, va: str = "top") -> None:
    page.text(x, y, text, ha="center", va=va, fontsize=8.5, color=colour, linespacing=1.25)


def _arrow(page: Axes, points: Sequence[tuple[float, float]], colour: str = FAINT) -> None:
    """A line through all points with a head at the last."""
    if len(points) > 2:
        page.plot(*zip(*points[:-1], strict=True), color=colour, linewidth=1.4, zorder=1)
    page.add_patch(FancyArrowPatch(points[-2], points[-1], arrowstyle="-|>", mutation_scale=10,
                                   shrinkA=0, shrinkB=1, color=colour, linewidth=1.4,
                                   zorder=1))  # fmt: skip


def _grid(page: Axes, x: float, middle: float, slots: int, time: int) -> float:
    """The grid of slots by frames, one row and one column picked out; returns its top."""
    across, down = 0.76 / time, min(0.76 / time, 0.9 / slots)
    top = middle - down * slots / 2
    for slot in range(slots):
        for step in range(time):
            page.add_patch(Rectangle((x + across * step, top + down * slot), across, down,
                                     facecolor=f"{M2}33", edgecolor="white", lw=1.5))  # fmt: skip
    for colour, w, h in ((M3, across * time, down), (M4, across, down * slots)):
        page.add_patch(Rectangle((x, top), w, h, fill=False, edgecolor=colour, lw=2, zorder=3))
    return top
