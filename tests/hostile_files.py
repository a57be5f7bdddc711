"""Files that would run something if they were opened carelessly, and every way to load a file."""

import io
import pickle
import shutil
from pathlib import Path

import numpy as np
import torch

from sticc_lib.values import Refusal


class Hostile:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def contents(trace):
    """Hostile files of several make: a plain pickle, what torch and numpy write around one."""
    plain = pickle.dumps({"model": Hostile(trace), "key": Hostile(trace)})
    torch_new, torch_old, array, arrays = (io.BytesIO() for _ in range(4))
    torch.save({"model": Hostile(trace)}, torch_new)
    torch.save({"model": Hostile(trace)}, torch_old, _use_new_zipfile_serialization=False)
    objects = np.array([Hostile(trace)], object)
    np.save(array, objects, allow_pickle=True)
    names = ("values", "header", "bounds", "boxes", "crops", "state", "templates", "folders",
             "stamps", "counts", "names", "assigned")  # fmt: skip
    np.savez(arrays, allow_pickle=True, **dict.fromkeys(names, objects))
    made = {"pickle": plain, "torch": torch_new.getvalue(), "old torch": torch_old.getvalue(),
            "npy": array.getvalue(), "npz": arrays.getvalue()}  # fmt: skip
    return made


def load_model(path):
    from sticc_lib.models import zoo

    zoo.load(path)


def load_model_folder(path):
    from sticc_lib.models import zoo

    shutil.copy(path, path.parent / "model.safetensors")
    zoo.load(path.parent)


def load_official(path):
    from sticc_lib.models.peers.imported import import_weights

    import_weights("psta", path, path.parent / "out")


def load_state(path):
    from sticc_lib.presets import preset
    from sticc_lib.training.state import Folder

    shutil.copy(path, path.parent / "state.pt")
    Folder(path.parent, "key", preset("smoke"), {}).read(None, None)


def load_embeddings(path):
    from sticc_lib.retrieval.embeddings import Embeddings

    Embeddings.load(path)


def load_pixels(path):
    from sticc_lib.tracklets.store import ArrayStore

    ArrayStore.open(path)


def load_pack(path):
    from sticc_lib.tracklets import packed

    packed.load(path)


def load_people(path):
    from sticc_lib.counting.individuals import Gallery

    Gallery.load(path)


def load_observation(path):
    from sticc_lib.counting.journal import Journal

    (path.parent / "intervals").mkdir()
    journal = Journal(path.parent, (8, 4), {})
    shutil.copy(path, journal._path(0))
    journal.read(0)


def load_grid(path):
    from sticc_lib.experiments.plain_yaml import read_yaml

    read_yaml(path)


def load_detector(path):
    from sticc_lib.counting.detector import Torchvision

    Torchvision("ssdlite320_mobilenet_v3_large", path)


def load_mat(path):
    from sticc_lib.tracklets.sources.files import read_mat

    problems = []
    read_mat(path, "tracks", problems)
    raise Refusal(str(problems[0]))


LOADERS = (
    load_model, load_model_folder, load_official, load_state, load_embeddings, load_pixels,
    load_pack, load_people, load_observation, load_grid, load_detector, load_mat,
)  # fmt: skip
