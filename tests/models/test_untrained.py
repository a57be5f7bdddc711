"""Floors without training: by hand on pictures of one colour, padding and stripes."""

import colorsys

import pytest
import torch

from sticc_lib.models.base import normalise
from sticc_lib.models.untrained import HUE, SATURATION, STRIPES, VALUE, _hsv_bins

BINS = HUE * SATURATION * VALUE


def clip_of(colours, spec, height=36, width=8):
    """Normalised frames [1 T 3 H W], each of one RGB colour."""
    pixels = torch.tensor(colours, dtype=torch.uint8).view(1, -1, 3, 1, 1)
    return normalise(pixels.expand(-1, -1, -1, height, width), spec)


def bin_of(rgb):
    """The joint bin, from the standard library's HSV."""
    h, s, v = colorsys.rgb_to_hsv(*(c / 255 for c in rgb))
    bins = [min(int(x * n), n - 1) for x, n in ((h, HUE), (s, SATURATION), (v, VALUE))]
    return (bins[0] * SATURATION + bins[1]) * VALUE + bins[2]


@pytest.mark.parametrize(
    "rgb", [(200, 30, 40), (20, 220, 90), (10, 40, 200), (90, 100, 97), (255, 255, 255),
            (250, 20, 245), (120, 110, 10)],
)  # fmt: skip
def test_histogram_of_one_colour_is_one_bin_a_stripe(tiny, rgb):
    model = tiny("hsv_histogram").eval()
    found = model(clip_of([rgb, rgb], model.spec)).embedding[0].view(STRIPES, BINS)
    for stripe in found:
        assert stripe.argmax() == bin_of(rgb)
        # Hellinger: square roots of shares that sum to one over all stripes
        assert float(stripe.max()) == pytest.approx((1 / STRIPES) ** 0.5, abs=1e-5)
    assert float(found.square().sum()) == pytest.approx(1, abs=1e-5)


def test_bins_of_random_colours_are_the_standard_librarys():
    colours = torch.randint(0, 256, (500, 3), generator=torch.Generator().manual_seed(0))
    found = _hsv_bins((colours.float() / 255).T.reshape(3, 500, 1)).flatten()
    wanted = torch.tensor([bin_of(c) for c in colours.tolist()])
    assert (found == wanted).float().mean() > 0.99  # rounding at the borders of a bin


def test_stripes_keep_the_order_from_head_to_feet(tiny):
    model = tiny("hsv_histogram").eval()
    upper, lower = (clip_of([c], model.spec) for c in ((200, 30, 40), (10, 40, 200)))
    frame = torch.cat([upper[..., :18, :], lower[..., 18:, :]], dim=-2)
    found = model(frame).embedding[0].view(STRIPES, BINS)
    owners = [int(stripe.argmax()) for stripe in found]
    assert owners == [bin_of((200, 30, 40))] * 3 + [bin_of((10, 40, 200))] * 3
    assert not torch.equal(model(frame.flip(-2)).embedding, model(frame).embedding)


@pytest.mark.parametrize("name", ["hsv_histogram", "frozen", "stripes"])
def test_padded_frames_count_nowhere(tiny, name):
    model = tiny(name).eval()
    clips = torch.randn(2, 4, 3, 32, 16, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[True, True, False, False], [True, False, True, True]])
    together = model(clips, mask).embedding
    for row in range(2):
        alone = model(clips[row : row + 1, mask[row]]).embedding[0]
        torch.testing.assert_close(together[row], alone)


def test_frozen_is_the_trunks_mean_and_stripes_are_its_parts_of_length_one(tiny):
    frozen, stripes = tiny("frozen").eval(), tiny("stripes").eval()
    clips = torch.randn(2, 3, 3, 48, 16, generator=torch.Generator().manual_seed(0))
    maps = frozen.trunk(clips.flatten(0, 1)).unflatten(0, (2, 3))  # [2 3 64 6 2]
    torch.testing.assert_close(frozen(clips).embedding, maps.mean((1, 3, 4)))
    found = stripes(clips).embedding.view(2, STRIPES, -1)
    for stripe in range(STRIPES):
        part = maps[:, :, :, stripe].mean((1, 3))
        torch.testing.assert_close(found[:, stripe], part / part.norm(dim=1, keepdim=True))
