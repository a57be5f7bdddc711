"""What a training keeps: nothing half-written, damage named, the old state safe on a full disk."""

import os
import resource

import pytest
import torch
from safetensors import SafetensorError

from sticc_lib.models import zoo
from sticc_lib.presets import preset
from sticc_lib.training import TrainingError
from sticc_lib.training.state import Folder, Progress


@pytest.fixture
def config():
    return preset("smoke", **{"model.height": 32, "model.width": 16, "model.head.channels": 16})


@pytest.fixture
def model(config):
    torch.manual_seed(0)
    return zoo.build("sticc", 4, config=config.model)


@pytest.fixture
def optimizer(model):
    return torch.optim.Adam([p for p in model.parameters() if p.requires_grad])


def folder(path, config, key="k"):
    return Folder(path, key, config, {"classes": [1, 2, 3, 4]})


def everything(path):
    return {p.relative_to(path): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def test_progress_comes_back_as_it_was(tmp_path, config, model, optimizer):
    kept = folder(tmp_path, config)
    assert kept.read(model, optimizer) == Progress()
    progress = Progress(7, 1.5, {"step": 5, "mAP": 0.25}, [{"step": 1, "loss": 0.1 + 0.2}])
    before = zoo.weights_fingerprint(model)
    kept.save("best", progress, model)
    kept.write(progress, model, optimizer)
    with torch.no_grad():
        model.individual.slots.add_(1)
    assert kept.read(model, optimizer) == progress
    assert zoo.weights_fingerprint(model) == before


def test_damaged_states_are_named_and_say_the_remedy(tmp_path, config, model, optimizer):
    kept, path = folder(tmp_path, config), tmp_path / "state.pt"
    kept.write(Progress(), model, optimizer)
    whole = path.read_bytes()
    for damage in (b"", whole[: len(whole) // 2], b"not a state"):
        path.write_bytes(damage)
        with pytest.raises(TrainingError, match=r"state.pt: damaged .*; delete it to start anew"):
            kept.read(model, optimizer)
    for foreign in ({"weights": 1}, [1, 2], {"key": "k", "model": {}}):
        torch.save(foreign, path)
        with pytest.raises(TrainingError, match=r"state.pt: damaged"):
            kept.read(model, optimizer)


def flip(path):
    """Another number among the weights, which torch would read without a word."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 64
    path.write_bytes(content)


def test_one_flipped_bit_is_noticed_and_the_state_before_is_used(
    tmp_path, config, model, optimizer, capsys
):
    kept, path = folder(tmp_path, config), tmp_path / "state.pt"
    for step in (1, 2):
        kept.write(Progress(step), model, optimizer)
    path.write_bytes(path.read_bytes())  # the same once more is no damage
    assert kept.read(model, optimizer).step == 2
    flip(path)
    assert kept.read(model, optimizer).step == 1
    assert "state.pt is damaged" in capsys.readouterr().err
    flip(tmp_path / "previous.pt")
    with pytest.raises(TrainingError, match=r"state.pt: damaged .*previous.pt"):
        kept.read(model, optimizer)


def test_a_state_is_read_without_unpickling_code(tmp_path, config, model, optimizer):
    marker = tmp_path / "ran"

    class Trap:
        def __reduce__(self):
            return (open, (str(marker), "w"))

    torch.save({"key": Trap()}, tmp_path / "state.pt")
    with pytest.raises(TrainingError, match="damaged"):
        folder(tmp_path, config).read(model, optimizer)
    assert not marker.exists()


@pytest.fixture
def full_disk():
    """A real failure in the middle of a write: files cannot grow past 20 kB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_up_leaves_every_old_file_whole(
    tmp_path, config, model, optimizer, full_disk
):
    kept = folder(tmp_path, config)
    kept.write(Progress(1), model, optimizer)
    kept.save("best", Progress(1), model)
    before = everything(tmp_path)
    with torch.no_grad():
        model.individual.slots.add_(1)
    full_disk()
    with pytest.raises(TrainingError, match=r"state.pt: cannot be written \(.*last good state"):
        kept.write(Progress(2), model, optimizer)
    with pytest.raises(TrainingError, match=r"best: cannot be written .*Make room"):
        kept.save("best", Progress(2), model)
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("PytorchStreamWriter failed"),
              SafetensorError("I/O error")],
)  # fmt: skip
def test_every_way_a_write_fails_is_told_alike(
    tmp_path, config, model, optimizer, monkeypatch, error
):
    kept = folder(tmp_path, config)
    kept.write(Progress(1), model, optimizer)
    kept.save("best", Progress(1), model)
    before = everything(tmp_path)

    def fail(_, path, *__):
        with open(path, "wb") as stream:
            stream.write(b"half")
        raise error

    monkeypatch.setattr(torch, "save", fail)
    monkeypatch.setattr("safetensors.torch.save_file", fail)
    with pytest.raises(TrainingError, match="cannot be written"):
        kept.write(Progress(2), model, optimizer)
    with pytest.raises(TrainingError, match="cannot be written"):
        kept.save("best", Progress(2), model)
    assert everything(tmp_path) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path, config, model, optimizer):
    tmp_path.chmod(0o500)
    with pytest.raises(TrainingError, match=r"cannot be written .*nothing was saved yet"):
        folder(tmp_path, config).write(Progress(1), model, optimizer)
