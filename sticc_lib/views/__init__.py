"""Views: figures with controls. They widen figures by widgets, and do nothing else."""

from sticc_lib.views.attention import self_attention, slots

__all__ = ["self_attention", "slots"]
