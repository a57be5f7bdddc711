"""STICC's rungs: M1 alone and M2 without decoders, as the ablation wants them."""

import pytest
import torch

CLIPS = torch.randn(2, 3, 3, 64, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=[("common_pool", {}), ("evidence_pool", {}),
                        ("evidence_pool", {"encoder": "none"})])  # fmt: skip
def rung(request, tiny):
    name, options = request.param
    torch.manual_seed(1)
    return tiny(name, **options).eval()


def test_frames_may_come_in_any_order(rung):
    one, other = rung(CLIPS).embedding, rung(CLIPS[:, [2, 0, 1]]).embedding
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_padded_frames_do_not_count(rung):
    padded = torch.cat([CLIPS, torch.full_like(CLIPS[:, :1], 9.0)], dim=1)
    mask = torch.tensor([[True] * 3 + [False]] * 2)
    found, wanted = rung(padded, mask).embedding, rung(CLIPS).embedding
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_the_common_branch_teaches_but_is_not_ranked(tiny):
    torch.manual_seed(1)
    with_m1 = tiny("evidence_pool")
    without = tiny("evidence_pool", encoder="none")
    missing = without.load_state_dict(
        {k: v for k, v in with_m1.state_dict().items() if k in without.state_dict()}
    )
    assert not missing.missing_keys
    torch.testing.assert_close(with_m1.eval()(CLIPS).embedding, without.eval()(CLIPS).embedding)
    assert set(with_m1.train()(CLIPS).logits) == {"pooled", "common"}
    assert set(without.train()(CLIPS).logits) == {"pooled"}


def test_every_weight_of_m1_alone_learns(tiny):
    model = tiny("common_pool").train()
    model(CLIPS).logits["pooled"].square().sum().backward()
    idle = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert idle == []


def test_m3_alone_can_be_as_wide_as_the_whole(tiny):
    model = tiny("sticc", decoders="rg", **{"head.width": 48}).eval()
    assert model(CLIPS).embedding.shape == (2, 48)
    assert model.blocks == {"RV_FG": slice(0, 48)}
