"""How fast each view answers: from a control's change to the bytes of the new picture.

    OMP_NUM_THREADS=1 python benchmarks/view_latency.py [rounds]

The shipped STICC at `quick` on a test tracklet of the walkers; CPU time of one thread, which is
what passes on a core that has nothing else to do. A row a view: median over all changes, and the
slowest control. What has to be computed first (a t-SNE, boxes that are taken away) is computed
once and kept; it is given apart.
"""

from __future__ import annotations

import statistics
import sys
import time

import torch
from measured import tell

from sticc_lib import presets, views
from sticc_lib.experiments import session
from sticc_lib.explain.control import randomised
from sticc_lib.explain.look import look
from sticc_lib.explain.memories import contents
from sticc_lib.explain.survey import survey
from sticc_lib.models import zoo
from sticc_lib.models.cache import frozen_maps
from sticc_lib.run import project_root
from sticc_lib.training.logs import read_log
from sticc_lib.views.base import View

TARGET = 0.2


def made() -> dict[str, View]:
    """Every view of one tracklet, or of the test set."""
    config = presets.preset("quick")
    data = session.split_of(session.load_data(config), "test")
    model, _, _ = zoo.load(session.shipped_checkpoint())
    control, number = randomised(model), int(data.tracklets.index[3])
    seen, shuffled = (look(m, data, number, "STICC") for m in (model, control))
    found, scores = session.evaluate_method(model, data, config, progress=False)
    used = survey(model, data, config.evaluate, frozen_maps(model, data, progress=False))
    log = [{"step": s, "id/detail": 5 - s / 200, "loss": 9 - s / 90, "lr": 1e-3, "val/mAP": s / 900}
           for s in range(0, 600, 10)]  # fmt: skip
    for path in sorted(project_root().glob("reports/*/checkpoints/sticc/log.jsonl"))[:1]:
        log = read_log(path)
    stored = (contents(model), (shuffled, contents(control)))
    rivals = (found.values[0], found.values[9])
    return {
        "V1 self_attention": views.self_attention(seen, shuffled),
        "V2 slots": views.slots(seen, shuffled),
        "V3 relevance": views.relevance(seen, shuffled),
        "V4 read_out": views.read_out(seen, *stored),
        "V5 usage": views.usage(data, used),
        "V6 embedding_map": views.embedding_map(found, model.blocks, "STICC", data, scores),
        "V7 ranked_gallery": views.ranked_gallery(data, found, scores),
        "V8 pair_inspector": views.pair_inspector(model, data, found, scores, "STICC"),
        "V9 sensitivity": views.sensitivity(model, seen, rivals),
        "V10 frame_importance": views.frame_importance(model, seen, seen.frames[1, 0], found),
        "V11 training": views.training({"one": log, "two": log}),
    }


def controls(box) -> list:
    """The controls somewhere in a box, as widgets."""
    own = [box] if "sticc-control" in box._dom_classes and hasattr(box, "value") else []
    return own + [c for child in getattr(box, "children", ()) for c in controls(child)]


def move(widget) -> None:
    """Another value, as a hand would choose it."""
    if hasattr(widget, "options"):
        values = [value for _, value in widget.options]
        widget.value = values[(values.index(widget.value) + 1) % len(values)]
    elif isinstance(widget.value, tuple):
        widget.value = (0.1, 0.8 if widget.value[1] == 1 else 1)
    elif isinstance(widget.value, bool):
        widget.value = not widget.value
    else:
        step = -widget.step if widget.value >= widget.max else widget.step
        widget.value = widget.value + step


def answers(view: View, rounds: int) -> tuple[list[tuple[float, str]], float]:
    """(seconds, control) of each change, and the seconds of the slowest first-time computation."""
    taken, computed = [], 0.0
    for _ in range(rounds):
        for widget in controls(view.box):
            if widget.disabled:
                continue
            before = view.state
            start = time.process_time()
            move(widget)
            first = time.process_time() - start
            after = view.state
            view.set(**before)
            start = time.process_time()  # the same change once more, all that is slow being kept
            view.set(**after)
            again = time.process_time() - start
            taken.append((again, widget.description))
            computed = max(computed, first - again)
    return taken, computed


def main(rounds: int = 3) -> None:
    """Prints the table, and which views are slower than they should be."""
    torch.set_num_threads(1)
    late = []
    for name, view in made().items():
        taken, computed = answers(view, rounds)
        median, (worst, control) = statistics.median(s for s, _ in taken), max(taken)
        late += [name] if median > TARGET else []
        key = f"view_latency.{name.split()[1]}"
        tell(f"{key}.median", 1e3 * median, "cpu-ms", most=1e3 * TARGET)
        tell(f"{key}.slowest", 1e3 * worst, f"cpu-ms ({control})")
        tell(f"{key}.first", 1e3 * max(computed, 0), "cpu-ms to compute at first")
    print(f"slower than {1e3 * TARGET:.0f} cpu-ms: {', '.join(late) or 'none'}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
