"""Weights for real video: the study behind them, the one look at real video, and the shipped file.

    python data/scripts/video_weights.py study [--seeds 3]     methods x worlds x seeds; goes on
    python data/scripts/video_weights.py train [--seeds 3]     the shipped model, for longer
    python data/scripts/video_weights.py trial --set train.steps=420     what a recipe is chosen by
    python data/scripts/video_weights.py look                  PETS2009, once, at the end; logged
    python data/scripts/video_weights.py table                 what is kept, in short
    python data/scripts/video_weights.py ship                  data/weights/sticc_video.safetensors

Needs MakeHuman's assets (`data/README.md`) and renders 1,200 persons once (four CPU minutes).
Results lie in reports/worlds; `keep` copies the table to data/results/worlds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import pandas as pd
from safetensors import safe_open
from safetensors.torch import save_file

from sticc_lib.config import Config
from sticc_lib.experiments import real_look, worlds, worlds_table, worlds_trial
from sticc_lib.experiments.session import load_data, new_model
from sticc_lib.models import zoo
from sticc_lib.run import atomic, data_dir, environment, project_root, read_json, write_json
from sticc_lib.run import write_text as write
from sticc_lib.verbs import assignments

TARGET = data_dir() / "weights" / "sticc_video.safetensors"
GOALS = ((0.57, "a finer colour histogram, the least"), (0.70, "the aim"))
"""Frame mAP on MOT crops without adaptation that was set before anything was trained."""
LONG_NAME = f"{worlds.NAME}_long"
"""Folder under `reports` of the longer training."""
SHIPPED = ("rendered", "concat", 0)
"""World, method and seed of the shipped weights; the seed was fixed before any was trained."""


def study(options: argparse.Namespace) -> None:
    """Trains and tests what is missing, and prints the tables."""
    values = worlds.study(options.seeds, options.methods or worlds.METHODS,
                          options.worlds or tuple(worlds.WORLDS))  # fmt: skip
    print(worlds_table.markdown(values))


def train(options: argparse.Namespace) -> None:
    """Trains and tests the model that is shipped, or others, for longer than the study's."""
    world, label, _ = SHIPPED
    values = worlds.study(options.seeds, options.methods or [label], options.worlds or [world],
                          dict(worlds.LONG), LONG_NAME, options.tests)  # fmt: skip
    print(worlds_table.markdown(values))


def trial(options: argparse.Namespace) -> None:
    """Trains one model of a changed recipe and scores validation persons; kept, never shipped."""
    folder = project_root() / "reports" / f"{worlds.NAME}_trials"
    (label,) = options.methods or [SHIPPED[1]]
    found = worlds_trial.trial(folder, label, assignments([options.set]), options.cameras)
    print(label, *options.set, *(f"{name} {value:.3f}" for name, value in found.items()))


def look(options: argparse.Namespace) -> None:
    """Scores every trained cell of the study on PETS2009, adds a line to the log, and the table."""
    folder = project_root() / "reports" / options.name
    rows = []
    for cell in sorted((folder / "cells").glob("*/*/seed*/cell.json")):
        if "numbers" not in read_json(cell):
            continue
        world, label, seed = cell.parts[-4:-1]
        place = cell.with_name("real.json")
        if not place.exists():
            write_json(place, real_look.look(*_of(world, label, int(seed[4:]), options.name)))
        found = read_json(place)
        rows += [(world, label, int(seed[4:]), key, value) for key, value in found.items()]
    columns = ["world", "method", "seed", "metric", "value"]
    real = pd.DataFrame(rows, columns=columns)
    write(folder / "real.csv", real.to_csv(index=False))
    print(worlds_table.markdown(real))
    seen = {f"{r.world} {r.method} {r.seed} {r.metric}": r.value for r in real.itertuples()
            if "visit" not in str(r.metric)}  # fmt: skip
    count = len(real.groupby(columns[:3]))
    what = f"{count} model(s) of {options.name}, before and after adaptation; {options.why}"
    real_look.note(what, seen)


def _of(world: str, label: str, seed: int, name: str):
    """Model and test policy of a cell."""
    changes = worlds.LONG if name != worlds.NAME else {}
    config = worlds.cell_config(world, label, seed, changes)
    if not worlds.is_trained(label):
        return new_model(config, load_data(config)).eval(), config.evaluate
    return zoo.load(worlds.checkpoint(world, label, seed, name, changes))[0], config.evaluate


def keep(options: argparse.Namespace) -> None:
    """Copies the tables to data/results/worlds, with where they are from."""
    folder, kept = project_root() / "reports" / options.name, data_dir() / "results" / options.name
    values = pd.concat([pd.read_csv(folder / f"{part}.csv") for part in ("values", "real")
                        if (folder / f"{part}.csv").exists()])  # fmt: skip
    write(kept / "values.csv", values.to_csv(index=False))
    write(kept / "table.md", worlds_table.markdown(values))
    here = environment() | {"commit": read_json(folder / "manifest.json")["commit"]}
    long = options.name == LONG_NAME
    verb, seeds = "train" if long else "study", values["seed"].nunique()
    about = {"command": f"python data/scripts/video_weights.py {verb} --seeds {seeds}",
             "recipe": worlds.RECIPE | (worlds.LONG if long else {})}  # fmt: skip
    about |= {key: here[key] for key in ("commit", "python", "versions", "machine") if key in here}
    write_json(kept / "about.json", about)
    print(kept)


def table(options: argparse.Namespace) -> None:
    """Prints what data/results holds, in short: the README's table."""
    kept = data_dir() / "results" / options.name
    print(worlds_table.short(pd.read_csv(kept / "values.csv")))


def ship(options: argparse.Namespace) -> None:
    """Writes the chosen cell's weights as float16, without its classifiers, and the model card."""
    folder = worlds.checkpoint(*SHIPPED, LONG_NAME, worlds.LONG)
    _, config, facts = zoo.load(folder)
    with safe_open(folder / "model.safetensors", framework="pt") as stored:
        notes = json.loads(stored.metadata()["sticc"])
        state = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    # training persons are nobody that a video could show: one row is left of each classifier
    state = {n: v[:1] if n.endswith("classifier.weight") else v for n, v in state.items()}
    half = {n: v.half().contiguous() if v.is_floating_point() else v for n, v in state.items()}
    notes = {**notes, "persons": 1, "trained_persons": facts["persons"], "classes": []}
    with atomic(TARGET) as temporary:
        save_file(half, temporary, {"sticc": json.dumps(notes)})
    write_json(TARGET.with_suffix(".json"), notes)
    write(TARGET.with_suffix(".md"), card(config, facts, project_root() / "reports" / LONG_NAME))
    for file in (TARGET, TARGET.with_suffix(".json"), TARGET.with_suffix(".md")):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        print(f"| `weights/{file.name}` | {file.stat().st_size:,} bytes | MIT | `{digest}` |")


def card(config: Config, facts: dict, folder: Path) -> str:
    """The model card, its figures from the tables of the run."""
    parts = [pd.read_csv(folder / f"{part}.csv") for part in ("values", "real")
             if (folder / f"{part}.csv").exists()]  # fmt: skip
    values = pd.concat(parts)
    trained = read_json(folder / "manifest.json")
    plain = float(values.loc[values["metric"] == "pets_mot.none", "value"].mean())
    missed = [f"{goal:.2f} ({what})" for goal, what in GOALS if not plain >= goal]
    verdict = f"Goals on `pets_mot` without adaptation that are missed: {', '.join(missed)}."
    spent = values.loc[values["metric"] == "cpu_seconds", "value"]
    changes = {**worlds.RECIPE, **worlds.LONG}
    return CARD.format(
        world=SHIPPED[0], persons=facts["persons"], step=facts["step"], seed=config.seed,
        steps=config.train.steps, minutes=f"{spent.iloc[0] / 60:.0f}" if len(spent) else "?",
        recipe=", ".join(f"`{name}={value}`" for name, value in changes.items()),
        tables=worlds_table.markdown(values),
        lengths=", ".join(map(str, config.train.clip_lengths)),
        verdict=verdict if missed else "Both goals on `pets_mot` are reached.",
        commit=trained["commit"][:12], dirty=" with changes" * bool(trained.get("diff")),
    )  # fmt: skip


CARD = """\
# STICC for video: `sticc_video.safetensors`

Turns crops of one person (a short track, or a single crop) into an embedding of 384 numbers; tracks
of one person lie near each other by cosine. Trunk MobileNetV2 up to stride 16, 128 x 64 pixels.

    from sticc_lib.experiments.session import video_checkpoint
    from sticc_lib.models import zoo
    model, config, facts = zoo.load(video_checkpoint())

## What it is for

Counting and finding again the people of *one* video or of a few cameras, where the method itself
fits to the video without labels (`sticc count`), and research on what synthetic people teach.

## What it is not for

It is not for telling who somebody is, for surveillance, or for any decision about a person. It has
seen no real person's identity; people who dress alike are one to it, who changes a coat is two.
Skin, hair and build of the rendered people are drawn at random and were not balanced against any
population: nobody has measured whether it errs for some people more than for others.
Re-identification is biometric processing and needs a legal basis where you are.

## How it was made

World `{world}` (rendered people: MakeHuman's assets; drawn ones are the project's own), {persons}
training persons, all synthetic, seed {seed} (fixed before training), best on validation persons at
step {step} of {steps}, {minutes} CPU minutes on one core. Clips of {lengths} frames, drawn a batch.
Over the preset `quick`: {recipe}.
Code: commit `{commit}`{dirty}. Chosen on few trials (they stand at `RECIPE` and `LONG` in
`sticc_lib/experiments/worlds.py`). All methods, worlds and seeds, with fewer steps, stand in
`data/results/worlds` (`python data/scripts/video_weights.py study`).

    python data/scripts/video_weights.py train --seeds 3
    python data/scripts/video_weights.py trial --set train.steps=420     what a recipe is chosen by
    python data/scripts/video_weights.py look --name worlds_long
    python data/scripts/video_weights.py ship      # this file and the weights

Stored as float16, classifiers of the training persons left out. All settings stand in
`sticc_video.json`.

## Figures

By the commands above. Choices were made on validation persons only; each look at real video stands
in `data/results/worlds/looks.md`. PETS2009: `none` ranks crops as they come, `wccn` and `lda` after
fitting to the video's own tracks, without labels (transductive); crops of `pets_mot` were cut with
MOT15's labels, those of `pets` with `boxes.csv`. The project's untrained floors by the same
protocol stand in the README's first table. {verdict}

{tables}
## Terms

MIT, like the code; the trunk's start is torchvision's (BSD-3-Clause). What was rendered, from which
assets and under which terms: `data/README.md`.
"""


def main() -> None:
    """Reads the command line and does one of the above."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = (study, train, trial, look, keep, table, ship)
    verbs = {verb.__name__: verb for verb in verbs}
    parser.add_argument("verb", choices=verbs)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--methods", nargs="*", default=())
    parser.add_argument("--worlds", nargs="*", default=())
    parser.add_argument(
        "--set", nargs="*", default=(), help="NAME=VALUE over the recipe, for trial"
    )
    parser.add_argument("--cameras", type=int, default=0, help="of the world, for trial")
    parser.add_argument("--tests", nargs="*", default=worlds.TESTS, help="worlds to test in")
    parser.add_argument(
        "--name", default=worlds.NAME, help="folder under reports, for look and keep"
    )
    parser.add_argument("--why", default="after all choices were made", help="noted in the log")
    options = parser.parse_args()
    verbs[options.verb](options)


if __name__ == "__main__":
    main()
