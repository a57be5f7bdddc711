"""Pixels to floats: the same numbers however they lie in memory, and what was given stays."""

import pytest
import torch

from sticc_lib.models import base
from sticc_lib.models.base import ModelSpec, normalise

SPEC = ModelSpec(4, (6, 5), (0.4, 0.5, 0.6), (0.2, 0.3, 0.4))


def wanted(pixels):
    mean, std = (torch.tensor(v).double().view(3, 1, 1) for v in (SPEC.mean, SPEC.std))
    return ((pixels.double() / 255 - mean) / std).float()


@pytest.mark.parametrize("lead", [(), (7,), (2, 4), (0,)])
@pytest.mark.parametrize("at_once", [1, 40, 2**17])
def test_layout_changes_no_bit(lead, at_once, monkeypatch):
    monkeypatch.setattr(base, "IN_CACHE", at_once)
    torch.manual_seed(0)
    rows = torch.randint(0, 256, (*lead, 6, 5, 3), dtype=torch.uint8)
    kept = rows.clone()
    turned = rows.movedim(-1, -3)
    fast, plain = normalise(turned, SPEC), normalise(turned.contiguous(), SPEC)
    assert torch.equal(fast, plain)
    torch.testing.assert_close(fast, wanted(turned), atol=1e-5, rtol=1e-5)
    assert torch.equal(rows, kept)
    assert fast.stride() == turned.stride()


def test_floats_that_are_given_stay():
    pixels = torch.rand(2, 3, 6, 5) * 255
    for given in (pixels, pixels.contiguous(memory_format=torch.channels_last)):
        kept = given.clone()
        normalise(given, SPEC)
        assert torch.equal(given, kept)
