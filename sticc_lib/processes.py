"""Several processes that work on one thing: what each has is gathered, what one knows is told.

Everything here is a collective: all processes call it, in the same order. With one process (or
before a process group stands) each function gives back what it was given. Gradients flow back
through `gathered`: where every process computes the same loss from what was gathered and gradients
are then averaged over processes, as DistributedDataParallel does, they are those of one process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import torch
import torch.distributed as group
from torch import Tensor

Tree = TypeVar("Tree")


def count() -> int:
    """How many processes work together; 1 without a process group."""
    return group.get_world_size() if group.is_available() and group.is_initialized() else 1


def number() -> int:
    """Which of them this is, from 0."""
    return group.get_rank() if count() > 1 else 0


def device() -> torch.device:
    """Where tensors have to be for the group's backend: NCCL takes those of GPUs only."""
    on_gpu = count() > 1 and group.get_backend() != "gloo" and torch.cuda.is_available()
    return torch.device("cuda", torch.cuda.current_device()) if on_gpu else torch.device("cpu")


def own(values: Tensor) -> Tensor:
    """This process' share of rows [processes*n ...] that all have drawn alike: [n ...]."""
    return values.chunk(count())[number()] if count() > 1 else values


def gathered(rows: Tensor) -> Tensor:
    """Rows [n ...] of all processes in their order, [sum of n ...]; n may differ."""
    return rows if count() == 1 else _Gather.apply(rows, _lengths([rows])[0])  # type: ignore


def gathered_tree(tree: Tree) -> Tree:
    """The same for every tensor in dicts, lists and dataclasses; tensors without rows stay."""
    if count() == 1:
        return tree
    found: list[Tensor] = []
    _mapped(tree, lambda value: found.append(value) or value)
    lengths = iter(_lengths(found))
    return _mapped(tree, lambda value: _Gather.apply(value, next(lengths)))


def detached(tree: Tree) -> Tree:
    """The same without gradients."""
    return _mapped(tree, lambda value: value.detach())


def mean(values: Tensor) -> Tensor:
    """The mean over processes of a tensor that all have in one shape; without gradients."""
    if count() == 1:
        return values
    total = values.detach().float().clone()
    group.all_reduce(total)
    return (total / count()).to(values.dtype)


def largest(value: int) -> int:
    """The largest of what the processes have."""
    return int(gathered(torch.tensor([value], device=device())).max())


def told(content: bytes | None) -> bytes | None:
    """What the first process has; the others' argument does not count."""
    if count() == 1:
        return content
    size = torch.tensor([-1 if content is None else len(content)], device=device())
    group.broadcast(size, 0)
    if int(size) < 0:
        return None
    held = content if number() == 0 and content else bytes(int(size))
    values = torch.frombuffer(bytearray(held), dtype=torch.uint8).to(device()) if held else size
    if held:
        group.broadcast(values, 0)
    return values.cpu().numpy().tobytes() if held else b""


def tell(tensors: list[Tensor]) -> None:
    """Puts the first process' values into tensors of the same shapes everywhere."""
    for tensor in tensors if count() > 1 else ():
        values = tensor.detach().to(device()).contiguous()
        group.broadcast(values, 0)
        tensor.detach().copy_(values)


@contextlib.contextmanager
def together(error: type[Exception]) -> Iterator[None]:
    """All processes leave the block well or none does: nobody waits for one that has failed.

    Args:
        error: raised in the processes whose own part went well, with what another one said.
    """
    failure: Exception | None = None
    try:
        yield
    except Exception as caught:
        if count() == 1:
            raise
        failure = caught
    if count() == 1:
        return
    said = _texts("" if failure is None else f"{type(failure).__name__}: {failure}")
    if failure is not None:
        raise failure
    for place, text in enumerate(said):
        if text:
            raise error(f"process {place} of {count()} has failed: {text}")


class _Gather(torch.autograd.Function):
    """All rows forward; backward the sum over processes of what they say of this one's rows."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, lengths: list[int]) -> Tensor:
        ctx.lengths = lengths
        padded = rows.detach().contiguous()
        if len(rows) < max(lengths):
            padded = rows.new_zeros(max(lengths), *rows.shape[1:])
            padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in lengths]
        group.all_gather(parts, padded)
        return torch.cat([part[:n] for part, n in zip(parts, lengths, strict=True)])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        halved = grads[0].dtype in (torch.float16, torch.bfloat16)  # gloo adds up no halves
        total = (grads[0].float() if halved else grads[0]).contiguous().clone()
        group.all_reduce(total)
        return total.split(ctx.lengths)[number()].to(grads[0].dtype), None


def _lengths(tensors: list[Tensor]) -> list[list[int]]:
    """Of each tensor its rows in every process."""
    mine = torch.tensor([len(t) for t in tensors], device=device())
    parts = [torch.empty_like(mine) for _ in range(count())]
    group.all_gather(parts, mine)
    return torch.stack(parts, 1).tolist()


def _texts(text: str) -> list[str]:
    content = torch.frombuffer(bytearray(text.encode() + b"\0"), dtype=torch.uint8).to(device())
    lengths = _lengths([content])[0]
    parts = _Gather.apply(content, lengths).split(lengths)  # type: ignore[union-attr]
    return [part[:-1].cpu().numpy().tobytes().decode() for part in parts]


def _mapped(tree: Any, change: Callable[[Tensor], Any]) -> Any:
    if isinstance(tree, Tensor):
        return change(tree) if tree.ndim else tree
    if isinstance(tree, dict):
        return {name: _mapped(value, change) for name, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_mapped(value, change) for value in tree)
    if is_dataclass(tree) and not isinstance(tree, type):
        return replace(tree, **{f.name: _mapped(getattr(tree, f.name), change)
                                for f in fields(tree)})  # fmt: skip
    return tree
