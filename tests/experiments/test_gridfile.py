"""A grid file: what its runs are, what they are called, and all that is wrong told at once."""

import re

import pytest

from sticc_lib.config import ConfigError
from sticc_lib.experiments.gridfile import MOST, read_grid


@pytest.fixture
def read(tmp_path):
    """read(text): what a file with this text stands for."""

    def write_and_read(text):
        path = tmp_path / "grid.yaml"
        path.write_text(text)
        return read_grid(path)

    return write_and_read


def refused(read, text):
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value)


TRAIN = "run: train\npreset: smoke\n"


def test_lists_become_products_and_single_values_hold_for_all(read):
    grid = read(TRAIN + "parameters: {seed: [0, 1], train.lr: 1e-3, model.head.slots: [2, 4]}\n")
    assert [(p.seed, p.settings["model.head.slots"]) for p in grid.points] == [
        (0, 2), (0, 4), (1, 2), (1, 4),
    ]  # fmt: skip
    assert {p.config().train.lr for p in grid.points} == {1e-3}
    assert [p.name for p in grid.points] == [
        "grid-seed0-slots2", "grid-seed0-slots4", "grid-seed1-slots2", "grid-seed1-slots4",
    ]  # fmt: skip


def test_exclude_leaves_out_and_include_adds_runs_that_share_single_values_only(read):
    grid = read(TRAIN + """\
parameters: {seed: [0, 1, 2], model.head.slots: [2, 4], train.lr: 0.01}
exclude: [{model.head.slots: 2, seed: [1, 2]}]
include: [{model.name: mean_pool, seed: [7, 8]}]
name: "{model.name}-{model.head.slots}-s{seed}"
""")  # fmt: skip
    assert [p.name for p in grid.points] == [
        "sticc-2-s0", "sticc-4-s0", "sticc-4-s1", "sticc-4-s2", "mean_pool-4-s7", "mean_pool-4-s8",
    ]  # fmt: skip
    assert grid.points[-1].values == {
        "preset": "smoke", "seed": 8, "train.lr": 0.01, "model.name": "mean_pool",
    }  # fmt: skip


def test_a_file_of_listed_runs_only_has_no_other_run(read):
    grid = read(TRAIN + "include: [{seed: 3}, {seed: 5}]\n")
    assert [p.seed for p in grid.points] == [3, 5]


def test_groups_are_dotted_names_and_presets_can_be_an_axis(read):
    grid = read("run: train\nparameters:\n  preset: [smoke, quick]\n  model: {head: {slots: 2}}\n")
    assert [(p.preset, dict(p.settings)) for p in grid.points] == [
        ("smoke", {"model.head.slots": 2}), ("quick", {"model.head.slots": 2}),
    ]  # fmt: skip


def test_numbers_of_notebooks_and_their_parameters_stay_as_they_are_written(read):
    grid = read("notebooks: [03, 08]\nparameters: {03.steps: [5, 7], on: 1}\n")
    assert grid.notebooks == ("03", "08")
    assert [dict(p.parameters) for p in grid.points] == [
        {"on": 1, "03.steps": 5}, {"on": 1, "03.steps": 7},
    ]  # fmt: skip


def test_everything_that_is_wrong_is_told_at_once_with_its_line(read):
    said = refused(read, """\
run: train
preset: smoke
parameters:
  model.head.slotz: [2, 4]
  train.lr: [fast]
  model:
    clip_length: 0
""")  # fmt: skip
    assert "grid.yaml:4: unknown name model.head.slotz" in said
    assert "train.lr: expected float, got str 'fast'" in said
    assert refused(read, TRAIN + "seeds: 3\nsed: 1\nretries: -1\nthreads: many\n").count(
        "grid.yaml:") == 4  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "remedy"),
    [
        ("run: train\nseed: 1\n", 2, "put it under parameters"),
        ("preset: smoke\n", 1, "either `run: train` or `notebooks: [03, 06]`"),
        ("run: train\nnotebooks: [01]\n", 1, "either"),
        ("run: tests\n", 1, "expected train"),
        ("run: train\nparameters: {steps: 3}\n", 2, "no setting, and there are no notebooks"),
        ("run: train\nparameters: {seed: []}\n", 2, "stands for no run at all"),
        ("run: train\nparameters: {seed: [0]}\nexclude: [{sed: 0}]\n", 3, "no run agrees"),
        ("run: train\nparameters: {seed: [0]}\nexclude: [{seed: 0}]\n", 2, "no run is left"),
        ("run: train\npreset: huge\n", 2, "known: smoke, quick"),
        ("run: train\nparameters: {seed: [0, 1]}\nname: same\n", 3, "stand for several runs"),
        ("run: train\nparameters: {seed: [0, 0]}\nname: 's{seed}'\n", 3, "several runs"),
        ("run: train\ninclude: [{seed: 0}, {preset: quick}]\n", 1, "several runs"),
        ("run: train\nname: '{nobody}'\n", 2, "no value nobody"),
        ("run: train\nlimits: {hours: 2}\n", 2, "cell_minutes and notebook_minutes"),
        ("run: train\nparameters: {evaluate.bf16: off}\n", 2, "use quotes"),
        ("run: train\nparameters: {seed: 2020-01-01}\n", 2, "put text in quotes"),
        ("run: train\nbatch: ../up\n", 2, "letters, digits"),
        (f"run: train\nparameters: {{seed: [{', '.join(map(str, range(101)))}], data.seed: "
         f"[{', '.join(map(str, range(101)))}]}}\n", 2, f"more than {MOST} runs"),
        ("- run\n", 1, "expected `key: value` lines"),
        ("", 1, "either `run: train`"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_line_and_remedy(read, text, line, remedy):
    said = refused(read, text)
    assert f"grid.yaml:{line}: " in said
    assert remedy in said


@pytest.mark.parametrize(
    "name", ["../../etc", "a/b", "/root", "..", ".hidden", "-rf", "a b", "ä\n"]
)
def test_a_name_that_leads_elsewhere_is_refused(read, name):
    assert "letters, digits" in refused(read, TRAIN + f"name: {name!r}\n".replace("\\n", "/"))


@pytest.mark.parametrize(
    "value", ["../../etc", "<script>alert(1)</script>", "$(reboot)", "a;b", "x" * 90]
)
def test_values_become_names_without_anything_that_leads_elsewhere(read, value):
    grid = read(TRAIN + f"parameters: {{data.root: [{value!r}, other]}}\nname: 'r-{{data.root}}'\n")
    assert re.fullmatch(r"\w[\w.-]*", grid.points[0].name)
    assert grid.points[0].settings["data.root"] == value


def test_a_template_is_no_program(read):
    said = refused(read, TRAIN + "name: '{seed.__class__.__mro__}'\n")
    assert "there is no value seed.__class__.__mro__" in said
