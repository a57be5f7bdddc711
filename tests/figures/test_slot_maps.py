import numpy as np
import pytest
from matplotlib.patches import Rectangle

from sticc_lib.figures import attention


def made(time, slots, down=4, across=2):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (time, 3, 16, 8)).astype(np.uint8)
    alpha = rng.dirichlet(np.ones(down * across), (time, slots)).reshape(time, slots, down, across)
    return frames, alpha, rng.dirichlet(np.ones(time), slots).T


@pytest.mark.parametrize(("time", "slots"), [(1, 1), (4, 4), (8, 8), (30, 2)])
def test_every_slot_has_a_map_of_every_frame_and_nothing_is_clipped(texts, time, slots):
    figure = attention.slot_maps(*made(time, slots), "untrained STICC")
    shown = texts(figure)
    assert [t for t in shown if t.startswith("slot ")] == [f"slot {n + 1}" for n in range(slots)]
    assert "Where the slots of Q_ST look: untrained STICC" in shown
    assert len(figure.axes[0].images) == time * (slots + 1)


def test_colour_is_attention_and_the_bar_relevance():
    frames, alpha, rho = made(2, 1)
    figure = attention.slot_maps(frames, alpha, rho, "a model")
    images = [np.asarray(i.get_array()) for i in figure.axes[0].images]
    assert (images[0] == np.moveaxis(frames[0], 0, -1)).all()
    light = np.concatenate([image.sum(axis=-1).ravel() for image in images[2:]])
    assert light.argmax() == alpha.ravel().argmax()
    widths = [p.get_width() for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    assert np.divide(widths[1::2], widths[0::2]) == pytest.approx(rho[:, 0])
