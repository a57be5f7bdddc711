"""What several test files share: one thread, a cache of their own, tiny models and tracklets."""

import pytest
from browsing import chromium
from coloured_set import HEIGHT, PERSONS, WIDTH, coloured_set


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Bitwise repeats are promised for one thread count; two cores are shared."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def browser():
    """A headless browser, or the reason why there is none."""
    with chromium() as started:
        yield started


@pytest.fixture
def own_cache(tmp_path_factory, monkeypatch):
    """An empty cache for this test, instead of the project's."""
    monkeypatch.setenv("STICC_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def tiny():
    """tiny("sticc", slots=3, ...): a model of 32x16 frames, 4x2 tokens, 16 channels, seeded."""
    import torch

    from sticc_lib.models import zoo

    def build(name="sticc", persons=PERSONS, **options):
        torch.manual_seed(0)
        shape = {"height": HEIGHT, "width": WIDTH, "channels": 16, "clip_length": 3}
        return zoo.build(name, persons, preset="smoke", **(shape | options))

    return build


@pytest.fixture
def coloured():
    """The function that makes a set of coloured rectangles."""
    return coloured_set
