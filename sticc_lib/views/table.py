"""Which views there are, what each shows, and where it stands."""

from __future__ import annotations

VIEWS = (
    ("V1", "self_attention", "what a patch attends to in its frame (M1)", "04_attention"),
    (
        "V2",
        "slots",
        "where each slot of Q_ST looks, and how relevant each frame is",
        "04_attention",
    ),
    ("V3", "relevance", "how much of the detail vector comes from which token", "04_attention"),
    ("V4", "read_out", "what a clip reads out of the two memories", "05_memory"),
    ("V5", "usage", "which items and slots are used, and by whom", "05_memory"),
    ("V6", "embedding_map", "all embeddings in a plane", "05_memory"),
    ("V7", "ranked_gallery", "what a query finds, worst first", "04_attention"),
    ("V8", "pair_inspector", "what sets two tracklets apart", "04_attention"),
    ("V9", "sensitivity", "what the embedding loses with a box of a frame", "04_attention"),
    ("V10", "frame_importance", "what each frame is worth, and their order", "04_attention"),
    ("V11", "training", "training curves of several runs", "03_training"),
    ("V12", "people", "who was counted, and corrections by hand", "08_counting"),
    ("V13", "threshold", "what another threshold does to a count", "08_counting"),
)
"""Number, constructor, what it shows, notebook. A cell there says `<a id="v1"></a>` above it."""


def listing() -> str:
    """The table of views in Markdown, each with a link to where it stands.

    Shown by `Markdown(views.listing())`; in a report the links lead to pages.
    """
    rows = [
        f"| [{number}]({notebook}.ipynb#{number.lower()}) | `views.{name}` | {shows} | {notebook} |"
        for number, name, shows, notebook in VIEWS
    ]
    return "\n".join(("| View | Made by | Shows | Stands in |", "|:---|:---|:---|:---|", *rows))
