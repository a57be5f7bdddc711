"""V1 and V2 show the numbers of the look they are given, whatever the model and the clip."""

import numpy as np
import pytest
from matplotlib.collections import PolyCollection

from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.look import look
from sticc_lib.figures import attention, tiles
from sticc_lib.figures.captions import words


def bar_widths(figure, colour):
    """Widths of the filled boxes of one colour on a sheet, in the order they were drawn."""
    from matplotlib.colors import to_rgba

    found = []
    for part in figure.axes[0].findobj(PolyCollection):
        if len(part.get_facecolor()) == 1 and np.allclose(part.get_facecolor()[0], to_rgba(colour)):
            found += [np.ptp(path.vertices[:, 0]) for path in part.get_paths()]
    return found


@pytest.mark.parametrize("options", [{}, {"decoders": "rg"}, {"decoders": "mg"}, {"slots": 1}])
@pytest.mark.parametrize("lengths", [(5,), (2,)], ids=["two clips", "short"])
def test_every_slot_stands_by_name_and_nothing_is_clipped(tiny, coloured, texts, options, lengths):
    seen = look(tiny(**options), coloured(lengths=lengths), 0, "tiny")
    shown = texts(attention.slot_maps(seen, clip=len(seen) - 1))
    slots = seen.map("individual.rho").shape[-1]
    assert {f"slot {n}" for n in range(slots)} <= set(shown)
    assert "Where the slots of Q_ST look (M2, α): tiny" in shown


def test_the_bars_are_the_relevance_of_each_slot_then_of_the_selected_one(tiny, coloured):
    seen = look(tiny(), coloured(), 1, "tiny")
    figure = attention.slot_maps(seen, slot=2, head=1)
    rho = seen.map("individual.rho")[0, :, 1]  # [T S]
    grounds, dark = bar_widths(figure, tiles.HAIR), bar_widths(figure, tiles.MUTED)
    wanted = np.concatenate([rho.T.ravel(), rho[:, 2]])
    assert np.divide(dark[: len(wanted)], grounds) == pytest.approx(wanted, abs=1e-3)
    assert "Head 1 of 2" in words(figure).caption


@pytest.mark.parametrize("length", [1, 3, 8])
def test_self_attention_is_drawn_for_any_clip_and_says_that_inference_skips_it(
    tiny, coloured, texts, length
):
    seen = look(tiny(), coloured(), 1, "tiny", clip_length=length)
    figure = attention.self_attention(seen, frame=length - 1, row=3, column=1)
    shown = texts(figure)
    assert any(f"frame {length - 1}: patch at row 3, column 1" in text for text in shown)
    assert "does not feed the embedding" in words(figure).caption


def test_a_map_that_feeds_the_embedding_is_not_called_idle(tiny, coloured):
    figure = attention.self_attention(look(tiny(encoder="serial"), coloured(), 0, "tiny"))
    assert "does not feed" not in words(figure).caption


def test_an_even_map_has_all_its_entropy_and_no_patch_above_even(tiny, coloured, texts):
    seen = look(tiny(), coloured(), 0, "tiny")
    flat = np.full_like(seen.maps["common.attention"], 1 / 8)
    seen.maps["common.attention"] = flat
    shown = texts(attention.self_attention(seen))
    assert f"entropy {np.log(8):.2f} nats of at most ln 8 = {np.log(8):.2f}" in shown
    assert any(text.startswith("largest 1.0") for text in shown)


@pytest.mark.parametrize(
    ("draw", "state", "message"),
    [
        (attention.slot_maps, {"clip": 9}, "clip: 9; expected 0 to 0"),
        (attention.slot_maps, {"slot": 4}, "slot: 4; expected 0 to 3"),
        (attention.slot_maps, {"head": -2}, "head: -2; expected -1 to 1, -1 being the mean"),
        (attention.self_attention, {"row": 4}, "row: 4; expected 0 to 3"),
        (attention.self_attention, {"frame": -1}, "frame: -1; expected 0 to 2"),
    ],
)
def test_a_state_that_is_not_there_is_refused_with_its_range(tiny, coloured, draw, state, message):
    seen = look(tiny(), coloured(), 0, "tiny")
    with pytest.raises(ValueError, match=message):
        draw(seen, **state)


def test_a_model_without_the_map_says_what_it_has(tiny, coloured):
    with pytest.raises(CaptureError, match=r"no map common\.attention"):
        attention.self_attention(look(tiny(encoder="none"), coloured(), 0, "tiny"))
    floor = look(tiny("attention_pool"), coloured(), 0, "floor")
    with pytest.raises(CaptureError, match=r"no map individual\.alpha; it has weights"):
        attention.slot_maps(floor)


def test_tokens_stay_blocks_and_keep_their_places():
    cells = np.arange(6.0).reshape(3, 2)
    large = tiles.enlarged(cells[..., None], (7, 5))[..., 0]
    assert large.shape == (7, 5)
    assert (np.diff(large, axis=0) >= 0).all()
    assert set(np.unique(large)) == set(range(6))
    assert tiles.patch_box(1.0, 2.0, (2.0, 6.0), (2, 1), (3, 2)) == (2.0, 6.0, 1.0, 2.0)


def test_more_weight_shows_less_of_the_frame():
    frames = np.random.default_rng(0).integers(0, 256, (1, 8, 4, 3)).astype(np.uint8)
    colours = tiles.heat(4)
    spread = [float(tiles.overlaid(frames, np.full((1, 2, 2), v), colours).std(axis=(1, 2)).mean())
              for v in (0.0, 1.0, 4.0)]  # fmt: skip
    assert spread[0] > spread[1] > spread[2]
