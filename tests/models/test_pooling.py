"""The trained floors: the stem is STICC's, the width can be too, padded frames count nowhere."""

import pytest
import torch

from sticc_lib import losses
from sticc_lib.config import LossConfig
from sticc_lib.explain.capture import capture
from sticc_lib.models.pooling import Neck, Stem

FLOORS = ("mean_pool", "attention_pool", "attention_pool_joint")
B, T = 3, 4


def frames(time=T, seed=0):
    return torch.randn(B, time, 3, 32, 16, generator=torch.Generator().manual_seed(seed))


def stirred(model):
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model.eval()


def weights_of(model, clips, mask=None):
    with torch.no_grad(), capture(model) as maps:
        out = model(clips, mask)
    return out, maps["weights"].value


@pytest.mark.parametrize("name", FLOORS)
@pytest.mark.parametrize("position", ["none", "learned"])
def test_floors_have_the_stem_of_sticc(tiny, name, position):
    floor, sticc = tiny(name, position=position), tiny(position=position)
    assert type(floor.stem) is type(sticc.stem) is Stem
    assert str(floor.stem) == str(sticc.stem)
    shapes = [{n: p.shape for n, p in m.stem.named_parameters()} for m in (floor, sticc)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("name", FLOORS)
def test_width_control_gives_a_floor_as_many_numbers_as_sticc(tiny, name):
    sticc = tiny().eval()(frames()).embedding.shape
    floor = tiny(name, head={"width": 48, "channels": 16})
    assert floor.eval()(frames()).embedding.shape == sticc
    assert tiny(name).eval()(frames()).embedding.shape == (B, 16)
    assert floor.stem.reduce.out_channels == 16  # only the width differs


def test_mean_pool_is_the_mean_of_all_tokens_through_the_neck(tiny):
    model, clips = stirred(tiny("mean_pool")), frames()
    tokens = model.stem(model.trunk(clips.flatten(0, 1)), B)
    out = model(clips)
    torch.testing.assert_close(out.features["pooled"], tokens.mean((1, 2)))
    torch.testing.assert_close(out.embedding, model.neck.norm(tokens.mean((1, 2))))


def test_stripe_pool_keeps_the_order_from_head_to_feet(tiny):
    model, clips = stirred(tiny("stripe_pool", slots=2)), frames()
    tokens = model.stem(model.trunk(clips.flatten(0, 1)), B)  # [B T 4*2 C]
    wanted = torch.cat([tokens[:, :, :4].mean((1, 2)), tokens[:, :, 4:].mean((1, 2))], 1)
    torch.testing.assert_close(model(clips).features["pooled"], wanted)
    mask = torch.tensor([[True, True, False, False]] * B)
    masked = model(clips, mask).embedding
    torch.testing.assert_close(masked, model(clips[:, :2]).embedding)


@pytest.mark.parametrize("joint", [False, True])
def test_attention_pool_by_hand(tiny, joint):
    model = stirred(tiny("attention_pool_joint" if joint else "attention_pool"))
    clips = frames()
    tokens = model.stem(model.trunk(clips.flatten(0, 1)), B)  # [B T N C]
    out, weights = weights_of(model, clips)
    width = tokens.shape[-1] // model.heads
    for b in range(B):
        for h in range(model.heads):
            scores = model.score(tokens[b])[..., h]  # [T N]
            wanted = scores.flatten().softmax(0).view_as(scores) if joint else scores.softmax(1) / T
            torch.testing.assert_close(weights[b, :, h], wanted)
            own = tokens[b, ..., h * width : (h + 1) * width]
            part = out.features["pooled"][b, h * width : (h + 1) * width]
            torch.testing.assert_close(part, (wanted.unsqueeze(-1) * own).sum((0, 1)))
    torch.testing.assert_close(weights.sum((1, 3)), torch.ones(B, model.heads))
    a_frame = weights.sum(3)
    assert torch.allclose(a_frame, torch.full_like(a_frame, 1 / T)) is not joint


@pytest.mark.parametrize("name", ["attention_pool", "attention_pool_joint"])
def test_attention_pool_starts_as_the_mean(tiny, name):
    weights = weights_of(tiny(name).eval(), frames())[1]
    torch.testing.assert_close(weights, torch.full_like(weights, 1 / (T * weights.shape[-1])))


@pytest.mark.parametrize("name", FLOORS)
@pytest.mark.parametrize("position", ["none", "learned"])
def test_padded_frames_leave_a_floor_unchanged(tiny, name, position):
    model = stirred(tiny(name, position=position))
    clips = frames()
    mask = torch.tensor([[True, False, True, True]] * 2 + [[True] * 3 + [False]])
    together = model(clips, mask).embedding
    for row in range(B):
        alone = model(clips[row : row + 1, mask[row]]).embedding[0]
        torch.testing.assert_close(together[row], alone, rtol=0, atol=1e-5)
    if name != "mean_pool":
        weights = weights_of(model, clips, mask)[1]
        assert (weights.transpose(1, 2).sum(-1).transpose(1, 2)[~mask] == 0).all()
        torch.testing.assert_close(weights.sum((1, 3)), torch.ones(B, model.heads))


@pytest.mark.parametrize("name", FLOORS)
@pytest.mark.parametrize("options", [{}, {"position": "learned"}, {"heads": 1}])
def test_every_parameter_of_a_floor_gets_a_gradient(tiny, name, options):
    model = tiny(name, **options).train()
    out = model(frames(), torch.tensor([[True] * 4, [True] * 4, [True, True, False, False]]))
    persons = torch.tensor([0, 0, 1])
    losses.total(out.features, out.logits, out.extras, persons, LossConfig())[0].backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name


def test_position_matters_only_when_it_is_on(tiny):
    for name in FLOORS:
        model = stirred(tiny(name, position="learned"))
        plain = model(frames()).embedding
        with torch.no_grad():
            model.stem.position.copy_(model.stem.position.flip(0))
        assert not torch.allclose(model(frames()).embedding, plain, atol=1e-4), name
        assert tiny(name).stem.position is None


def test_neck_has_no_bias_and_classifies_what_the_batchnorm_gives():
    neck = Neck(6, 4).train()
    normal, logits = neck(torch.randn(5, 6) + 3)
    torch.testing.assert_close(normal.mean(0), torch.zeros(6), atol=1e-5, rtol=0)
    torch.testing.assert_close(logits, normal @ neck.classifier.weight.T)
    assert neck.classifier.bias is None
    assert not neck.norm.bias.requires_grad
    assert neck.norm.bias.abs().sum() == 0
