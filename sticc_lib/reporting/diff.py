"""Two runs side by side: as text for a terminal, and as one page that opens anywhere."""

from __future__ import annotations

import base64
from pathlib import Path

from sticc_lib.reporting.differences import Differences, Pair, Part, differences
from sticc_lib.reporting.index import templates
from sticc_lib.run import read_json, write_text

__all__ = ["differences", "text", "why", "write_page"]


def text(found: Differences) -> str:
    """Only what differs, part by part, and how much is equal."""
    a, b = found.names
    lines = [f"A  {a}", f"B  {b}"]
    for part in found.parts:
        lines += ["", f"{part.title}: {_counts(len(part.rows), part.equal)}", *_rows(part)]
    lines += ["", f"Figures: {_counts(len(found.figures), found.equal_figures)}"]
    for pair in found.figures:
        only = "" if pair.a and pair.b else f"  (only in {'A' if pair.a else 'B'})"
        lines.append(f"  {pair.name}{only}")
    return "\n".join(lines)


def write_page(found: Differences, path: Path) -> Path:
    """Writes one HTML file with everything in it, the figures included; no script."""
    figures = [
        {"name": pair.name, "title": words["title"], "alt": words["alt"],
         "a": _embedded(pair.a), "b": _embedded(pair.b)}
        for pair in found.figures for words in [_words(pair)]
    ]  # fmt: skip
    page = templates().get_template("diff.html")
    return write_text(path, page.render(found=found, figures=figures, counts=_counts))


def why(found: Differences) -> str:
    """What of the things that were not the same can explain other results; one sentence."""
    names = [row.name for row in found.made_with.rows]
    kinds = {
        "the code (commit or uncommitted changes)": ("commit", "uncommitted"),
        "versions of packages": ("python", "versions."),
        "the machine": ("machine.",),
        "the data": ("data.",),
        "notebooks": ("notebooks.",),
    }
    told = [kind for kind, starts in kinds.items() if any(n.startswith(starts) for n in names)]
    if found.settings.rows:
        told.insert(0, "settings")
    if not told:
        return "nothing that is noted of them differs: something in it does not repeat"
    return f"what differs between them, and can explain it: {', '.join(told)}"


def _rows(part: Part) -> list[str]:
    widths = [max([len(_line(getattr(row, n))) for row in part.rows], default=0)
              for n in ("name", "a", "b")]  # fmt: skip
    made = [
        f"  {_line(r.name):{widths[0]}}  {_line(r.a) or '–':{widths[1]}}  "
        f"{_line(r.b) or '–':{widths[2]}}  {_line(r.note)}"
        for r in part.rows
    ]
    return [line.rstrip() for line in made]


def _line(value: str, longest: int = 60) -> str:
    """One line that a terminal takes as text: no line ends, no control characters."""
    spaced = value.replace("\N{NARROW NO-BREAK SPACE}", " ")
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in spaced)
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def _counts(differ: int, equal: int) -> str:
    return f"{differ} differ, {equal} equal" if differ else f"{equal} equal"


def _embedded(path: Path | None) -> str:
    if path is None:
        return ""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _words(pair: Pair) -> dict[str, str]:
    """Title and alt text, from beside the picture."""
    path = pair.b or pair.a
    about = path.with_suffix(".json") if path else None
    held = read_json(about) if about is not None and about.exists() else {}
    title = str(held.get("title") or Path(pair.name).stem.replace("_", " "))
    return {"title": title, "alt": str(held.get("alt") or title)}
