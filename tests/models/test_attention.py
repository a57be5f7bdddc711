"""Attention: fused or explicit, the same numbers; masked weights are exactly zero."""

import pytest
import torch

from sticc_lib.models.attention import (
    FeedForward,
    SelfAttention,
    Tap,
    join_heads,
    masked_softmax,
    split_heads,
)


def by_hand(query, key, value, heads):
    """[n L C]: every head on its own, with loops."""
    width = query.shape[-1] // heads
    parts = []
    for head in range(heads):
        own = slice(head * width, (head + 1) * width)
        scores = torch.einsum("nlc,nmc->nlm", query[..., own], key[..., own]) / width**0.5
        parts.append(torch.einsum("nlm,nmc->nlc", scores.softmax(-1), value[..., own]))
    return torch.cat(parts, -1)


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_fused_and_explicit_attention_agree_with_the_definition(heads):
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 5, 8), torch.randn(3, 7, 8), torch.randn(3, 7, 8)
    attention, seen = SelfAttention(heads), []
    fused = attention(query, key, value)
    attention.receive = lambda weights, feeds: seen.append((weights, feeds))
    explicit = attention(query, key, value, feeds_embedding=False)
    torch.testing.assert_close(fused, explicit, rtol=0, atol=1e-5)
    torch.testing.assert_close(fused, by_hand(query, key, value, heads), rtol=0, atol=1e-5)
    ((weights, feeds),) = seen
    assert weights.shape == (3, heads, 5, 7)
    assert feeds is False
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, heads, 5))


def test_a_tap_passes_its_tensor_on_and_shows_it_only_when_asked():
    tap, value, seen = Tap(), torch.randn(2, 3), []
    assert tap(value) is value
    tap.receive = lambda *what: seen.append(what)
    assert tap(value) is value
    assert seen[0][0] is value
    assert seen[0][1] is True
    assert not tap.state_dict()


def test_heads_are_split_and_joined_without_mixing():
    tokens = torch.arange(2 * 3 * 8.0).view(2, 3, 8)
    split = split_heads(tokens, 4)
    assert split.shape == (2, 4, 3, 2)
    assert split[1, 2, 0].tolist() == tokens[1, 0, 4:6].tolist()
    assert torch.equal(join_heads(split), tokens)


def test_a_feed_forward_block_starts_as_the_identity_and_learns():
    block, tokens = FeedForward(8, 2), torch.randn(4, 8)
    assert torch.equal(block(tokens), tokens)
    block(tokens).square().sum().backward()
    assert block.fall.weight.grad is not None
    assert block.fall.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_masked_softmax_gives_hidden_entries_nothing(dtype):
    scores = torch.tensor([[1e4, 2.0, 1.0]], dtype=dtype)
    mask = torch.tensor([[False, True, True]])
    weights = masked_softmax(scores, mask, -1)
    assert weights[0, 0] == 0
    torch.testing.assert_close(weights[:, 1:], scores[:, 1:].softmax(-1))
    assert torch.equal(masked_softmax(scores, None, -1), scores.softmax(-1))
