"""Central lines of the library, each with a wrong version and the tests that have to notice it.

A wrong version is what a slip of the hand or of the mind would make of the line. The lines are
quoted as they stand: whoever changes one changes its entry, and says which test still guards it.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    """One wrong line.

    Attributes:
        name: what goes wrong.
        file: below the library's folder.
        right: text that stands there exactly once.
        wrong: what is put in its place.
        tests: files of `tests`, one of which at least has to fail.
    """

    name: str
    file: str
    right: str
    wrong: str
    tests: tuple[str, ...]


MUTATIONS = (
    Mutation(
        "M1 attends without its scale",
        "models/attention.py",
        "scores = query @ key.mT * query.shape[-1] ** -0.5",
        "scores = query @ key.mT",
        ("models/test_attention.py",),
    ),
    Mutation(
        "padded frames take part in a softmax",
        "models/attention.py",
        "scores.masked_fill(~mask, torch.finfo(scores.dtype).min)",
        "scores.masked_fill(~mask, 0.0)",
        ("models/test_decoder.py",),
    ),
    Mutation(
        "slots attend without their scale",
        "models/encoder.py",
        "scores = query @ key.mT * query.shape[-1] ** -0.5",
        "scores = query @ key.mT",
        ("models/test_encoder.py",),
    ),
    Mutation(
        "relevance sums to one over slots, not frames",
        "models/encoder.py",
        "return evidence.softmax(1).to(grid.dtype)",
        "return evidence.softmax(-1).to(grid.dtype)",
        ("models/test_encoder.py",),
    ),
    Mutation(
        "the best slot counts least",
        "models/decoder.py",
        "pi = self.pi((self.kappa * likeness).softmax(-1))",
        "pi = self.pi((-self.kappa * likeness).softmax(-1))",
        ("models/test_decoder.py",),
    ),
    Mutation(
        "the LSTM is read behind the last valid frame",
        "models/decoder.py",
        "states[torch.arange(states.shape[0], device=states.device), counts - 1]",
        "states[:, -1]",
        ("models/test_decoder.py",),
    ),
    Mutation(
        "memory keys are normalised along items",
        "models/memory.py",
        "keys = nn.functional.normalize(self.keys, dim=-1)",
        "keys = nn.functional.normalize(self.keys, dim=0)",
        ("models/test_memory.py",),
    ),
    Mutation(
        "a memory is read by its keys",
        "models/memory.py",
        "return address @ self.values, address",
        "return address @ self.keys, address",
        ("models/test_memory.py", "models/test_decoder.py"),
    ),
    Mutation(
        "a memory's row jumps to what is written",
        "models/peers/grl_losses.py",
        "row = self.momentum * self.table[person] + (1 - self.momentum) * feature",
        "row = feature",
        ("models/peers/test_objectives.py",),
    ),
    Mutation(
        "a folded BatchNorm is lost",
        "models/folding.py",
        "torch.nn.utils.fusion.fuse_conv_bn_eval(first, second)",
        "first",
        ("models/test_folding.py",),
    ),
    Mutation(
        "pixels are not brought to their mean",
        "models/base.py",
        "lines[part].copy_(given[part]).sub_(mean).div_(std)",
        "lines[part].copy_(given[part]).div_(std)",
        ("models/test_normalise.py",),
    ),
    Mutation(
        "the nearest mate counts as the hardest",
        "losses.py",
        "farthest = distance.masked_fill(~same, -torch.inf).amax(1)",
        "farthest = distance.masked_fill(~same, torch.inf).amin(1)",
        ("test_losses.py",),
    ),
    Mutation(
        "the triplet's margin has the wrong sign",
        "losses.py",
        "relu(gap + margin).mean()",
        "relu(gap - margin).mean()",
        ("test_losses.py",),
    ),
    Mutation(
        "slots are rewarded for being alike",
        "losses.py",
        "return ((likeness.sum((1, 2)) - own) / (count * (count - 1))).mean()",
        "return ((own - likeness.sum((1, 2))) / (count * (count - 1))).mean()",
        ("test_losses.py",),
    ),
    Mutation(
        "precision forgets the earlier hits",
        "retrieval/ranking.py",
        "precision = number / rank\n",
        "precision = 1 / rank\n",
        ("retrieval/test_ranking.py",),
    ),
    Mutation(
        "the query's own camera is no junk",
        "retrieval/hits.py",
        "match = ~(removed | (same_camera & (self.cameras[column] >= 0)))",
        "match = ~removed",
        ("retrieval/test_ranking.py",),
    ),
    Mutation(
        "a tracklet may find itself",
        "retrieval/hits.py",
        "return own | ((self.visit[rows][query] == self.visits[column])",
        "return (own & False) | ((self.visit[rows][query] == self.visits[column])",
        ("retrieval/test_ranking.py",),
    ),
    Mutation(
        "rank k means before k",
        "retrieval/scores.py",
        "(first_hit[valid][:, None] <= np.arange(1, MAX_RANK + 1))",
        "(first_hit[valid][:, None] < np.arange(1, MAX_RANK + 1))",
        ("retrieval/test_ranking.py",),
    ),
    Mutation(
        "neighbours need not be mutual",
        "retrieval/reciprocal.py",
        "return nearest.multiply(nearest.T.tocsr()).tocsr()",
        "return nearest",
        ("retrieval/test_rerank.py",),
    ),
    Mutation(
        "a tracklet's clips are summed, the last one wins",
        "retrieval/embed.py",
        "total.index_add_(0, owner[batch], vectors.double().cpu())",
        "total[owner[batch]] = vectors.double().cpu()",
        ("retrieval/test_embed.py",),
    ),
    Mutation(
        "a weight map forgets which frame mattered",
        "explain/maps.py",
        "return pi[:, None, :, None] * rho[..., None] * alpha",
        "return pi[:, None, :, None] * alpha / alpha.shape[1]",
        ("explain/test_maps.py",),
    ),
    Mutation(
        "frames are drawn from the first chunk only",
        "tracklets/sampling.py",
        "return rng.integers(edges[:-1], edges[1:])",
        "return rng.integers(edges[0], edges[1], clip_length)",
        ("tracklets/test_sampling.py",),
    ),
    Mutation(
        "a person's tracklets come from one camera",
        "tracklets/batches.py",
        'numbers[order[np.argsort(turn, kind="stable")]]',
        'numbers[order[np.argsort(shuffled, kind="stable")]]',
        ("tracklets/test_pk_batches.py",),
    ),
    Mutation(
        "the learning rate does not fall",
        "training/settings.py",
        "return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))",
        "return 1.0",
        ("training/test_settings.py",),
    ),
    Mutation(
        "every step draws the same",
        "training/loop.py",
        "np.random.default_rng([self.config.seed, 2, step])",
        "np.random.default_rng([self.config.seed, 2])",
        ("training/test_loop.py",),
    ),
    Mutation(
        "training resumes at its first step",
        "training/state.py",
        'return Progress(**state["progress"])',
        'return Progress(**state["progress"] | {"step": 0})',
        ("training/test_state.py", "training/test_loop.py"),
    ),
    Mutation(
        "training resumes with a fresh optimiser",
        "training/state.py",
        'optimizer.load_state_dict(state["optimizer"])',
        "pass",
        ("training/test_state.py", "training/test_loop.py"),
    ),
    Mutation(
        "a damaged checkpoint counts as whole",
        "sealed.py",
        "return known is None or sha256_of(path) in known",
        "return True",
        ("training/test_state.py",),
    ),
    Mutation(
        "people seen at once may be one person",
        "counting/merging.py",
        "apart = np.where(forbidden, BLOCKED, distance).astype(np.float32)",
        "apart = np.asarray(distance).astype(np.float32)",
        ("counting/test_merging.py",),
    ),
    Mutation(
        "everybody new is counted in every interval",
        "counting/table.py",
        "        ever |= here\n",
        "        ever = here\n",
        ("counting/test_count.py",),
    ),
    Mutation(
        "the unsure are counted",
        "counting/counted.py",
        "return int(self.counted.sum())",
        "return len(self.counted)",
        ("counting/test_corrections.py",),
    ),
    Mutation(
        "every absence ends a visit",
        "counting/counted.py",
        "if found and low - found[-1][1] <= most:",
        "if found and low - found[-1][1] <= 0:",
        ("counting/test_count.py",),
    ),
    Mutation(
        "unknown settings are let through",
        "values.py",
        "unknown = sorted(set(values) - set(hints))\n    for name in unknown:",
        "unknown = sorted(set(values) - set(hints))\n    for name in ():",
        ("test_config.py",),
    ),
    Mutation(
        "another run's folder is taken over",
        "run.py",
        "if identity is not None and _strict(held) != _strict(wanted):",
        "if False:",
        ("test_run.py",),
    ),
)
