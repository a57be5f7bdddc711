"""The model card of a checkpoint folder: what a stranger has to know, written from its manifest.

`manifest.json` beside the weights is the source; `README.md` is made from it and from nothing
else, with front matter as model hubs read it. With `config.json` and `model.safetensors` the
folder is complete: it can be copied, or put on a hub as it is.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sticc_lib.config import Config, identity
from sticc_lib.experiments.facts import computing
from sticc_lib.machine import without_places
from sticc_lib.models import zoo
from sticc_lib.presets import options, steps_for
from sticc_lib.run import environment, now, project_root, read_json, write_json, write_text
from sticc_lib.tracklets.table import TrackletSet
from sticc_lib.training import Trained

SYNTHETIC = ("walkers", "walkers3d", "worlds")
MEASURES = {"mAP": "mAP", "rank1": "rank-1"}
OURS = {"small", "mobilenet_v2"}
"""Trunks that start from nothing, or from weights that come with this project."""

TEXT = """\
# {method}, trained on {data}

A model for video person re-identification: it turns a *tracklet* (frames of one person under one
camera) into an embedding, so that tracklets of one person lie near each other.

```python
from sticc_lib.models import zoo; model, config, facts = zoo.load("THIS_FOLDER")
```

`model(clips, mask)` takes normalised frames, float [B, T, 3, {height}, {width}], T = {frames}, and
returns `embedding` [B, D]. `sticc evaluate --checkpoint THIS_FOLDER` ranks a test set with it;
`sticc export THIS_FOLDER --onnx model.onnx` makes a file that runs without this library.

## What it learnt from

{learnt}

## How it was trained

{trained}

    {command}

The same command on the same kind of machine, with as many threads, gives the same weights bit for
bit (fingerprint `{weights}`).

## What it reaches

{reached}

## Limits

- {limit}
- What it was not trained on (other cameras, heights, clothing, weather, ages) it was not tested on.
- A near embedding is a likeness, no identification. Thresholds do not carry over from one set of
  cameras to another.
- Maps of attention say where the model looks, not why.

## What it is for, and what not

For research on method: comparing models, looking into them. Re-identification processes biometric
data: use it on data you may lawfully use, with the consent or the legal basis that your country
asks for. It is not made to follow, identify or judge people, and no decision about a person should
rest on it.

## Licence

{licence}
"""


def write_manifest(folder: Path, config: Config, data: TrackletSet, trained: Trained) -> Path:
    """Writes `manifest.json` and `README.md` into a checkpoint folder; the weights stay untouched.

    Args:
        folder: holds `config.json` as `zoo.save` writes it.
        config: the training's.
        data: what was trained on.
        trained: what came of it.
    """
    facts = read_json(folder / "config.json")
    split = data.tracklets["split"]
    persons = {str(s): int(p) for s, p in data.tracklets.groupby(split)["person"].nunique().items()}
    held = {
        "kind": "checkpoint",
        "method": config.model.name,
        "identity": identity(config),
        "command": shlex.join(["sticc", "train", *options(config)]),
        "data": {config.data.name: data.fingerprint()},
        "persons": persons,
        "tracklets": len(data.tracklets),
        "steps": steps_for(config),
        "step": facts.get("step"),
        "validation": trained.best,
        "cpu_seconds": round(trained.cpu_seconds, 1),
        "weights": zoo.weights_fingerprint(zoo.load(folder)[0]),
        "written": now(),
        **environment(),
    }
    held["machine"] = held["machine"] | computing(config)
    held["command"] = held["command"].replace(str(Path.home()), "~")
    write_json(folder / "manifest.json", without_places(held, project_root()))
    return write_card(folder)


def write_card(folder: Path, tested: Mapping[str, Mapping[str, float]] | None = None,
               command: str = "") -> Path:  # fmt: skip
    """Writes `README.md` from the folder's manifest.

    Args:
        folder: of the checkpoint.
        tested: condition -> measure -> value, where the model was tested since.
        command: that tested it.
    """
    manifest = read_json(folder / "manifest.json")
    if tested:
        manifest |= {"tested": tested, "tested_by": command}
        write_json(folder / "manifest.json", manifest)
    return write_text(folder / "README.md", card(manifest))


def card(manifest: Mapping[str, Any]) -> str:
    """The card's text: front matter for hubs, then Markdown."""
    settings = manifest["identity"]
    [(data, mark)] = manifest["data"].items()
    synthetic = data in SYNTHETIC
    name = f"{data} (synthetic)" if synthetic else data
    people = ", ".join(f"{count} {_plain(split)}" for split, count in manifest["persons"].items())
    learnt = (
        f"The set `{_plain(name)}`: {manifest['tracklets']} tracklets; persons: {people}. "
        f"Its fingerprint is `{mark}`. "
        + ("Every person in it was drawn or rendered; nobody was filmed for it." if
           synthetic else "It shows people; its own terms of use apply.")
    )  # fmt: skip
    machine = manifest["machine"]
    changes = "with uncommitted changes " + f"`{manifest['diff']}`" if manifest["diff"] else ""
    trained = (
        f"{manifest['steps']} steps (these weights: step {manifest['step']}) with "
        f"{settings['train.optimizer']}, rate {settings['train.lr']:g}, seed {settings['seed']}, "
        f"batches of {settings['train.persons']} persons x {settings['train.tracklets']} "
        f"tracklets, {machine['dtype']} on {_plain(machine['gpu'] or machine['cpu'])}, "
        f"{machine['threads']} thread(s), {manifest['cpu_seconds']:g} s of CPU time. "
        f"Code: commit `{manifest['commit'][:12] or 'unknown'}` {changes}. torch "
        f"{manifest['versions'].get('torch', 'unknown')}. All settings stand in `config.json`."
    )
    limit = f"It knows the cameras and persons of {_plain(data)}."
    if synthetic:
        limit = "It knows synthetic persons only: on real video it should be expected to do worse."
    text = TEXT.format(
        method=_plain(manifest["method"]), data=_plain(name), learnt=learnt, trained=trained,
        height=settings["model.height"], width=settings["model.width"],
        frames=settings["model.clip_length"], command=_plain(manifest["command"]),
        weights=manifest["weights"], reached=_reached(manifest, name), limit=limit,
        licence=_licence(settings)[1],
    )  # fmt: skip
    return f"---\n{_front(manifest, name)}---\n\n{text}"


def _front(manifest: Mapping[str, Any], name: str) -> str:
    """YAML: JSON's scalars and lists are YAML's, and cannot be broken out of."""
    results = [
        {"task": {"type": "image-feature-extraction", "name": "video person re-identification"},
         "dataset": {"type": _slug(where), "name": where},
         "metrics": [{"type": m, "name": MEASURES[m], "value": v} for m, v in scores.items()]}
        for where, scores in _scores(manifest, name).items()
    ]  # fmt: skip
    licence = _licence(manifest["identity"])[0]
    entries = {
        "license": licence,
        **({"license_name": "terms-of-the-training-data"} if licence == "other" else {}),
        "library_name": "sticc_lib",
        "pipeline_tag": "image-feature-extraction",
        "tags": ["person-re-identification", "video", "tracklets", manifest["method"]],
        "model-index": [{"name": manifest["method"], "results": results}],
    }
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in entries.items())


def _scores(manifest: Mapping[str, Any], name: str) -> dict[str, dict[str, float]]:
    found = {f"{name}, validation persons": manifest["validation"], **manifest.get("tested", {})}
    return {
        where: kept
        for where, scores in found.items()
        if (kept := {m: scores[m] for m in MEASURES if scores.get(m) is not None})
    }


def _reached(manifest: Mapping[str, Any], name: str) -> str:
    scores = _scores(manifest, name)
    if not scores:
        return "Nothing was measured: the set has no validation persons."
    rows = [f"| {_plain(where)} | " + " | ".join(f"{kept[m]:.3f}" if m in kept else "–"
            for m in MEASURES) + " |" for where, kept in scores.items()]  # fmt: skip
    best = manifest["validation"].get("step")
    told = f"Validation: measured while training (the command above), at step {best:g}; "
    told += (
        "these weights were chosen by it."
        if best == manifest["step"]
        else f"these weights are those of step {manifest['step']:g}."
    )
    if manifest.get("tested"):
        told += f" The rest: `{_plain(manifest['tested_by'])}`."
    return "\n".join([f"| Data | {' | '.join(MEASURES.values())} |", "|---|---|---|", *rows, "",
                      told])  # fmt: skip


def _licence(settings: Mapping[str, Any]) -> tuple[str, str]:
    """The hub's field and a sentence. CHOICE: what was learnt from others' data is under their
    terms as far as we know, so the field says `other` until somebody who knows fills it in."""
    data, trunk = settings["data.name"], settings["model.trunk.name"]
    start = settings["model.trunk.weights"]
    if data != "walkers" or (trunk not in OURS and start != "none"):
        return "other", (
            f"The code is under the MIT licence. These weights were learnt from `{_plain(data)}` "
            f"and may start from others' weights (trunk `{_plain(trunk)}`): their terms apply. "
            "Set the field `license` above before you share them."
        )
    from_imagenet = " The trunk starts from torchvision's ImageNet weights (BSD-3-Clause)."
    whence = from_imagenet if start == "embedded" else ""
    return "mit", f"MIT, like the code; trained on drawn persons only.{whence}"


def _plain(text: Any) -> str:
    """Text that Markdown takes as text: one line, nothing that opens a tag, link, code or cell."""
    line = " ".join(str(text).split())
    return re.sub(r"[<>\[\]`|\\]", lambda found: f"&#{ord(found[0])};", line)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "data"
