"""The decoder memory: cosine along C, a scale that lets an address be sharp."""

import math

import pytest
import torch

from sticc_lib.models.memory import Memory, information, largest_address


def test_address_is_a_scaled_cosine_of_normalised_query_and_keys():
    torch.manual_seed(0)
    memory = Memory(items=3, channels=6, value_width=4, kappa=5.0).eval()
    memory.norm.running_mean.normal_()
    memory.norm.running_var.uniform_(0.5, 2)
    query = torch.randn(7, 6)
    read, address = memory(query)
    for row in range(7):
        normal = (query[row] - memory.norm.running_mean) / (memory.norm.running_var + 1e-5).sqrt()
        cosines = [torch.cosine_similarity(normal, key, dim=0) for key in memory.keys]
        wanted = (5 * torch.stack(cosines)).softmax(0)
        torch.testing.assert_close(address[row], wanted)
        torch.testing.assert_close(
            read[row], sum(w * v for w, v in zip(wanted, memory.values, strict=True))
        )
    torch.testing.assert_close(address.sum(1), torch.ones(7))


def test_length_of_a_key_does_not_matter_but_its_direction_does():
    memory = Memory(4, 6, 2, 5.0).eval()
    query = torch.randn(5, 6)
    before = memory(query)[1]
    with torch.no_grad():
        memory.keys[1] *= 7
    torch.testing.assert_close(memory(query)[1], before)
    with torch.no_grad():
        memory.keys[1] *= -1
    assert not torch.allclose(memory(query)[1], before, atol=1e-3)


def test_a_common_offset_of_all_queries_does_not_deaden_the_memory():
    """The reason of the BatchNorm: without it one address would serve all."""
    torch.manual_seed(1)
    memory = Memory(4, 16, 2, 5.0)
    address = memory(torch.randn(64, 16) + 50)[1]
    assert information(address) > 0.2


def test_largest_address_is_what_scale_and_number_of_items_allow():
    # sticc.md, section 3: "0.45 for M=10, 0.28 for M=20" without a scale, 0.996 for M=100 at 5
    assert largest_address(1, 10) == pytest.approx(0.45, abs=0.005)
    assert largest_address(1, 20) == pytest.approx(0.28, abs=0.005)
    assert largest_address(5, 100) == pytest.approx(0.996, abs=0.001)
    cosines = torch.tensor([1.0] + [-1.0] * 9)
    assert largest_address(2, 10) == pytest.approx(float((2 * cosines).softmax(0)[0]))


def test_information_is_zero_for_one_address_and_log_m_for_a_covering_one():
    assert information(torch.full((6, 3), 1 / 3)) == pytest.approx(0, abs=1e-6)
    assert information(torch.tensor([[0.7, 0.3]] * 5)) == pytest.approx(0, abs=1e-6)
    assert information(torch.eye(4).repeat(3, 1)) == pytest.approx(math.log(4), abs=1e-6)


def test_addresses_stay_exact_under_autocast():
    memory = Memory(4, 16, 2, 5.0).eval()
    query = torch.randn(9, 16)
    with torch.autocast("cpu", torch.bfloat16):
        read, address = memory(query)
    assert address.dtype == torch.float32
    torch.testing.assert_close(address, memory(query)[1], rtol=0, atol=1e-6)
    torch.testing.assert_close(read, memory(query)[0], rtol=0, atol=1e-6)
