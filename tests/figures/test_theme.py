import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from sticc_lib.figures import theme


def contrast(colour):
    return 1.05 / (theme._luminance(*to_rgb(colour)) + 0.05)


def test_the_theme_leaves_matplotlib_as_it_was():
    before = dict(mpl.rcParams)
    with theme.theme():
        assert mpl.rcParams["text.parse_math"] is False
    assert dict(mpl.rcParams) == before


def test_known_methods_keep_their_look_whatever_stands_beside_them():
    alone = theme.method_styles(["mean_pool"])
    crowd = theme.method_styles(["my_net", "mean_pool", "other_net"])
    assert crowd["mean_pool"] == alone["mean_pool"] == theme.METHODS["mean_pool"]
    assert len({style[0] for style in crowd.values()}) == 3


def test_colours_and_markers_of_known_methods_never_coincide():
    styles = list(theme.METHODS.values())
    assert len({colour for colour, _, _ in styles}) == len(styles)
    core = ["sticc", "attention_pool_joint", "attention_pool", "mean_pool", "frozen", "stripes",
            "hsv_histogram"]  # fmt: skip
    assert len({theme.METHODS[name][1] for name in core}) == len(core)


def test_variants_of_sticc_are_told_apart_by_colour_and_marker_together():
    styles = [(colour, marker) for colour, marker, _ in theme.VARIANTS.values()]
    assert len(set(styles)) == len(styles)
    assert not set(theme.VARIANTS) & set(theme.METHODS)


def test_marks_differ_in_colour_and_in_sign():
    assert len({colour for colour, _ in theme.MARKS.values()}) == 3
    assert len({sign for _, sign in theme.MARKS.values()}) == 3


@pytest.mark.parametrize("colour", ["#56B4E9", "#E69F00", "#FFFFFF", "#000000"])
def test_text_in_any_colour_can_be_read_on_white(colour):
    assert contrast(theme.readable(colour)) >= 4.5


def test_text_on_a_colour_takes_the_better_of_ink_and_white():
    for colour in np.random.default_rng(0).uniform(0, 1, (50, 3)):
        light = theme._luminance(*colour)
        white, ink = 1.05 / (light + 0.05), (light + 0.05) / (
            theme._luminance(*to_rgb(theme.INK)) + 0.05
        )  # fmt: skip
        chosen = white if theme.on(colour) == "white" else ink
        assert chosen >= 3


def test_drawn_sets_are_called_synthetic():
    assert all("synthetic" in theme.condition(c) for c in
               ("walkers", "walkers_unseen_cameras", "walkers_unseen_occluders"))  # fmt: skip
