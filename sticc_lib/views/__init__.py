"""Views: figures with controls. They widen figures by widgets, and do nothing else."""

from sticc_lib.views.attention import relevance, self_attention, slots
from sticc_lib.views.causes import frame_importance, sensitivity
from sticc_lib.views.memory import read_out, usage
from sticc_lib.views.pairs import pair_inspector
from sticc_lib.views.people import people
from sticc_lib.views.retrieval import embedding_map, ranked_gallery
from sticc_lib.views.table import listing
from sticc_lib.views.threshold import threshold
from sticc_lib.views.training import training

__all__ = [
    "embedding_map",
    "frame_importance",
    "listing",
    "pair_inspector",
    "people",
    "ranked_gallery",
    "read_out",
    "relevance",
    "self_attention",
    "sensitivity",
    "slots",
    "threshold",
    "training",
    "usage",
]
