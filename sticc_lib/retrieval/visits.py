"""The re-entry protocol: does a person who left and comes back find the earlier visits?

The unit is a visit, one continuous stay of a person, and comes as one tracklet. Two numbers:

- `frame_mAP`: every crop of a visit whose person has another visit is a query by itself. It
  ranks all crops of all *other* visits, of its own person and of others, cameras ignored; its
  own visit is removed. AP is averaged over those crops.
- `visit_rank1`: a visit, embedded as a whole, ranks the other visits; the share whose nearest is
  of the same person.

Visits of a person seen only once are gallery and never query. Which crops of a visit there are
(16 evenly spaced clean ones) is decided by whoever makes the set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sticc_lib.config import EvalConfig
from sticc_lib.models.base import VideoModel
from sticc_lib.retrieval.distances import Kind
from sticc_lib.retrieval.embed import Maps, embed
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.ranking import evaluate
from sticc_lib.retrieval.scores import Scores
from sticc_lib.tracklets.table import TrackletSet


@dataclass(frozen=True)
class Reentry:
    """Scores of single crops and of whole visits, with the embeddings they were taken from."""

    frames: Scores
    visits: Scores
    frame_embeddings: Embeddings
    visit_embeddings: Embeddings

    def to_dict(self) -> dict[str, float]:
        """`frame_mAP` and `visit_rank1`, with the number of queries behind each."""
        return {
            "frame_mAP": self.frames.mAP,
            "visit_rank1": self.visits.rank1,
            "frame_queries": self.frames.num_valid,
            "visit_queries": self.visits.num_valid,
        }


def single_crops(data: TrackletSet) -> TrackletSet:
    """Every frame of a set as a tracklet by itself, in the order of `data.frames`.

    Its row repeats that of its tracklet, whose number stands in the column `tracklet_of`. Pixels
    and rows stay where they are, so cached maps of `data` serve both.
    """
    owner = data.frames["tracklet"].to_numpy()
    tracklets = data.tracklets.loc[owner].assign(tracklet_of=owner, num_frames=1)
    tracklets = tracklets.reset_index(drop=True).rename_axis(data.tracklets.index.name)
    frames = data.frames.assign(tracklet=np.arange(len(owner)))
    return replace(data, name=f"{data.name}, crops", tracklets=tracklets, frames=frames)


def reentry(
    model: VideoModel,
    data: TrackletSet,
    config: EvalConfig,
    maps: Maps | None = None,
    progress: bool = True,
) -> Reentry:
    """Embeds a set of visits and scores it by the protocol above.

    Args:
        model: compared by its own distance.
        data: a tracklet a visit, column `visit`, a rule that removes the own visit.
        config: clip policy of whole visits; a crop is one clip of one real frame. And whether to
            re-rank; its neighbourhoods hold crops of the own visit, which the rule removes later.
        maps: as in `embed`.
        progress: show bars.

    Raises:
        ValueError: the set has no visits, or its rule would rank them by themselves.
    """
    _check(data)
    frames = embed(model, single_crops(data), config, maps, progress)
    visits = embed(model, data, config, maps, progress)
    return score_reentry(frames, visits, model.spec.distance, config.rerank)


def score_reentry(
    frames: Embeddings, visits: Embeddings, distance: Kind = "cosine", rerank: bool = False
) -> Reentry:
    """The same from embeddings of single crops and of visits, both with a column `visit`."""
    for embeddings in (frames, visits):
        _check(embeddings)
    of_frames, of_visits = (evaluate(e, distance, rerank=rerank) for e in (frames, visits))
    return Reentry(of_frames, of_visits, frames, visits)


def _check(data: TrackletSet | Embeddings) -> None:
    if "visit" not in data.tracklets:
        raise ValueError("re-entry needs a column visit in tracklets: which stay a row belongs to")
    if data.rule.same_camera_junk or not data.rule.exclude_same_visit:
        raise ValueError(
            f"re-entry ranks other visits of any camera, but the rule is: {data.rule}; use "
            "Rule(same_camera_junk=False, exclude_same_visit=True)"
        )
