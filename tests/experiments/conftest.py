"""Settings so small that a method trains in a second, and one cache for all of these tests."""

import pytest

from sticc_lib.presets import preset

SMALL = {
    "data.train_persons": 6, "data.val_persons": 3, "data.test_persons": 4, "data.frames": 3,
    "model.height": 32, "model.width": 16, "model.clip_length": 3, "model.head.channels": 16,
    "train.steps": 6, "train.persons": 3, "train.tracklets": 2, "device": "cpu",
}  # fmt: skip


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    return tmp_path_factory.mktemp("drawn")


@pytest.fixture(autouse=True)
def own_cache(drawn, monkeypatch):
    """The walkers of these tests are drawn once."""
    monkeypatch.setenv("STICC_CACHE", str(drawn))


@pytest.fixture
def small():
    """small(seed=1, ...): a config that trains and tests in a second."""
    return lambda **overrides: preset("smoke", **(SMALL | overrides))


@pytest.fixture
def trained(small, drawn):
    """A run folder with STICC trained in it, by the first test that asks; read, never written."""
    from sticc_lib.experiments import session

    session.train_method(small(), drawn / "run" / "checkpoints" / "sticc")
    return drawn / "run"


@pytest.fixture
def overrides():
    return dict(SMALL)
