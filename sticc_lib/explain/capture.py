"""Maps of the real forward: what passes through a model's taps, kept only while somebody looks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sticc_lib.models.attention import Receiver, Tap
from sticc_lib.values import Refusal


class CaptureError(Refusal, ValueError):
    """A model that shows nothing, or maps that do not fit together."""


@dataclass(frozen=True)
class CapturedMap:
    """One map.

    Attributes:
        value: detached, on the model's device. First axis: clips; in M1's map clips x frames.
        feeds_embedding: False for a branch that inference skips and capture switched on.
        axes: what its axes are, as the tap names them.
    """

    value: Tensor
    feeds_embedding: bool
    axes: tuple[str, ...] = ()


class CapturedMaps(Mapping[str, CapturedMap]):
    """Maps by the module path of their tap, such as `individual.alpha`.

    Several forwards under one capture are laid end to end along the first axis, as if their clips
    had been one batch (CHOICE: a caller then need not know how a set was cut into batches).
    """

    def __init__(self) -> None:
        self._parts: dict[str, list[CapturedMap]] = {}

    def __getitem__(self, path: str) -> CapturedMap:
        """The map of a tap.

        Raises:
            KeyError: nothing passed there; names the taps where something did.
            CaptureError: forwards of different T, which do not fit together.
        """
        if path not in self._parts:
            raise KeyError(f"{path}: nothing was captured there; there is {', '.join(self)}")
        parts = self._parts[path]
        if len(parts) == 1:
            return parts[0]
        if len({part.value.shape[1:] for part in parts}) > 1:
            raise CaptureError(f"{path}: forwards of different shape; capture each on its own")
        feeds = all(part.feeds_embedding for part in parts)
        return CapturedMap(torch.cat([part.value for part in parts]), feeds, parts[0].axes)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def _receiver(self, path: str, axes: tuple[str, ...]) -> Receiver:
        def receive(value: Tensor, feeds_embedding: bool) -> None:
            part = CapturedMap(value.detach(), feeds_embedding, axes)
            self._parts.setdefault(path, []).append(part)

        return receive


@contextlib.contextmanager
def capture(model: nn.Module) -> Iterator[CapturedMaps]:
    """Makes a model hand over its attention and memory maps: `with capture(model) as maps:`.

    Inside, attention computes the explicit softmax in that same forward, with the same outputs to
    rounding, and M1 also runs where the embedding does not need it. On leaving, after an error
    too, the model is as before and holds nothing; `maps` belongs to the caller.

    Args:
        model: as it is; put it in eval mode first for the maps of inference.

    Raises:
        CaptureError: the model has no taps (a floor without attention).
    """
    taps = {name: module for name, module in model.named_modules() if isinstance(module, Tap)}
    if not taps:
        raise CaptureError(
            f"{type(model).__name__} has no attention and no memory to look at; "
            "capture sticc or an attention pool"
        )
    before = {name: tap.receive for name, tap in taps.items()}
    maps = CapturedMaps()
    try:
        for name, tap in taps.items():
            tap.receive = maps._receiver(name, tap.axes)
        yield maps
    finally:
        for name, tap in taps.items():
            tap.receive = before[name]
