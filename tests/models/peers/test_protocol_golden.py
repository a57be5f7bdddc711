"""Every method's test clips are the official ones, frame by frame, and stand in its spec."""

import json

import goldens
import numpy as np
import pytest
import torch

from sticc_lib.models.peers import methods
from sticc_lib.models.peers.clips import cycled
from sticc_lib.tracklets.sampling import test_clips as cut_clips

RULES = {
    "BiCNet.all": ("bicnet_tks", 8, "wrapped"), "BiCNet.quick8": ("", 8, "interval"),
    "SINet.all": ("sinet", 4, "ordered"), "SINet.quick4": ("", 4, "first_of_blocks"),
    "PSTA.begin_interval": ("psta", 8, "interval"), "PSTA.dense": ("", 8, "strided"),
    "GRL.dense": ("grl", 8, "dense"), "GRL.rrs_test": ("", 8, "first"),
    "STMN.all": ("stmn", 6, "swung"), "STMN.rrs_test": ("", 6, "first"),
}  # fmt: skip
"""Key of the golden -> method whose final test it is, T, our policy."""


@pytest.mark.parametrize("key", RULES)
def test_clips_of_all_lengths_are_the_official_ones(key):
    table = json.loads((goldens.folder("PROTOCOL") / "clips.json").read_text())
    [expected] = [value for name, value in table.items() if name.split(" ")[0] == key]
    _, time, policy = RULES[key]
    assert len(expected) >= 20
    for length, clips in expected.items():
        frames, mask = cut_clips(int(length), time, policy)
        if policy == "dense":  # padded frames are filled by the model
            frames = cycled(torch.from_numpy(frames), torch.from_numpy(mask)).numpy()
        np.testing.assert_array_equal(frames, clips, err_msg=f"{key}, {length} frames")


def test_the_final_test_of_a_method_is_the_policy_of_its_spec():
    for name, _, policy in RULES.values():
        if name:
            assert methods.METHODS[name].policy == policy
    assert {n for n, m in methods.METHODS.items() if m.flip} == {"stmn"}
    assert {n for n, m in methods.METHODS.items() if m.distance != "cosine"} == {"grl"}
