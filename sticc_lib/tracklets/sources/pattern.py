"""Patterns of paths, `{split}/{person}/{camera}/{frame}.jpg`: which part of a name says what."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sticc_lib.tracklets.sources.scan import IMAGES
from sticc_lib.tracklets.table import DataError

FIELDS = ("split", "person", "camera", "tracklet", "frame")
_PART = re.compile(r"\{([^{}]*)\}")
_LONGEST = 200
REMEDY = (
    "write folders and file name with these names in braces: {split} {person} {camera} {tracklet} "
    "{frame}; {} is any text, {person:4} are four characters"
)


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern.

    Attributes:
        text: as it was written.
        expression: matches a whole relative path; one named group a field.
        fields: those it names, of FIELDS.
        depth: folders above the image.
    """

    text: str
    expression: re.Pattern[str]
    fields: tuple[str, ...]
    depth: int

    def match(self, path: str) -> dict[str, str] | None:
        """Field to text, or None if the path is of another form."""
        found = self.expression.fullmatch(path)
        return found.groupdict() if found else None


def compile_pattern(text: str) -> Pattern:
    """Compiles a pattern of paths below a folder.

    `{name}` is the text up to where the character after it first appears, inside one folder or
    file name; so each path is read in one way only, in linear time. `{name:4}` is exactly four
    characters. `{frame}` is digits. A name that stands twice must read the same twice. A pattern
    without suffix takes any image (`scan.IMAGES`).

    Raises:
        DataError: not a pattern; says what is wrong and how patterns are written.
    """
    _refuse_path(text)
    pieces = _PART.split(text)  # literal, name, literal, name, ..., literal
    named: list[str] = []
    expression = ""
    for place, piece in enumerate(pieces):
        if place % 2 == 0:
            if "{" in piece or "}" in piece:
                raise DataError(f"pattern {text!r}: a brace is not closed; {REMEDY}")
            expression += re.escape(piece)
        else:
            last = place == len(pieces) - 2
            expression += _field(text, piece, pieces[place + 1], last, named)
    if "person" not in named:
        raise DataError(f"pattern {text!r}: {{person}} is missing; {REMEDY}")
    if "." not in text.rpartition("/")[2].rpartition("}")[2]:
        expression += "(?i:" + "|".join(re.escape(s) for s in IMAGES) + ")"
    return Pattern(text, re.compile(expression), tuple(named), text.count("/"))


def _field(text: str, piece: str, after: str, last: bool, named: list[str]) -> str:
    """The expression of one pair of braces; its name is added to `named`."""
    name, colon, width = piece.partition(":")
    if name and name not in FIELDS:
        raise DataError(f"pattern {text!r}: {{{piece}}} is no field; {REMEDY}")
    if colon and not re.fullmatch(r"[1-9][0-9]?", width):
        raise DataError(f"pattern {text!r}: {{{piece}}}: the width is 1 to 99; {REMEDY}")
    if not colon and not after and not last:
        raise DataError(
            f"pattern {text!r}: nothing stands after {{{piece}}}, so its end cannot be told; "
            "put a character between the two, or give it a width"
        )
    if name in named:
        return f"(?P={name})"
    kind = "[0-9]" if name == "frame" else f"[^/{re.escape(after[:1] or '.')}]"
    count = f"{{{width}}}" if colon else "+"
    if colon and name != "frame":
        kind = "[^/]"
    if not name:
        return kind + count
    named.append(name)
    return f"(?P<{name}>{kind}{count})"


def _refuse_path(text: str) -> None:
    parts = text.split("/")
    if not text.strip() or len(text) > _LONGEST:
        raise DataError(f"pattern of {len(text)} characters: expected 1 to {_LONGEST}; {REMEDY}")
    if "\0" in text or "\\" in text or ".." in parts or "." in parts or "" in parts:
        raise DataError(
            f"pattern {text!r}: expected a path below the data folder, with / between folders"
        )
