"""What a screen reader is told of a view: alt text of its picture, names of its slider handles."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets


class Names(anywidget.AnyWidget):
    """Takes no room. ipywidgets gives pictures no alt text and slider handles no names.

    Where the script cannot run the view works all the same.
    """

    _esm = Path(__file__).with_name("names.js")
    alt = traitlets.Unicode().tag(sync=True)
