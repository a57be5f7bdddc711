"""Occluded walkers: people drawn procedurally, deterministic in a seed. They are synthetic."""

from sticc_lib.tracklets.walkers.dataset import LEVELS, WALKERS_VERSION, load, occlusion_level
from sticc_lib.tracklets.walkers.plan import CONDITIONS
from sticc_lib.tracklets.walkers.scene import LABELS

__all__ = ["CONDITIONS", "LABELS", "LEVELS", "WALKERS_VERSION", "load", "occlusion_level"]
