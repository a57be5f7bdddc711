"""Embedding: ours beside the plain fp32 eager forward, what bounds it, and what bf16 changes.

ResNet-50 (last stride 1, drawn weights) over clips of 8 frames of 256x128, from bytes to vectors,
one thread, all sides alternating. "Plain" is what one writes first: the model as built, channels
first, autograd on. Ours is `retrieval.passes` (BatchNorm folded, channels_last, inference mode),
in bf16 where the cores have units for it; then the same with the trunk compiled.

The most that fp32 can reach here is the plain side's time over what its multiplications take at the
measured rate of a large matrix product: `embedding.bound`. A core without bf16 units can not pass
it by any rearrangement.

Then: STICC's head beside its trunk at `paper`; clips that overlap; and what folding and bf16 change
of the shipped STICC on walkers (synthetic): mAP and the worst cosine to plain fp32.

    OMP_NUM_THREADS=1 python benchmarks/embedding.py [repeats] [--quick]
"""

from __future__ import annotations

import copy
import os
import statistics
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from measured import alternate, asked, tell, tell_ratio

from sticc_lib.config import ConfigError, EvalConfig, ModelConfig
from sticc_lib.experiments.session import load_data, shipped_checkpoint
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel, normalise
from sticc_lib.models.cache import BATCH
from sticc_lib.models.precision import wants_bf16
from sticc_lib.presets import preset
from sticc_lib.retrieval.embed import embed
from sticc_lib.retrieval.passes import Passes
from sticc_lib.retrieval.ranking import evaluate
from sticc_lib.tracklets.table import TrackletSet

CPU = torch.device("cpu")
HEAD_SHARE = 12
STEP = 1
"""Frames between the starts of two clips that overlap."""


def geometry(quick: bool) -> ModelConfig:
    """STICC at `paper`; in little for tests."""
    small = {"model.trunk.name": "resnet18", "model.height": 64, "model.width": 32}
    return preset("paper", **{"model.trunk.weights": "none"} | (small if quick else {})).model


def bytes_of(model: VideoModel, clips: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random frames uint8, their places in clips, and a mask of real ones."""
    time_ = model.spec.clip_length
    shape = (clips * time_, 3, *model.spec.image_size)
    frames = torch.randint(0, 256, shape, dtype=torch.uint8)
    places = torch.arange(clips * time_).view(clips, time_)
    return frames, places, torch.ones(clips, time_, dtype=torch.bool)


def rate(repeats: int, size: int) -> float:
    """FLOP/s of a square fp32 product, the best of the repeats."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    taken = alternate({"product": lambda: a @ b}, repeats)["product"]
    return 2 * size**3 / (min(taken) / 1e3)


def flops(model: VideoModel, clips: torch.Tensor) -> int:
    """Of one forward, by torch's counter."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(clips)
    return counter.get_total_flops()


def forward(repeats: int, quick: bool) -> None:
    """The clips' forward, every way."""
    torch.manual_seed(0)
    model = zoo.build("frozen", 1, config=geometry(quick)).eval().requires_grad_(True)
    plain = copy.deepcopy(model).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    given = bytes_of(model, 1 if quick else BATCH // model.spec.clip_length)
    frames, places, mask = given
    clips = normalise(frames, model.spec).unflatten(0, places.shape)
    fast, halved = Passes(model, bf16="auto"), Passes(model, bf16="on")
    sides = {
        "plain": lambda: plain(normalise(frames, model.spec).unflatten(0, places.shape), mask),
        "no_grad": lambda: inferred(plain, normalise(frames, model.spec), places, mask),
        "ours": lambda: inferred(fast, *given),
    }
    if not quick and (compiled := compiled_or_not(model, given)):
        sides["compiled"] = lambda: inferred(compiled, *given)
    taken = alternate(sides, repeats)
    units = wants_bf16("auto", CPU)
    tell("embedding.bf16_units", int(units), "(1: the cores compute in bf16)")
    note = "in bf16" if units else "in fp32: no bf16 units here"
    tell_ratio("embedding.ours", taken["ours"], taken["plain"], "plain fp32 eager", target=3,
               note=note)  # fmt: skip
    tell_ratio("embedding.ours.no_grad", taken["ours"], taken["no_grad"], "plain, inference mode")
    if "compiled" in taken:
        tell_ratio("embedding.compiled", taken["compiled"], taken["plain"], "plain fp32 eager",
                   target=5, note=note)  # fmt: skip
    work, peak = flops(model, clips), rate(repeats, 256 if quick else 2048)
    ours, base = (statistics.median(taken[side]) / 1e3 for side in ("ours", "plain"))
    tell("embedding.peak", peak / 1e9, "GFLOP/s of an fp32 matrix product")
    tell("embedding.reached", work / ours / 1e9, "GFLOP/s of ours")
    tell("embedding.bound", base * peak / work, "x over plain if fp32 ran at that peak")
    slow = alternate({"fp32": sides["ours"], "bf16": lambda: inferred(halved, *given)}, 1)
    tell_ratio("embedding.bf16", slow["bf16"], slow["fp32"], "ours with bf16 auto",
               note="bf16 insisted on")  # fmt: skip


def inferred(run, *given):
    """The call in inference mode; frames of the plain model as clips."""
    with torch.inference_mode():
        if isinstance(run, Passes):
            return run(*given)
        frames, places, mask = given
        return run(frames.unflatten(0, places.shape), mask).embedding


def compiled_or_not(model: VideoModel, given) -> Passes | None:
    """The compiled way, warm, unless it cannot be had here."""
    made = Passes(model, bf16="auto", compiled=True)
    begun = time.perf_counter()
    try:
        inferred(made, *given)
    except ConfigError as error:
        print(f"without compile: {error}")
        return None
    tell("embedding.compiled.first", time.perf_counter() - begun, "s, the first call")
    return made


def head(repeats: int, quick: bool) -> None:
    """What STICC adds to its trunk."""
    model = zoo.build("sticc", 100, config=geometry(quick)).eval()
    frames, places, mask = bytes_of(model, 1)
    trunk = Passes(zoo.build("frozen", 1, config=geometry(quick)))
    with torch.inference_mode():
        maps = trunk._maps(frames, False)
    only = Passes(model, from_maps=True)
    only.trunk = torch.nn.Sequential()
    taken = alternate(
        {"head": lambda: inferred(only, maps, places, mask),
         "trunk": lambda: inferred(trunk, frames, places, mask)}, repeats,
    )  # fmt: skip
    share = statistics.median(
        100 * a / b for a, b in zip(taken["head"], taken["trunk"], strict=True)
    )
    tell("embedding.head", share, "% of the trunk's time", most=HEAD_SHARE)


def overlapping(repeats: int, quick: bool) -> None:
    """Clips that start a frame after each other, frames shared or not."""
    model = zoo.load(shipped_checkpoint())[0]
    time_, count = model.spec.clip_length, 8 if quick else 32
    frames = torch.randint(0, 256, (count, 3, *model.spec.image_size), dtype=torch.uint8)
    places = torch.arange(count - time_ + 1)[::STEP, None] + torch.arange(time_)
    mask = torch.ones(places.shape, dtype=torch.bool)
    run, own = Passes(model), torch.arange(places.numel()).view(places.shape)
    taken = alternate(
        {"shared": lambda: inferred(run, frames, places, mask),
         "each": lambda: inferred(run, frames[places.reshape(-1)], own, mask)}, repeats,
    )  # fmt: skip
    note = f"{places.numel()} places, {count} frames"
    tell_ratio("embedding.overlap", taken["shared"], taken["each"], "each clip by itself",
               note=note)  # fmt: skip


def some(quick: bool) -> TrackletSet:
    """Test tracklets of some persons."""
    data = load_data(preset("quick")).split("test")
    persons = sorted(data.tracklets["person"].unique())[: 2 if quick else 40]
    return data.subset(data.tracklets["person"].isin(persons))


def accuracy(quick: bool) -> None:
    """mAP and worst cosine of ours, in fp32 and in bf16, to the model as it is."""
    data, model = some(quick), zoo.load(shipped_checkpoint())[0]
    plain = plainly(model, data)
    for name, bf16 in (("fp32", "off"), ("bf16", "on")):
        found = embed(model, data, EvalConfig(bf16=bf16), progress=False)  # type: ignore[arg-type]
        cosine = float((found.values * plain).sum(1).min())
        tell(f"embedding.accuracy.{name}.cosine", cosine, "worst cosine to plain fp32")
        base = evaluate(type(found)(plain, found.tracklets, found.rule, found.facts)).mAP
        tell(f"embedding.accuracy.{name}.mAP", evaluate(found).mAP - base, "more mAP than plain")


def plainly(model: VideoModel, data: TrackletSet) -> np.ndarray:
    """Embeddings by the model's own forward, a tracklet at a time."""
    from sticc_lib.retrieval.clips import clips_of, ready

    rows, masks, counts = clips_of(data, model.spec.clip_length, EvalConfig())
    ends, found = np.cumsum(counts), []
    with torch.inference_mode():
        for end, count in zip(ends, counts, strict=True):
            part = slice(end - count, end)
            found.append(ready(model, data, rows[part], masks[part])(False).embedding.mean(0))
    return torch.nn.functional.normalize(torch.stack(found), dim=1).numpy()


def main() -> None:
    repeats, quick = asked(__doc__)
    torch.set_num_threads(1)
    forward(repeats, quick)
    head(repeats, quick)
    overlapping(repeats, quick)
    accuracy(quick)


if __name__ == "__main__":
    main()
