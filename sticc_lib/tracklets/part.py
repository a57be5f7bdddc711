"""The share of a batch that one of several processes works on."""

from __future__ import annotations

from typing import Any, NamedTuple


class Part(NamedTuple):
    """Clips `start` to `stop` of a batch of `whole`.

    Draws are made for the whole batch and then cut, so that processes that share a batch draw
    together what one process would.
    """

    start: int
    stop: int
    whole: int

    @classmethod
    def all(cls, clips: int) -> Part:
        """A batch that is one's own."""
        return cls(0, clips, clips)

    def of(self, rows: Any, each: int = 1) -> Any:
        """The own rows of an array or a tensor with `each` of them a clip."""
        return rows[self.start * each : self.stop * each]
