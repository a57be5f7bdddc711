"""bf16: a choice, or what the hardware is made for."""

import torch

from sticc_lib.models.precision import wants_bf16


def test_bf16_is_a_choice_and_auto_asks_the_device():
    cpu = torch.device("cpu")
    assert wants_bf16("on", cpu) is True
    assert wants_bf16("off", torch.device("cuda")) is False
    assert isinstance(wants_bf16("auto", cpu), bool)
    assert wants_bf16("auto", torch.device("mps")) is False
