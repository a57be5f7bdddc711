"""What tests of maps share: a model whose attention is known, and models that look somewhere."""

from dataclasses import replace

import torch
from torch import nn

from sticc_lib.config import EvalConfig
from sticc_lib.explain.survey import survey
from sticc_lib.models.attention import Tap
from sticc_lib.models.base import ModelSpec, Output, VideoModel
from sticc_lib.tracklets.store import ArrayStore


class Spotlight(VideoModel):
    """32x16 frames, a token every 2 pixels; the embedding is the mean colour under its weights.

    Args:
        token: the one it looks at, or several; None: at every bright token alike.
    """

    def __init__(self, token=None, clip_length=3):
        super().__init__()
        self.spec = ModelSpec(clip_length, (32, 16), (0, 0, 0), (1, 1, 1))
        self.trunk = nn.Module()
        self.trunk.frozen, self.trunk.stride = nn.Identity(), 2
        self.weight = nn.Parameter(torch.ones(1))
        self.token, self.weights = token, Tap("clip frame head token")

    def forward_maps(self, maps, mask=None):
        time = maps.shape[1]
        cells = nn.functional.avg_pool2d(maps.flatten(0, 1), 2).flatten(2)
        cells = cells.unflatten(0, (-1, time)).mT  # [B T N 3]
        if self.token is None:
            weights = (cells.mean(3) > 0).float() + 1e-9
        else:
            weights = torch.zeros(cells.shape[:3])
            weights[:, :, self.token] = 1
        if mask is not None:
            weights = weights * mask[..., None]
        weights = self.weights((weights / weights.sum((1, 2), keepdim=True))[:, :, None])[:, :, 0]
        colour = torch.einsum("btn,btnc->bc", weights, cells)
        embedding = torch.cat([colour, torch.full((len(maps), 1), 0.5)], 1)  # a cosine can move
        return Output(nn.functional.normalize(embedding, dim=1) * self.weight)


def lit(data):
    """A coloured set whose persons are bright on black, exactly where the labels say."""
    shown = data.masks.array[..., None] * (data.pixels.array // 2 + 100)
    return replace(data, pixels=ArrayStore(shown))


def stirred(model):
    """A model whose attention is not even: larger weights than it starts with."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
    return model


def quiet(model, data, clips=4, **more):
    """A survey without a bar, some clips at a time."""
    frames = clips * model.spec.clip_length
    return survey(model, data, EvalConfig(batch_frames=frames), progress=False, **more)
