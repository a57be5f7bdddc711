"""What each method is, found out from the method itself: sizes, parts, maps to look at."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
import torch

from sticc_lib.config import Config
from sticc_lib.experiments.methods import method_config
from sticc_lib.explain.capture import CaptureError, capture
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel, normalise
from sticc_lib.tracklets.sampling import test_clips
from sticc_lib.tracklets.table import TrackletSet


def catalogue(labels: Sequence[str], config: Config, data: TrackletSet) -> pd.DataFrame:
    """Every method, built without training and shown one real clip.

    Args:
        labels: rows of the comparison tables.
        config: a run's settings; each method's own options are put in.
        data: a set; its longest tracklet is shown.

    Returns:
        A row a method: `trunk`, `T`, `width` of the embedding, its `parts`, `distance`, what was
        `adapted` of it (empty: nothing), and the attention `maps` that can be looked at (short
        names; empty where there are none).
    """
    tracklet = int(data.tracklets["num_frames"].idxmax())
    rows = {}
    for label in labels:
        own = method_config(label, config.seed, config)
        model = zoo.build(own.model.name, 2, config=own.model).eval()
        rows_of = np.flatnonzero(data.frames["tracklet"] == tracklet)
        picked = test_clips(len(rows_of), model.spec.clip_length, "restricted")[0][0]
        pixels = torch.from_numpy(data.read(rows_of[picked], model.spec.image_size))
        clip = normalise(pixels, model.spec).unsqueeze(0)
        embedding, maps = _look(model, clip)
        rows[label] = {
            "trunk": _trunk(own),
            "T": model.spec.clip_length,
            "width": embedding.shape[1],
            "parts": ", ".join(model.blocks),
            "distance": model.spec.distance,
            "adapted": zoo.adapted(own.model),
            "maps": ", ".join(maps),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _look(model: VideoModel, clip: torch.Tensor) -> tuple[torch.Tensor, list[str]]:
    """The embedding of a clip, and short names of the maps that could be captured on the way."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.inference_mode())
        found: Collection[str] = ()
        with contextlib.suppress(CaptureError):  # a method without attention
            found = stack.enter_context(capture(model))
        embedding = model(clip).embedding
        return embedding, sorted({path.rsplit(".", 1)[-1] for path in found})


def _trunk(config: Config) -> str:
    if config.model.name.startswith("msinet"):
        return "its own"
    trunk = config.model.trunk
    return trunk.name + (", pretrained" if trunk.weights != "none" else "")
