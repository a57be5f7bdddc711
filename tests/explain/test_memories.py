"""Contents of a memory are what it gives where one item is all it reads."""

import numpy as np
import pytest
import torch

from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.memories import contents


def test_a_pattern_is_what_reading_its_item_alone_would_weigh(tiny):
    model = tiny().eval()
    memory = model.abstraction.spatial_memory
    with torch.no_grad():
        memory.kappa.fill_(200.0)  # an address of one item
        memory.keys.copy_(torch.eye(*memory.keys.shape))
        memory.values.copy_(torch.randn_like(memory.values))
        query = memory.norm.running_mean + memory.keys[2:3] * memory.norm.running_var.sqrt()
        read, address = memory(query)
    stored = contents(model).spatial
    assert address[0, 2] > 0.999
    np.testing.assert_allclose(stored.patterns[2], read[0].softmax(-1), atol=1e-3)
    np.testing.assert_allclose(stored.patterns.sum(1), 1, rtol=1e-5)


def test_no_address_passes_the_bound(tiny, coloured):
    from sticc_lib.explain.look import look

    model = tiny()
    seen, stored = look(model, coloured(), 0, "tiny"), contents(model)
    assert seen.map("abstraction.a").max() <= stored.spatial.largest
    assert seen.map("abstraction.b").max() <= stored.temporal.largest
    assert stored.spatial.kappa == pytest.approx(5)


def test_what_a_model_has_not_is_left_out(tiny):
    assert contents(tiny(spatial="off")).spatial is None
    assert contents(tiny(temporal="mean")).temporal is None
    assert contents(tiny(spatial="subtract")).spatial.patterns is None
    for model in (tiny(decoders="rg"), tiny("attention_pool")):
        with pytest.raises(CaptureError, match="has no memory"):
            contents(model)
