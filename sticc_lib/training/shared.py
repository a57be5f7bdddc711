"""One batch for several processes: each works on its clips, all get the loss of the whole.

The batch that one process would draw is cut into as many parts as there are processes, no person's
tracklets apart. What the models give for the parts is gathered, gradients and all, and every
process computes the loss over the whole batch: batch-hard mining, the memories' spread, GRL's
tables and pairs see the clips of all. BatchNorm has the statistics of all (models/statistics.py).
So loss and gradient are those of one process, up to rounding, whatever the number of processes;
a training may go on with another number than it was begun with.

One machine, two processes (on GPUs they talk over NCCL, on processors over gloo; --multi_gpu is
what accelerate calls several processes on either):

    accelerate launch --multi_gpu --num_processes 2 --main_process_ip 127.0.0.1 \
        -m sticc_lib.cli train --preset quick --name two

Two machines with two processes each; the first one's address is 10.0.0.1 here, the command is the
same on both but for --machine_rank, 0 on the first and 1 on the second:

    accelerate launch --multi_gpu --num_machines 2 --num_processes 4 --machine_rank 0 \
        --main_process_ip 10.0.0.1 --main_process_port 29500 --same_network \
        -m sticc_lib.cli train --preset paper --set data.root=/data/MARS --name mars

The first process alone writes the run's folder, so it need not be on a disk that both machines see;
the data are read by all. Without --main_process_ip nothing listens beyond the machine itself; with
one the port is open to whoever reaches it, without a password: use a network of your own.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sticc_lib import processes
from sticc_lib.config import Config, ConfigError
from sticc_lib.models import zoo
from sticc_lib.models.base import Output, VideoModel
from sticc_lib.models.statistics import share_statistics
from sticc_lib.tracklets.part import Part


class Learner(nn.Module):
    """A model and what it is to make small, as one module: clips in, loss out.

    The loss is computed inside, so that DistributedDataParallel, which follows the graph of what it
    returns, knows which parameters got no gradient.
    """

    def __init__(self, model: VideoModel, config: Config, bf16: bool, from_maps: bool):
        super().__init__()
        self.model = model
        self.settings, self.bf16, self.from_maps = config.loss, bf16, from_maps

    def forward(
        self, clips: Tensor, mask: Tensor | None, persons: Tensor
    ) -> tuple[Tensor, dict[str, Tensor], Output]:
        """Own clips [n T ...], mask [n T], persons of the whole batch [B].

        Returns:
            The loss and its terms over the whole batch, and what the model gave for it (detached
            where there are several processes).
        """
        with torch.autocast(clips.device.type, torch.bfloat16, enabled=self.bf16):
            out = self.model(clips, mask, from_maps=self.from_maps)
        out = processes.gathered_tree(out)
        loss, terms = self.model.objective(out, persons, self.settings)
        return loss, terms, out if processes.count() == 1 else processes.detached(out)


def accelerator_for(config: Config) -> Any:
    """Accelerate's, for one process or for those that `accelerate launch` started.

    Raises:
        ConfigError: several processes were started and do not find each other.
    """
    from accelerate import Accelerator, DistributedDataParallelKwargs

    launched = int(os.environ.get("WORLD_SIZE", "1"))
    on_cpu = launched > 1 and (config.device == "cpu" or not torch.accelerator.is_available())
    # statistics are the same everywhere without being sent; a method may leave parts unused
    ddp = DistributedDataParallelKwargs(broadcast_buffers=False, find_unused_parameters=True)
    # Accelerate's own device and precision are one choice a process, whoever trains next
    found = Accelerator(mixed_precision="no", device_placement=False, kwargs_handlers=[ddp],
                        **({"cpu": True} if on_cpu else {}))  # fmt: skip
    if found.num_processes != launched:
        raise ConfigError(
            f"{launched} processes were started and accelerate knows of {found.num_processes}: "
            "each would train by itself; see sticc train --help for the command"
        )
    return found


def part_of(config: Config) -> Part | None:
    """The clips of each batch that are this process'; None where it is alone.

    Raises:
        ConfigError: the persons of a batch cannot be shared out evenly.
    """
    many, persons = processes.count(), config.train.persons
    if many == 1:
        return None
    if persons % many:
        fits = [n for n in range(1, persons + 1) if persons % n == 0]
        raise ConfigError(
            f"train.persons: {persons} cannot be shared evenly by {many} processes; start "
            f"{', '.join(map(str, fits))} of them, or set train.persons to a multiple of {many}"
        )
    each, place = persons // many * config.train.tracklets, processes.number()
    return Part(place * each, (place + 1) * each, many * each)


def made_one(model: VideoModel) -> VideoModel:
    """The model with BatchNorm over all processes; as it is where there is one."""
    if processes.count() > 1:
        share_statistics(model)
    return model


def best_of(
    folder: Path, config: Config, persons: int, device: torch.device, first: bool
) -> VideoModel:
    """The weights in `best`, read by the first process and told to the others."""
    with processes.together(ConfigError):
        if first:
            model = zoo.load(folder / "best", str(device))[0]
        else:
            bare = dataclasses.replace(config.model.trunk, weights="none")
            plain = dataclasses.replace(config.model, trunk=bare)
            model = zoo.build(plain.name, persons, config=plain).to(device)
    processes.tell(list(model.state_dict().values()))
    return model
