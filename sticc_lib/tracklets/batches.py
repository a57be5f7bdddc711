"""Which tracklets make a batch: ours, and the rules that compared methods were published with.

Every rule is a pure function of (seed, step), so that an interrupted training goes on with the
batches it would have seen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd

Groups = list[tuple[np.ndarray, np.ndarray]]
"""Of each person: numbers of tracklets [n], their cameras [n] (-1 where unknown)."""
Rule = Callable[[Groups, int, int, np.random.Generator], np.ndarray]
"""(groups, P, K, rng) -> an epoch's tracklet numbers in order, int64."""


def sampler(
    name: str, tracklets: pd.DataFrame, persons: int, tracklets_each: int, seed: int
) -> PKSampler:
    """A sampler by its name in `train.sampler`.

    Raises:
        ValueError: an unknown name, or batches that the set cannot fill.
    """
    if name == "pk":
        return PKSampler(tracklets, persons, tracklets_each, seed)
    if name not in RULES:
        raise ValueError(f"sampler {name!r} is none of pk, {', '.join(RULES)}")
    return EpochSampler(name, tracklets, persons, tracklets_each, seed)


class PKSampler:
    """Batches of P persons x K distinct tracklets, as a pure function of (seed, step).

    Persons are dealt like cards: each round shuffles all of them and gives them out P at a time
    (what does not fill a batch waits for the next round), so that all are seen alike. A person's
    K tracklets are distinct and spread over cameras first; only a person with fewer than K gives
    some twice.

    Args:
        tracklets: a tracklets table (index: numbers). Distractors and junk are left out.
        persons: P.
        tracklets_each: K.
        seed: what the batches are a function of, beside the step.

    Raises:
        ValueError: P or K below 1, or fewer than P persons.
    """

    def __init__(self, tracklets: pd.DataFrame, persons: int, tracklets_each: int, seed: int):
        if persons < 1 or tracklets_each < 1:
            raise ValueError(f"expected P and K of at least 1, got {persons} x {tracklets_each}")
        named = tracklets[tracklets["person"] > 0]
        cameras = named["camera"].astype("Int64").fillna(-1).to_numpy(np.int64)
        numbers, owners = named.index.to_numpy(np.int64), named["person"].to_numpy(np.int64)
        self._groups = []  # one a person: (numbers [n], cameras [n])
        for person in np.unique(owners):
            mine = np.flatnonzero(owners == person)
            self._groups.append((numbers[mine], cameras[mine]))
        if len(self._groups) < persons:
            raise ValueError(
                f"a batch of {persons} persons needs as many; the set has {len(self._groups)}: "
                "lower train.persons or give more data"
            )
        self.persons, self.tracklets_each, self.seed = persons, tracklets_each, seed

    @property
    def batches_a_round(self) -> int:
        """Batches in which every person is dealt once (a rest below P aside)."""
        return len(self._groups) // self.persons

    def batch(self, step: int) -> np.ndarray:
        """Tracklet numbers of a step's batch, int64 [P*K], a person's K side by side."""
        turn, place = divmod(step, self.batches_a_round)
        deck = np.random.default_rng([self.seed, 0, turn]).permutation(len(self._groups))
        dealt = deck[place * self.persons : (place + 1) * self.persons]
        rng = np.random.default_rng([self.seed, 1, step])
        groups = (self._groups[i] for i in dealt)
        return np.concatenate([self._draw(numbers, cameras, rng) for numbers, cameras in groups])

    def _draw(
        self, numbers: np.ndarray, cameras: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        order = rng.permutation(len(numbers))
        # one of every camera before a second of any
        shuffled = cameras[order]
        turn = np.tril(shuffled[:, None] == shuffled, -1).sum(1)  # how many of it came before
        chosen = numbers[order[np.argsort(turn, kind="stable")]][: self.tracklets_each]
        missing = self.tracklets_each - len(chosen)
        return np.concatenate([chosen, rng.choice(numbers, missing)]) if missing else chosen


class EpochSampler(PKSampler):
    """Batches of P x K tracklets by a published rule, epoch by epoch.

    An epoch is drawn as a whole from (seed, epoch) and cut into batches; a rest is dropped. So a
    tracklet comes as often in an epoch as the rule says, and a person may come twice in a batch
    where the rule allows it. (A batch of one person alone, which the losses refuse, takes a set
    of very few persons.)

    Args:
        name: of RULES.
        tracklets: a tracklets table (index: numbers). Distractors and junk are left out.
        persons: P.
        tracklets_each: K; 2 for `pair`.
        seed: what the batches are a function of, beside the step.

    Raises:
        ValueError: P or K below 1, too few persons or tracklets for one batch, or a K that the
            rule does not have.
    """

    def __init__(
        self, name: str, tracklets: pd.DataFrame, persons: int, tracklets_each: int, seed: int
    ):
        super().__init__(tracklets, persons, tracklets_each, seed)
        if name == "pair" and tracklets_each != 2:
            raise ValueError(f"train.tracklets: {tracklets_each}; the sampler `pair` gives 2")
        self._rule, self._starts = RULES[name], [0]
        self._even = name != "dict"  # epochs of one length
        self.epoch = lru_cache(maxsize=2)(self._epoch)
        if len(self.epoch(0)) == 0:
            raise ValueError(f"the set does not fill one batch of {persons} x {tracklets_each}")

    @property
    def batches_a_round(self) -> int:
        """Batches of the first epoch; of every epoch but for `dict`."""
        return len(self.epoch(0))

    def batch(self, step: int) -> np.ndarray:
        """Tracklet numbers of a step's batch, int64 [P*K]."""
        if self._even:
            number, place = divmod(step, self.batches_a_round)
            return self.epoch(number)[place]
        while self._starts[-1] <= step:  # how long an epoch is shows when it is drawn
            self._starts.append(self._starts[-1] + len(self.epoch(len(self._starts) - 1)))
        number = int(np.searchsorted(self._starts, step, side="right")) - 1
        return self.epoch(number)[step - self._starts[number]]

    def _epoch(self, number: int) -> np.ndarray:
        rng = np.random.default_rng([self.seed, 0, number])
        drawn = self._rule(self._groups, self.persons, self.tracklets_each, rng)
        size = self.persons * self.tracklets_each
        return drawn[: len(drawn) // size * size].reshape(-1, size)


def _chunks(groups: Groups, each: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Of each person its tracklets, shuffled and cut in Ks [n K]; drawn K times if it has fewer."""
    found = []
    for numbers, _ in groups:
        if len(numbers) < each:
            found.append(rng.choice(numbers, (1, each)))
        else:
            whole = len(numbers) // each * each
            found.append(rng.permutation(numbers)[:whole].reshape(-1, each))
    return found


def repeated(groups: Groups, persons: int, each: int, rng: np.random.Generator) -> np.ndarray:
    """S_rep (BiCnet-TKS, SINet, TCLNet, AP3D): groups of K in any order.

    A person may come twice in a batch; an epoch has sum over persons of floor(max(n, K) / K) * K.
    """
    return rng.permutation(np.concatenate(_chunks(groups, each, rng))).ravel()


def once(groups: Groups, persons: int, each: int, rng: np.random.Generator) -> np.ndarray:
    """S_once (PSTA): every person once an epoch, with K tracklets, distinct if it has as many."""
    order = rng.permutation(len(groups))
    drawn = [rng.choice(groups[i][0], each, replace=len(groups[i][0]) < each) for i in order]
    return np.concatenate(drawn)


def distinct(groups: Groups, persons: int, each: int, rng: np.random.Generator) -> np.ndarray:
    """S_dict (MSINet): as S_rep, each batch of P different persons among those with groups left.

    It ends when fewer than P have any, so that epochs differ in length.
    """
    left = _chunks(groups, each, rng)
    count = np.array([len(chunk) for chunk in left])
    drawn = []
    while (open_ := np.flatnonzero(count)).size >= persons:
        for person in rng.choice(open_, persons, replace=False):
            count[person] -= 1
            drawn.append(left[person][count[person]])
    return np.concatenate(drawn)


def paired(groups: Groups, persons: int, each: int, rng: np.random.Generator) -> np.ndarray:
    """S_pair (GRL): every tracklet, each followed by one of its person from another camera.

    Else by another one from the same camera, else by itself. An epoch has twice all tracklets.
    """
    owner = np.repeat(np.arange(len(groups)), [len(numbers) for numbers, _ in groups])
    place = np.concatenate([np.arange(len(numbers)) for numbers, _ in groups])
    drawn = []
    for i in rng.permutation(len(owner)):
        numbers, cameras = groups[owner[i]]
        here = place[i]
        mates = np.flatnonzero(cameras != cameras[here])
        if not mates.size:
            mates = np.flatnonzero(np.arange(len(numbers)) != here)
        mate = rng.choice(mates) if mates.size else here
        drawn += [numbers[here], numbers[mate]]
    return np.array(drawn, np.int64)


def by_camera(groups: Groups, persons: int, each: int, rng: np.random.Generator) -> np.ndarray:
    """S_id (STMN): every person once an epoch, a tracklet of each of K cameras.

    Cameras come in random order and again from the first when there are fewer than K. CHOICE:
    which tracklet of a camera is not recorded; a random one, and another when the camera comes
    again, if it has one.
    """
    drawn = []
    for i in rng.permutation(len(groups)):
        numbers, cameras = groups[i]
        order = rng.permutation(np.unique(cameras))
        shelves = [rng.permutation(numbers[cameras == camera]) for camera in order]
        for k in range(each):
            shelf = shelves[k % len(order)]
            drawn.append(shelf[k // len(order) % len(shelf)])
    return np.array(drawn, np.int64)


RULES: dict[str, Rule] = {
    "rep": repeated, "once": once, "dict": distinct, "pair": paired, "id": by_camera,
}  # fmt: skip
"""`train.sampler` -> published rule; they are described in specs/peers/COMMON.md."""
