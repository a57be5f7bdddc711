"""BatchNorm over the clips of all processes that share a batch, as one process would have it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from sticc_lib.floats import at_least_fp32
from sticc_lib.models.base import VideoModel
from sticc_lib.processes import gathered


class SharedBatchNorm(_BatchNorm):
    """BatchNorm whose mean and variance, while training, are those of all processes.

    CHOICE: torch's SyncBatchNorm, which does this on GPUs, refuses tensors of the CPU; this one
    says the same in plain operations, in float32 at least, with one exchange in each direction.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of dimensions from 2 on."""

    def forward(self, input: Tensor) -> Tensor:
        """[n C ...] -> [n C ...]; n may differ between processes.

        Raises:
            ValueError: all processes together have one value a channel, which has no variance.
        """
        if not self.training:
            return super().forward(input)
        values, width = at_least_fp32(input), input.shape[1]
        over = [0, *range(2, input.ndim)]
        shape = [1, -1] + [1] * (input.ndim - 2)
        mean = values.mean(over)
        apart = (values - mean.view(shape)).square().sum(over)
        many = mean.new_full((1,), input.numel() / width)
        every = gathered(torch.cat([mean, apart, many]).unsqueeze(0))  # [processes 2C+1]
        means, aparts, counts = every.split([width, width, 1], 1)
        total = float(counts.detach().sum())
        if total < 2:
            raise ValueError(f"expected more than one value a channel, got {tuple(input.shape)}")
        mean = (counts * means).sum(0) / total
        variance = (aparts + counts * (means - mean).square()).sum(0) / total
        self._follow(mean.detach(), variance.detach() * (total / (total - 1)))
        normal = (values - mean.view(shape)) * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            normal = normal * self.weight.view(shape) + self.bias.view(shape)
        return normal.to(input.dtype)

    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Moves the running statistics, as torch's own does."""
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_(variance.to(self.running_var.dtype), share)


def share_statistics(model: VideoModel) -> None:
    """Exchanges a model's BatchNorms, in place; names, weights and running statistics stay.

    CHOICE: all of them, in trunk, stem, memories and necks, so that statistics are those of the
    global batch and a training does not depend on the number of processes. The trunk's frozen half
    stays as it is (it is in eval mode, its statistics are part of the weights), and so do parts
    that see the clips of all processes anyway (`whole_parts`).
    """
    kept = ("trunk.frozen.", *model.whole_parts)
    exchanged: dict[int, nn.Module] = {}
    for path, module in list(model.named_modules(remove_duplicate=False)):
        if path.startswith(kept) or not isinstance(module, _BatchNorm):
            continue
        parent, _, name = path.rpartition(".")
        if id(module) not in exchanged:
            exchanged[id(module)] = _shared(module)
        setattr(model.get_submodule(parent), name, exchanged[id(module)])


def _shared(norm: _BatchNorm) -> nn.Module:
    if next(norm.buffers(), torch.empty(0)).device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(norm)
    made = SharedBatchNorm(
        norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats
    )
    made.weight, made.bias = norm.weight, norm.bias
    for name, value in norm.named_buffers():
        setattr(made, name, value)
    return made.train(norm.training)
