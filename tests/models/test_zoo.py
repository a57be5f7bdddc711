"""The zoo: models by name, checkpoints that are whole, and everything else refused."""

import json
import pickle

import pytest
import torch
from safetensors.torch import save_file

from sticc_lib.config import ConfigError, TrunkConfig
from sticc_lib.models import zoo
from sticc_lib.models.peers.methods import METHODS
from sticc_lib.presets import preset

INSIDE = ("bicnet_tks", "sinet", "sbnet", "idnet", "sanet", "c2d", "tclnet", "ap3d")
"""Methods that live inside a ResNet."""
SMALL_RESNET = {
    "model.trunk.name": "resnet18", "model.trunk.weights": "none",
    "model.trunk.trainable_blocks": -1,
}  # fmt: skip


def small(name="sticc", **overrides):
    """A whole config of a tiny model."""
    shape = {"model.height": 32, "model.width": 16, "model.head.channels": 16}
    if name in INSIDE:
        shape = SMALL_RESNET | {"model.height": 64, "model.width": 32}
    return preset("smoke", **(shape | {"model.name": name} | overrides))


def made(name="sticc", persons=5, **overrides):
    config = small(name, **overrides)
    torch.manual_seed(0)
    return zoo.build(name, persons, config=config.model), config


def frames(height=32, width=16):
    return torch.randn(4, 4, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", zoo.names())
def test_every_name_builds_embeds_and_shows_training_what_it_learns_from(name):
    model, config = made(name)
    size = model.spec.image_size
    assert size == (config.model.height, config.model.width)
    with torch.no_grad():
        found = model.eval()(frames(*size)).embedding
        assert found.shape[0] == 4
        assert bool(torch.isfinite(found).all())
        out = model.train()(frames(*size))
    assert (name in zoo.UNTRAINED) == (not out.features)
    assert bool(zoo.adapted(config.model)) == (name in zoo.PEERS)


def test_names_of_compared_methods_are_those_of_their_table():
    assert set(zoo.PEERS) == set(METHODS)
    assert len(set(zoo.names())) == len(zoo.names())


def test_what_differs_from_the_published_method_is_told():
    for name in zoo.PEERS:
        told = zoo.adapted(METHODS[name].paper(name))
        assert told == METHODS[name].own
    told = zoo.adapted(small("sinet", **{"model.head.faithful": False}).model)
    assert "trunk resnet18, published resnet50" in told
    assert "frames 64x32, published 256x128" in told
    assert "without its oddities" in told
    assert "T 4, published 8" in zoo.adapted(small("psta").model)
    assert zoo.adapted(small().model) == ""


@pytest.mark.parametrize("name", INSIDE)
def test_what_lives_between_the_stages_of_a_resnet_takes_no_other_trunk(name):
    for trunk, blocks in (("mobilenet_v2", -1), ("vit_b16", -1), ("small", -1), ("resnet18", 1)):
        changes = {"model.trunk.name": trunk, "model.trunk.trainable_blocks": blocks}
        with pytest.raises(ConfigError, match=r"Set trunk\.name to resnet50 or resnet18"):
            made(name, **changes)


def test_options_go_by_their_plain_name_to_model_head_and_trunk():
    model = zoo.build(
        "sticc", 7, preset="smoke", clip_length=6, slots=3, channels=24, heads=3, kappa=2,
        trainable_blocks=1,
    )  # fmt: skip
    assert model.spec.clip_length == 6
    assert model.individual.slots.shape == (3, 24)
    assert model.abstraction.temporal_memory.values.shape[1] == 6
    assert model.abstraction.spatial_memory.kappa.item() == 2
    assert len(model.trunk.frozen) == 3
    assert model.detail_neck.classifier.out_features == 7
    assert model.settings.head.slots == 3
    named = zoo.build("mean_pool", 7, preset="smoke", **{"head.width": 48})
    assert named.neck.norm.num_features == 48
    assert isinstance(model.settings.trunk, TrunkConfig)
    assert zoo.build("frozen", 1, preset="smoke", trunk="resnet18").trunk.channels == 512


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"slotz": 3}, "unknown name slotz"),
        ({"slots": "3"}, "head.slots: expected int, got str '3'"),
        ({"slots": True}, "head.slots: expected int, got bool"),
        ({"encoder": "both"}, "head.encoder: 'both' is none of parallel, serial, none"),
        ({"trunk": "resnet52"}, "trunk.name: 'resnet52' is none of"),
        ({"clip_length": 0}, "a clip needs at least one frame"),
        ({"slots": 0}, "slots: 0; expected at least 1"),
        ({"channels": 0}, "channels: 0; expected at least 1"),
        ({"ffn_ratio": 0}, "ffn_ratio: 0; expected at least 1"),
        ({"temporal_items": -1}, "temporal_items: -1; expected at least 1"),
        ({"encoder_frames": -1}, "encoder_frames: -1; expected 0 or more"),
        ({"heads": 5}, "heads: 5 does not divide channels 64"),
        ({"slots": 3, "rg_pool": "concat"}, "slots 3 do not divide C 64"),
        ({"height": 8}, "the least is 16x16"),
        ({"height": 40, "position": "learned"}, "position needs multiples of 16"),
        ({"trainable_blocks": 9}, "trunk.trainable_blocks: 9; it has 4 blocks"),
        ({"weights": "embedded"}, "only mobilenet_v2 is embedded"),
    ],
)
def test_wrong_names_types_and_values_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        zoo.build("sticc", 5, preset="smoke", **options)


def test_all_wrong_settings_are_named_at_once():
    with pytest.raises(ConfigError) as error:
        zoo.build("sticc", 0, preset="smoke", clip_length=0, slots=0)
    for part in ("num_classes: 0", "clip_length: 0", "slots: 0"):
        assert part in str(error.value)


def test_unknown_models_and_presets_are_refused():
    with pytest.raises(ConfigError, match="unknown model 'stic'; known: sticc, mean_pool"):
        zoo.build("stic", 5)
    with pytest.raises(ConfigError, match="unknown preset 'huge'"):
        zoo.build("sticc", 5, preset="huge")


@pytest.mark.parametrize(
    ("name", "how"),
    [(n, "folder") for n in zoo.names()] + [(n, "file") for n in zoo.names()[:9]],
)
def test_what_is_saved_is_what_is_loaded(name, how, tmp_path):
    model, config = made(name)
    with torch.no_grad():
        for value in model.state_dict().values():
            if value.is_floating_point():
                value.add_(0.01 * torch.rand_like(value))
    folder = zoo.save(tmp_path / "best", model, config, 5, step=3, note="x")
    loaded, found, facts = zoo.load(folder if how == "folder" else folder / "model.safetensors")
    assert found == config
    assert facts == {"persons": 5, "step": 3, "note": "x"}
    assert not loaded.training
    assert zoo.weights_fingerprint(loaded) == zoo.weights_fingerprint(model)
    clips = frames(*model.spec.image_size)
    assert torch.equal(loaded(clips).embedding, model.eval()(clips).embedding)
    assert json.loads((folder / "config.json").read_text())["step"] == 3


def test_a_loaded_model_can_be_saved_again(tmp_path):
    model, config = made(**{"model.trunk.name": "mobilenet_v2", "model.trunk.weights": "embedded"})
    zoo.save(tmp_path / "a", model, config, 5)
    loaded, found, _ = zoo.load(tmp_path / "a")
    assert found.model.trunk.weights == "embedded"
    zoo.save(tmp_path / "b", loaded, found, 5)
    a, b = ((tmp_path / n / "model.safetensors").read_bytes() for n in "ab")
    assert a == b


def test_loading_fetches_no_trunk_weights(tmp_path, monkeypatch):
    model, config = made(**{"model.trunk.name": "mobilenet_v2", "model.trunk.weights": "embedded"})
    zoo.save(tmp_path, model, config, 5)
    monkeypatch.setattr("sticc_lib.models.trunk._load_embedded", lambda *_: pytest.fail("fetched"))
    assert zoo.weights_fingerprint(zoo.load(tmp_path)[0]) == zoo.weights_fingerprint(model)


def test_a_config_that_is_not_the_models_is_not_saved_with_it(tmp_path):
    """No weight tells lse from uniform relevance: loading would give another model in silence."""
    model, _ = made()
    other = small(**{"model.head.rg_score": "uniform"})
    with pytest.raises(ConfigError, match=r"model.head.rg_score 'lse', not 'uniform'"):
        zoo.save(tmp_path / "x", model, other, 5)
    with pytest.raises(ConfigError, match="persons 5, not 6"):
        zoo.save(tmp_path / "x", model, small(), 6)
    assert not (tmp_path / "x").exists()


def test_missing_and_damaged_checkpoints_are_named(tmp_path):
    with pytest.raises(ConfigError, match="no such checkpoint; train one"):
        zoo.load(tmp_path)
    model, config = made()
    file = zoo.save(tmp_path, model, config, 5) / "model.safetensors"
    whole = file.read_bytes()
    for broken in (b"", whole[: len(whole) // 2], b"\0" * 100):
        file.write_bytes(broken)
        with pytest.raises(ConfigError, match=r"model.safetensors: damaged checkpoint"):
            zoo.load(tmp_path)


def test_foreign_files_are_refused(tmp_path):
    file = tmp_path / "model.safetensors"
    for metadata in (None, {"sticc": "[1]"}, {"sticc": '{"config": {}}'}):
        save_file({"weight": torch.ones(2)}, file, metadata)
        with pytest.raises(ConfigError, match="not a checkpoint of this project"):
            zoo.load(file)
    save_file({}, file, {"sticc": json.dumps({"config": {"model.slotz": 1}, "persons": 3})})
    with pytest.raises(ConfigError, match=r"model.safetensors: made by another version\?.*slotz"):
        zoo.load(file)


def test_weights_of_another_shape_or_name_are_named(tmp_path):
    model, _ = made()
    state = {k: v.contiguous() for k, v in model.state_dict().items()}
    description = {"config": {"preset": "smoke"}, "persons": 5}
    save_file(state, tmp_path / "model.safetensors", {"sticc": json.dumps(description)})
    with pytest.raises(ConfigError, match="does not fit its config: "):
        zoo.load(tmp_path)


def test_a_pickle_is_never_executed(tmp_path):
    marker = tmp_path / "ran"

    class Trap:
        def __reduce__(self):
            return (open, (str(marker), "w"))

    for number, writer in enumerate((pickle.dump, torch.save)):
        file = tmp_path / f"{number}.safetensors"
        with file.open("wb") as stream:
            writer(Trap(), stream)
        with pytest.raises(ConfigError, match="damaged checkpoint"):
            zoo.load(file)
    assert not marker.exists()


def test_fingerprint_of_weights_follows_every_value():
    model, _ = made()
    before = zoo.weights_fingerprint(model)
    assert zoo.weights_fingerprint(made()[0]) == before
    with torch.no_grad():
        model.individual.slots[0, 0] += 1e-6
    assert zoo.weights_fingerprint(model) != before
