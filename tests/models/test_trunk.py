"""Trunks: strides, halves, weights from where they are said to come from."""

import urllib.error

import pytest
import torch
from torch import nn

from sticc_lib.config import ConfigError, TrunkConfig
from sticc_lib.models import trunk as trunks
from sticc_lib.models.trunk import Trunk, build_trunk
from sticc_lib.run import project_root

SOURCE = project_root().parent / "shared/data/weights/mobilenet_v2-b0353104.pth"


def built(name, size=(64, 32), weights="none", blocks=-1):
    torch.manual_seed(0)
    return build_trunk(TrunkConfig(name, weights, blocks), size).eval()


@pytest.fixture
def tiny_vit(monkeypatch):
    """ViT-B/16 with two narrow layers: the real one has 86 M weights."""
    from torchvision import models

    def make(weights=None, **_):
        return models.VisionTransformer(224, 16, 2, 2, 32, 64)

    monkeypatch.setattr(models, "vit_b_16", make)


@pytest.mark.parametrize(
    ("name", "channels", "stride"),
    [("small", 64, 8), ("resnet18", 512, 16), ("mobilenet_v2", 96, 16)],
)
def test_map_has_the_channels_and_stride_that_are_said(name, channels, stride):
    trunk = built(name)
    maps = trunk(torch.randn(2, 3, 64, 32))
    assert maps.shape == (2, channels, 64 // stride, 32 // stride)
    assert (trunk.channels, trunk.stride) == (channels, stride)


def test_resnet50_keeps_its_resolution_in_the_last_stage():
    from torchvision.models import resnet50

    with torch.device("meta"):
        ours = built("resnet50", (256, 128))
        theirs = resnet50()
        frames = torch.empty(1, 3, 256, 128)
        assert ours(frames).shape == (1, 2048, 16, 8)
    assert [p.shape for p in ours.parameters()] == [
        p.shape for n, p in theirs.named_parameters() if not n.startswith("fc")
    ]


def test_resnet18_is_torchvisions_but_for_the_last_stride():
    from torchvision.models import resnet18

    ours = built("resnet18")
    torch.manual_seed(0)
    theirs = resnet18().eval()
    frames = torch.randn(1, 3, 64, 32)
    stem = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(frames))))
    wanted = theirs.layer3(theirs.layer2(theirs.layer1(stem)))
    torch.testing.assert_close(ours.trainable[:4](frames), wanted)
    assert ours(frames)[:, :, ::2, ::2].shape == theirs.layer4(wanted).shape


@pytest.mark.usefixtures("tiny_vit")
def test_vit_gives_a_map_on_the_frames_own_grid():
    trunk = built("vit_b16", (256, 128))
    assert trunk(torch.randn(2, 3, 256, 128)).shape == (2, 32, 16, 8)
    assert len(trunk.trainable) == 3  # patches, two layers


@pytest.mark.usefixtures("tiny_vit")
def test_vit_on_its_own_grid_is_torchvisions():
    from torchvision import models

    ours = built("vit_b16", (224, 224))
    torch.manual_seed(0)
    theirs = models.vit_b_16().eval()
    frames = torch.randn(1, 3, 224, 224)
    tokens = torch.cat([theirs.class_token, theirs._process_input(frames)], 1)
    wanted = theirs.encoder(tokens)[:, 1:]  # [1 196 32]
    torch.testing.assert_close(ours(frames).flatten(2).mT, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("blocks", "frozen"), [(-1, 0), (0, 4), (1, 3), (4, 0)])
def test_trunk_is_cut_where_it_is_said_and_the_frozen_half_never_changes(blocks, frozen):
    trunk = built("small", blocks=blocks).train()
    assert len(trunk.frozen) == frozen
    assert not any(p.requires_grad for p in trunk.frozen.parameters())
    assert all(p.requires_grad for p in trunk.trainable.parameters())
    before = {k: v.clone() for k, v in trunk.frozen.state_dict().items()}
    trunk.train()
    trunk(torch.randn(4, 3, 64, 32))
    assert all(torch.equal(before[k], v) for k, v in trunk.frozen.state_dict().items())
    assert not any(m.training for m in trunk.frozen.modules())
    assert all(m.training for m in trunk.trainable.modules())


@pytest.mark.parametrize("blocks", [-2, 5])
def test_more_trainable_blocks_than_there_are_is_refused(blocks):
    with pytest.raises(ConfigError, match="it has 4 blocks"):
        built("small", blocks=blocks)


@pytest.mark.parametrize("name", ["small", "resnet18"])
def test_weights_that_are_not_embedded_are_refused(name):
    with pytest.raises(ConfigError, match="only mobilenet_v2 is embedded"):
        built(name, weights="embedded")


def test_small_trunk_has_no_imagenet_weights():
    with pytest.raises(ConfigError, match="no ImageNet weights; use none"):
        built("small", weights="imagenet")


@pytest.mark.skipif(not SOURCE.exists(), reason="the ImageNet file stands in ../shared only")
def test_embedded_weights_are_the_source_files_within_fp16():
    from torchvision.models import mobilenet_v2

    source = mobilenet_v2()
    source.load_state_dict(torch.load(SOURCE, weights_only=True))
    frames = torch.randn(2, 3, 128, 64, generator=torch.Generator().manual_seed(0))
    ours = built("mobilenet_v2", (128, 64), "embedded", 3)
    with torch.no_grad():
        wanted = source.eval().features[:14](frames)
        found = ours(frames)
    assert (found - wanted).abs().max() / wanted.abs().max() < 5e-3
    assert torch.nn.functional.cosine_similarity(found.flatten(1), wanted.flatten(1)).min() > 0.9999


def test_embedded_trunk_is_not_what_it_is_without_weights():
    frames = torch.randn(1, 3, 64, 32)
    assert not torch.allclose(
        built("mobilenet_v2", weights="embedded")(frames), built("mobilenet_v2")(frames)
    )


def test_missing_or_damaged_embedded_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(trunks, "data_dir", lambda: tmp_path)
    with pytest.raises(ConfigError, match=r"stride16.safetensors is missing; restore it with git"):
        built("mobilenet_v2", weights="embedded")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / trunks.EMBEDDED).write_bytes(b"half a file")
    with pytest.raises(ConfigError, match="damaged; restore it with git checkout"):
        built("mobilenet_v2", weights="embedded")


@pytest.mark.parametrize(
    "error", [urllib.error.URLError("no route"), RuntimeError("invalid hash value"), EOFError()]
)
def test_imagenet_weights_that_cannot_be_had_are_a_clear_error(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fail)
    with pytest.raises(ConfigError, match=r"resnet18 could not be fetched.*set trunk\.weights to"):
        built("resnet18", weights="imagenet")


def test_imagenet_weights_are_read_without_unpickling_code(monkeypatch):
    from torchvision.models import resnet18

    asked, state = {}, resnet18().state_dict()

    def fetch(url, **options):
        asked.update(options, url=url)
        return state

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fetch)
    trunk = built("resnet18", weights="imagenet")
    assert asked["weights_only"] is True
    assert asked["check_hash"] is True
    assert torch.equal(trunk.trainable[0][0].weight, state["conv1.weight"])


def test_halves_are_the_whole():
    trunk = Trunk([nn.Conv2d(3, 4, 1), nn.Conv2d(4, 5, 1)], 5, 1, 1)
    frames = torch.randn(2, 3, 4, 4)
    assert torch.equal(trunk(frames), trunk.trainable(trunk.frozen(frames)))
