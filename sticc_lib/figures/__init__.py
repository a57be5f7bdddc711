"""Figures: they draw, they do not compute. Each carries a caption and alt text."""

from sticc_lib.figures.captions import run_figure, save, show

__all__ = ["run_figure", "save", "show"]
