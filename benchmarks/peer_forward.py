"""Are the compared methods as fast as their arithmetic allows? One clip at `paper`, fp32.

    OMP_NUM_THREADS=1 python benchmarks/peer_forward.py [repeats] [names ...]

Each method at its published sizes (ResNet-50, 256x128, one clip of its T frames, drawn weights),
and our own ResNet-50 trunk over as many frames, alternating in one process, CPU time of one thread.
A row a method: multiply-accumulates (torch's counter, an LSTM by its sizes), median CPU time, and
the ratio of that to what the same number would take at the trunk's rate in the turn beside it,
median over turns: at most 1.1 is wanted. MACs of small depthwise convolutions and of memory-bound
steps (norms, gates, pools) are not worth what those of a large convolution are.
"""

from __future__ import annotations

import statistics
import sys
import time

import torch
from measured import tell

from sticc_lib.config import TrunkConfig
from sticc_lib.models.complexity import cost_table
from sticc_lib.models.peers import methods
from sticc_lib.models.trunk import build_trunk

TARGET = 1.1


def trunk_macs(trunk: torch.nn.Module, frames: torch.Tensor) -> int:
    """Multiply-accumulates of the ResNet-50 over some frames."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        trunk(frames)
    return counter.get_total_flops() // 2


def timed(model: torch.nn.Module, given: torch.Tensor) -> float:
    """CPU seconds of one forward."""
    with torch.inference_mode():
        begun = time.process_time()
        model(given)
        return time.process_time() - begun


def measure(name: str, trunk: torch.nn.Module, repeats: int) -> tuple[float, float, float, float]:
    """MACs, CPU seconds, MAC/s of the trunk and the ratio to it, medians over the repeats."""
    method = methods.METHODS[name]
    torch.manual_seed(0)
    model = methods.build(method, method.paper(name), 10).eval()
    count = model.spec.clip_length
    clip = torch.randn(1, count, 3, 256, 128)
    frames = clip[0].contiguous(memory_format=torch.channels_last)
    macs, own = int(cost_table(model).loc["total", "MACs"]), trunk_macs(trunk, frames)  # type: ignore[arg-type]
    taken, rates, ratios = [], [], []
    for turn in range(repeats + 1):
        before, here, after = timed(trunk, frames), timed(model, clip), timed(trunk, frames)
        if turn:  # the first warms up
            rate = 2 * own / (before + after)
            taken.append(here)
            rates.append(rate)
            ratios.append(here * rate / macs)
    return macs, *(statistics.median(v) for v in (taken, rates, ratios))


def main(repeats: int = 5, names: tuple[str, ...] = ()) -> None:
    """Prints the table, and which methods are slower than wanted."""
    torch.set_num_threads(1)
    trunk = build_trunk(TrunkConfig("resnet50", "none", -1), (256, 128))
    trunk = trunk.to(memory_format=torch.channels_last).eval()
    late = []
    for name in names or tuple(methods.METHODS):
        macs, taken, rate, ratio = measure(name, trunk, max(1, repeats))
        late += [name] if ratio > TARGET else []
        tell(
            f"peer_forward.{name}.macs", macs / 1e9, f"GMAC, T {methods.METHODS[name].clip_length}"
        )
        tell(f"peer_forward.{name}.time", 1e3 * taken, "cpu-ms")
        tell(f"peer_forward.{name}.rate", rate / 1e9, "GMAC/s of our ResNet-50 beside it")
        tell(f"peer_forward.{name}.over_arithmetic", ratio, "x", most=TARGET)
    print(f"above {TARGET}: {', '.join(late) or 'none'}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), tuple(sys.argv[2:]))
