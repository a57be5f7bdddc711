"""V1 to V3: where a model looks inside a tracklet, with controls."""

from __future__ import annotations

from typing import Any

from sticc_lib.explain import maps
from sticc_lib.explain.look import Look
from sticc_lib.figures import attention
from sticc_lib.figures import relevance as figures
from sticc_lib.views import looks
from sticc_lib.views.base import View
from sticc_lib.views.controls import Slide


def self_attention(look: Look, control: Look | None = None, **state: Any) -> View:
    """V1: what a patch of a frame attends to by M1.

    Args:
        look: a tracklet through a model with M1.
        control: the same tracklet through randomised weights; adds a toggle.
        state: where to start: `clip`, `frame`, `row`, `column`, `head`, `randomised`.
    """
    controls = [looks.clip(look), looks.frame(look), *looks.token(look)]
    controls += [looks.head(look, attention.COMMON), *looks.randomised(control)]
    return View(looks.switched(attention.self_attention, look, control), controls, state)


def slots(look: Look, control: Look | None = None, **state: Any) -> View:
    """V2: where each slot of Q_ST looks in every frame.

    Args:
        look: a tracklet through a model with M2.
        control: the same tracklet through randomised weights; adds a toggle.
        state: where to start: `clip`, `slot`, `head`, `randomised`.
    """
    last = looks.count(look, maps.RHO) - 1
    controls = [looks.clip(look), Slide("slot", "slot", last), looks.head(look, maps.ALPHA)]
    controls += looks.randomised(control)
    return View(looks.switched(attention.slot_maps, look, control), controls, state)


def relevance(look: Look, control: Look | None = None, **state: Any) -> View:
    """V3: how much of the relevance-guided decoder's vector comes from which token.

    Args:
        look: a tracklet through a model with attention.
        control: the same tracklet through randomised weights; adds a toggle.
        state: where to start: `clip`, `frame`, `row`, `column`, `randomised`.
    """
    controls = [looks.clip(look), looks.frame(look), *looks.token(look)]
    controls += looks.randomised(control)
    return View(looks.switched(figures.relevance, look, control), controls, state)
