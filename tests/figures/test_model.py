import numpy as np
import pytest

from sticc_lib.config import HeadConfig, ModelConfig
from sticc_lib.figures import captions, model


def test_the_schematic_writes_the_shapes_of_its_config(texts):
    config = ModelConfig(clip_length=8, height=256, width=128, head=HeadConfig(channels=64))
    shown = texts(model.schematic(config))
    assert {"E [8, 4, 64]", "clip\n[8, 3, 256, 128]", "embedding\n[192]"} <= set(shown)
    assert "K, V from\n[8, 128, 64]" in shown


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"decoders": "rg"}, {"RV_FG"}),
        ({"decoders": "mg"}, {"r_sp", "r_tm"}),
        ({"temporal": "off"}, {"RV_FG", "r_sp"}),
        ({"encoder": "none"}, {"RV_FG", "r_sp", "r_tm"}),
        ({"encoder": "serial", "slots": 8}, {"RV_FG", "r_sp", "r_tm"}),
    ],
)
def test_only_the_parts_that_are_there_are_drawn(texts, options, parts):
    shown = texts(model.schematic(ModelConfig(head=HeadConfig(**options))))
    assert {t.split("\n")[0] for t in shown if t.startswith(("RV_", "r_"))} == parts
    assert ("M1  common" in shown) == (options.get("encoder") != "none")
    assert f"embedding\n[{128 * len(parts)}]" in shown


def test_parts_of_the_schematic_are_those_of_the_model():
    torch = pytest.importorskip("torch")
    from sticc_lib.models import zoo

    for options in ({}, {"temporal": "off"}, {"spatial": "off"}, {"decoders": "mg"}):
        built = zoo.build("sticc", 5, preset="smoke", weights="none", **options).eval()
        with torch.inference_mode():
            height, width = built.spec.image_size
            clip = torch.zeros(1, built.spec.clip_length, 3, height, width)
            size = built(clip).embedding.shape[1]
        head = built.config
        config = ModelConfig(clip_length=built.spec.clip_length, height=height, width=width,
                             head=head)  # fmt: skip
        held = captions.words(model.schematic(config))
        assert held is not None
        assert f"of {size // head.channels} parts of {head.channels}" in held.alt


def test_similarities_are_taken_part_by_part(texts):
    rng = np.random.default_rng(0)
    person, noise = rng.normal(0, 1, (3, 4)), rng.normal(0, 1, (6, 6))
    values = np.concatenate([np.repeat(person, 2, axis=0), noise], axis=1)
    labels = ["A", "A", "B", "B", "C", "C"]
    figure = model.embedding_parts(values, {"knows": 4, "noise": 6}, labels)
    shown = texts(figure)
    assert {"knows [4]", "noise [6]", "whole [10]", "A", "B", "C"} <= set(shown)
    cosine = np.asarray(figure.axes[0].images[0].get_array())
    unit = person / np.linalg.norm(person, axis=1, keepdims=True)
    assert cosine[0, 2] == pytest.approx(unit[0] @ unit[1])
    assert figure.axes[0].get_xlabel().startswith("same 1.00")


def test_one_person_alone_has_no_others(texts):
    shown = texts(model.embedding_parts(np.eye(2), {"all": 2}, ["A", "A"]))
    assert "same 0.00, others n/a" in shown


def test_widths_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="parts of 3"):
        model.embedding_parts(np.eye(2), {"all": 3}, ["A", "B"])
