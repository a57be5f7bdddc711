"""Methods that live inside a ResNet-50: sizes, padding, gradients, what can be looked at."""

import pytest
import torch

from sticc_lib.config import ConfigError, ModelConfig, TrunkConfig
from sticc_lib.explain.capture import CaptureError, capture
from sticc_lib.models.base import ClipError
from sticc_lib.models.peers import methods
from sticc_lib.models.peers.bicnet_tks import apart, part_divergence, together
from sticc_lib.models.peers.common import spread
from sticc_lib.models.peers.sinet import info_nce
from sticc_lib.models.peers.sinet_parts import SalientToBroad, StatisticAttention
from sticc_lib.models.peers.tclnet import OrderedLearners

SIZE, PERSONS = (64, 64), 2
LENGTH = {"bicnet_tks": 8, "sinet": 4, "sbnet": 8, "idnet": 2, "sanet": 3, "tclnet": 6, "ap3d": 3}
BLIND = ("idnet", "c2d")


def build(name, time=None, **options):
    torch.manual_seed(0)
    trunk = TrunkConfig("resnet50", "none", -1)
    config = ModelConfig(name, time or LENGTH.get(name, 2), *SIZE, trunk)
    return methods.build(methods.METHODS[name], config, PERSONS)


def frames(time, batch=2):
    return torch.randn(batch, time, 3, *SIZE, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module", params=[*LENGTH, "c2d"])
def trained(request):
    """Name, model and its outcome after one backward."""
    model = build(request.param)
    for part in model.modules():  # what starts as zero would hide what stands before it
        if isinstance(part, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            torch.nn.init.ones_(part.weight)
    out = model(frames(model.spec.clip_length, 4))
    loss = sum(v.square().sum() for v in out.logits.values())
    if "projected" in out.extras:
        loss = loss + info_nce(out.extras["projected"], 2)
    if "parts" in out.extras:
        loss = loss + part_divergence(out.extras["parts"])
    loss.backward()
    return request.param, model, out


def test_training_gives_features_logits_and_gradients_to_every_parameter(trained):
    _, model, out = trained
    assert out.logits.keys() == out.features.keys()
    assert all(v.shape == (4, PERSONS) for v in out.logits.values())
    assert not {n for n, p in model.named_parameters() if p.grad is None}
    assert all(bool(torch.isfinite(p.grad).all()) for p in model.parameters())


def test_padded_frames_change_nothing_and_stand_for_real_ones(trained):
    _, model, _ = trained
    model.eval()
    time = model.spec.clip_length
    clips = frames(time)
    mask = torch.arange(time) < time - 1
    other = clips.clone()
    other[:, -1] = 7.0
    repeated = clips.clone()
    repeated[:, -1] = clips[:, 0]
    with torch.inference_mode():
        found = model(clips, mask.expand(2, -1)).embedding
        assert torch.equal(found, model(other, mask.expand(2, -1)).embedding)
        torch.testing.assert_close(found, model(repeated).embedding)
    covered = [i for part in model.blocks.values() for i in range(found.shape[1])[part]]
    assert covered == list(range(found.shape[1]))


def test_maps_can_be_looked_at_and_looking_changes_nothing(trained):
    name, model, _ = trained
    model.eval()
    clips = frames(model.spec.clip_length)
    with torch.inference_mode():
        plain = model(clips).embedding
        if name in BLIND:  # no attention of any kind
            with pytest.raises(CaptureError), capture(model):
                model(clips)
            return
        with capture(model) as maps:
            seen = model(clips).embedding
    assert torch.equal(seen, plain)
    assert len(maps) > 0
    for path, found in maps.items():
        assert found.value.ndim == len(found.axes), path
        assert len(found.value) == 2, path
        assert bool((found.value >= 0).all()), path
        if "frame" in found.axes:
            assert found.value.shape[found.axes.index("frame")] == model.spec.clip_length, path


@pytest.mark.parametrize(
    ("name", "time", "told"),
    [
        ("bicnet_tks", 6, "a multiple of 4"),
        ("sinet", 6, "a multiple of 4"),
        ("tclnet", 3, "an even"),
    ],
)
def test_clip_lengths_a_method_cannot_take_are_refused(name, time, told):
    with pytest.raises(ConfigError, match=told), torch.device("meta"):
        build(name, time)


def test_other_frame_sizes_and_other_trunks_are_refused():
    for name, size, told in (("bicnet_tks", (128, 80), "32"), ("c2d", (100, 64), "16")):
        config = ModelConfig(name, 8, *size, TrunkConfig("resnet50", "none", -1))
        with pytest.raises(ConfigError, match=f"expected multiples of {told}"):
            methods.build(methods.METHODS[name], config, PERSONS)
    config = ModelConfig("ap3d", 4, *SIZE, TrunkConfig("mobilenet_v2"))
    with pytest.raises(ConfigError, match="lives between the stages of a ResNet"):
        methods.build(methods.METHODS["ap3d"], config, PERSONS)


def test_plug_ins_stand_where_published_and_as_far_into_a_smaller_resnet():
    assert [spread(n, blocks) for n, blocks in ((2, 4), (3, 6), (1, 4))] == [[1, 3], [1, 3, 5], [3]]
    assert [spread(n, 2) for n in (2, 3, 1)] == [[0, 1], [0, 1, 1], [1]]


def test_the_streams_of_bicnet_come_together_in_the_order_of_frames():
    clip = torch.arange(16).view(2, 8)
    large, small = apart(clip)
    assert large[0].tolist() == [0, 4]
    assert small[0].tolist() == [1, 2, 3, 5, 6, 7]
    assert torch.equal(together(large, small), clip)


@pytest.mark.parametrize("name", ["bicnet_tks", "sinet", "idnet", "tclnet"])
def test_clips_of_another_length_or_size_than_the_model_was_built_for_are_refused(name):
    with torch.device("meta"):
        model = build(name)
    time = model.spec.clip_length
    assert not model.any_length
    with pytest.raises(ClipError, match=rf"\({time}, 3, 64, 64\), got \({2 * time}, 3, 64, 64\)"):
        model(frames(2 * time))
    with pytest.raises(ClipError, match=rf"\({time}, 3, 64, 64\), got \({time}, 3, 128, 64\)"):
        model(frames(time).repeat(1, 1, 1, 2, 1))


def test_the_sane_sinet_renews_its_statistics_once_a_step():
    for faithful, steps in ((True, 2), (False, 1)):
        config = build("c2d").settings
        model = methods.METHODS["c2d"].build(config, build("c2d").spec, PERSONS)
        model.faithful = faithful
        model(frames(2))
        assert int(model.head.bn.num_batches_tracked) == steps


def test_salient_positions_are_suppressed_and_the_first_frames_are_not():
    torch.manual_seed(0)
    part = SalientToBroad(32, position=1).eval()
    maps = 3 * torch.rand(2 * 8, 32, 6, 4)  # two clips of two runs
    with torch.inference_mode(), capture(part) as seen:
        part(maps, 8)
    kept = seen["kept"].value
    assert kept.shape == (2, 8, 24)
    first = torch.tensor([True, True, False, False] * 2)
    assert bool((kept[:, first] == 1).all())
    later = kept[:, ~first]
    assert bool((later > 0).all() & (later <= 1).all())
    assert 0 < float((later < 1).float().mean()) < 1


def test_a_clip_without_a_salient_position_is_guarded_only_in_the_sane_module():
    for faithful in (True, False):
        part = SalientToBroad(16, 0, faithful).eval()
        with torch.inference_mode():
            found = part(torch.ones(4, 16, 4, 4), 4)
        assert bool(torch.isfinite(found).all()) != faithful


def test_statistics_do_not_know_the_order_of_positions_and_have_length_one():
    rows = torch.randn(2, 30, 6) ** 3
    stats = StatisticAttention.statistics(rows)
    torch.testing.assert_close(stats.norm(dim=2), torch.ones(2, 5))
    turned = StatisticAttention.statistics(rows.flip(1))
    torch.testing.assert_close(stats, turned)


def test_three_rows_are_erased_and_two_at_a_rim():
    likeness = torch.zeros(3, 8, 4)
    for clip, row in enumerate((4, 0, 7)):
        likeness[clip, row] = 1.0
    likeness[1, 1] = likeness[2, 6] = 0.5  # their sums make the rim's rows the best
    rows = OrderedLearners.rows(likeness)
    # rows 3, 4 and 5 score alike around a lone row; the first of them counts
    assert rows.tolist() == [
        [1, 1, 0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0, 0, 0],
    ]  # fmt: skip


def test_parts_that_share_no_stripe_cost_nothing_and_the_first_gets_no_gradient():
    one = torch.eye(3).softmax(-1).requires_grad_()
    other = torch.eye(3).softmax(-1).requires_grad_()
    alike = part_divergence([one, other, other])
    alike.backward()
    assert one.grad is None
    assert other.grad is not None
    hard = [torch.eye(3)[[i] * 3] for i in range(3)]
    assert float(part_divergence(hard)) == pytest.approx(0, abs=1e-6)
    assert float(alike.detach()) > 0.3
