"""Training: it learns, resumes bit for bit from any interruption, and refuses what is wrong."""

import copy
import dataclasses
import json

import numpy as np
import pytest
import torch

from sticc_lib.config import ConfigError
from sticc_lib.models import zoo
from sticc_lib.models.cache import FrozenMaps, frozen_maps
from sticc_lib.presets import preset
from sticc_lib.training import Loop, TrainingError, train

pytestmark = pytest.mark.usefixtures("own_cache")
STEPS = 7


def settings(**overrides):
    small = {
        "model.height": 32, "model.width": 16, "model.clip_length": 3, "model.head.channels": 16,
        "train.persons": 2, "train.tracklets": 2, "train.steps": STEPS, "train.crop": 2,
        "train.validate_every": 2, "train.checkpoint_every": 3, "device": "cpu",
    }  # fmt: skip
    return preset("smoke", **(small | overrides))


MODES = {"pixels": {}, "maps": {"model.trunk.trainable_blocks": 2}}


def new(config, persons=4):
    torch.manual_seed(config.seed)
    return zoo.build(config.model.name, persons, config=config.model)


def score(model):
    """A stand-in for validation: any number that follows the weights and rises and falls."""
    weight = model.individual.slots.detach().double().sum()
    return {"mAP": float(torch.sin(50 * weight)), "rank1": float(weight)}


def run(config, folder, data, **options):
    model = new(config)
    maps = frozen_maps(model, data, progress=False)
    return train(model, data, config, folder, score, maps, **options)


def files(folder):
    """What must be the same after an interruption: weights and log, byte for byte."""
    names = ("best/model.safetensors", "last/model.safetensors", "log.jsonl")
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture(params=MODES)
def config(request):
    return settings(**MODES[request.param])


def test_the_smoke_preset_learns_coloured_rectangles(coloured, tmp_path):
    config = settings(**{"train.steps": 25, "train.persons": 4, "train.lr": 5e-3})
    done = run(config, tmp_path, coloured())
    losses = [row["loss"] for row in done.log if "loss" in row]
    assert len(losses) == 25
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:5])
    names = {"id/detail", "id/abstraction", "id/common", "triplet/detail", "diversity"}
    names |= {"spread/spatial", "spread/temporal", "information/spatial", "lr"}
    assert names <= set(done.log[0])
    assert done.cpu_seconds > 0
    assert not done.model.training


@pytest.mark.parametrize("name", ["mean_pool", "attention_pool", "attention_pool_joint"])
def test_floors_train_by_the_same_loop(coloured, tmp_path, name):
    config = settings(**{"model.name": name, "train.steps": 3})
    done = train(new(config), coloured(), config, tmp_path)
    assert all(np.isfinite(row["loss"]) for row in done.log)
    assert not done.best
    last, best = ((tmp_path / n / "model.safetensors").read_bytes() for n in ("last", "best"))
    assert zoo.load(tmp_path / "best")[2]["step"] == 3
    assert len(last) == len(best)


def test_a_log_older_than_the_state_is_mended_by_the_next_start(coloured, tmp_path):
    data, config = coloured(), settings()
    run(config, tmp_path, data)
    wanted = files(tmp_path)
    log = tmp_path / "log.jsonl"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:-2]))
    assert run(config, tmp_path, data).resumed_at == STEPS
    assert files(tmp_path) == wanted


def test_interrupted_before_any_step_and_resumed_it_ends_the_same(config, coloured, tmp_path):
    data = coloured()
    run(config, tmp_path / "whole", data)
    wanted = files(tmp_path / "whole")
    for stop in range(STEPS + 1):
        folder = tmp_path / f"stopped{stop}"
        run(config, folder, data, stop_at=stop)
        done = run(config, folder, data)
        assert done.resumed_at == (stop if stop == STEPS else stop // 3 * 3)
        assert files(folder) == wanted, f"stopped before step {stop}"


@pytest.mark.parametrize("where", ["step", "checkpoint", "validate", "save"])
def test_crashed_anywhere_and_resumed_it_ends_the_same(
    config, coloured, tmp_path, monkeypatch, where
):
    """Between checkpoints, while one is written, and with `best` newer than the state."""
    data = coloured()
    run(config, tmp_path / "whole", data)
    owner, method = {
        "step": (Loop, "step"),
        "checkpoint": (torch, "save"),
        "validate": (Loop, "validate"),
        "save": (zoo, "save"),
    }[where]
    real, calls = getattr(owner, method), []

    def crash(*arguments, **options):
        calls.append(1)
        if len(calls) in (2, 6):
            if where != "step":  # after the work, before anything else
                real(*arguments, **options)
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(owner, method, crash)
    for _ in range(4):
        try:
            run(config, tmp_path / "crashed", data)
            break
        except KeyboardInterrupt:
            continue
    else:
        pytest.fail("it never came to its end")
    assert len(calls) > 2
    assert files(tmp_path / "crashed") == files(tmp_path / "whole")


@pytest.mark.parametrize("sampler", ["rep", "dict", "pair"])
def test_published_batches_resume_too(coloured, tmp_path, sampler):
    change = {"train.sampler": sampler, "train.clips": "window", "train.persons": 4}
    config, data = settings(**change), coloured()
    run(config, tmp_path / "whole", data)
    run(config, tmp_path / "cut", data, stop_at=4)
    assert run(config, tmp_path / "cut", data).resumed_at == 3
    assert files(tmp_path / "cut") == files(tmp_path / "whole")
    run(settings(), tmp_path / "ours", data)
    assert files(tmp_path / "ours") != files(tmp_path / "whole")


def test_clips_of_mixed_lengths_are_the_seeds_and_resume_too(coloured, tmp_path, monkeypatch):
    config, data = settings(**{"train.clip_lengths": [1, 2, 5]}), coloured()
    seen, real = [], Loop._batch

    def noting(self, turn, rng):
        batch = real(self, turn, rng)
        seen.append(batch[0].shape[1])
        return batch

    monkeypatch.setattr(Loop, "_batch", noting)
    run(config, tmp_path / "whole", data)
    assert len(set(seen)) > 1
    assert set(seen) <= {1, 2, 5}
    whole = list(seen)
    seen.clear()
    run(config, tmp_path / "cut", data, stop_at=4)
    run(config, tmp_path / "cut", data)
    assert seen[-3:] == whole[-3:]  # the last checkpoint before the stop was after step 3
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def test_a_finished_folder_is_only_loaded(config, coloured, tmp_path, monkeypatch):
    data = coloured()
    first = run(config, tmp_path, data)
    before = files(tmp_path)
    monkeypatch.setattr(Loop, "step", lambda *_: pytest.fail("it trained again"))
    monkeypatch.setattr(zoo, "save", lambda *_: pytest.fail("it wrote again"))
    again = run(config, tmp_path, data)
    assert again.resumed_at == STEPS
    assert (again.log, again.best) == (first.log, first.best)
    assert zoo.weights_fingerprint(again.model) == zoo.weights_fingerprint(first.model)
    assert files(tmp_path) == before


def test_the_model_given_back_is_the_one_that_validated_best(coloured, tmp_path):
    done = run(settings(), tmp_path, coloured())
    rows = [row for row in done.log if "val/mAP" in row]
    best = max(rows, key=lambda row: row["val/mAP"])
    assert done.best == {"step": best["step"], "mAP": best["val/mAP"], "rank1": best["val/rank1"]}
    assert score(done.model)["mAP"] == best["val/mAP"]
    assert best["step"] < STEPS  # else the next line proves nothing
    assert score(zoo.load(tmp_path / "last")[0]) != score(done.model)
    assert [json.loads(line) for line in (tmp_path / "log.jsonl").open()] == done.log


def test_training_does_not_depend_on_validation_or_on_the_callers_generators(coloured, tmp_path):
    config, data = settings(), coloured()
    run(config, tmp_path / "a", data)

    def noisy(model):
        torch.rand(5)
        np.random.default_rng().random(3)
        return score(model)

    train(new(config), data, config, tmp_path / "b", noisy)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_another_seed_gives_other_weights(coloured, tmp_path):
    data, model = coloured(), new(settings())
    for seed in (0, 1):
        config = settings(**{"seed": seed})
        train(copy.deepcopy(model), data, config, tmp_path / str(seed))
    assert files(tmp_path / "0") != files(tmp_path / "1")


@pytest.mark.parametrize(
    "change", [{"train.lr": 5e-4}, {"train.steps": 12}, {"seed": 3}, {"loss.diversity": 0.2},
               {"model.head.rg_score": "uniform"}],
)  # fmt: skip
def test_a_folder_of_another_training_is_refused_and_left_alone(coloured, tmp_path, change):
    data = coloured()
    run(settings(), tmp_path, data, stop_at=4)
    before = (tmp_path / "state.pt").read_bytes()
    with pytest.raises(TrainingError, match=r"state.pt belongs to a training with other settings"):
        run(settings(**change), tmp_path, data)
    assert (tmp_path / "state.pt").read_bytes() == before


def test_other_data_or_maps_instead_of_pixels_are_another_training(coloured, tmp_path):
    config, data = settings(**MODES["maps"]), coloured()
    run(config, tmp_path, data, stop_at=4)
    with pytest.raises(TrainingError, match="other settings or data"):
        run(config, tmp_path, coloured(seed=1))
    with pytest.raises(TrainingError, match="other settings or data"):
        train(new(config), data, config, tmp_path, score)


def test_where_it_runs_and_how_often_it_saves_do_not_make_another_training(coloured, tmp_path):
    data = coloured()
    run(settings(), tmp_path, data, stop_at=4)
    other = settings(**{"train.checkpoint_every": 2, "threads": 1, "device": "auto",
                        "evaluate.flip": True})  # fmt: skip
    if torch.cuda.is_available():
        pytest.skip("device auto is not the processor here")
    assert run(other, tmp_path, data, stop_at=5).resumed_at == 3


def test_deleting_the_state_starts_anew_and_replaces_the_old_weights(coloured, tmp_path):
    """`best` and `last` of the earlier training must not survive as if they were the new one's."""
    config, data = settings(), coloured()
    train(new(config), data, config, tmp_path)
    old = files(tmp_path)
    (tmp_path / "state.pt").unlink()
    other = settings(**{"train.lr": 5e-3})
    train(new(other), data, other, tmp_path)
    assert all(found != old[name] for name, found in files(tmp_path).items())
    assert zoo.load(tmp_path / "best")[1].train.lr == 5e-3


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_state(coloured, tmp_path, monkeypatch):
    from sticc_lib import losses

    config, data, real, calls = settings(), coloured(), losses.total, []

    def poisoned(*arguments):
        calls.append(1)
        loss, terms = real(*arguments)
        return (loss * float("nan") if len(calls) == 5 else loss), terms

    monkeypatch.setattr(losses, "total", poisoned)
    with pytest.raises(TrainingError, match=r"step 5: the loss is nan; the last good state is in"):
        run(config, tmp_path, data)
    monkeypatch.setattr(losses, "total", real)
    done = run(config, tmp_path, data)
    assert done.resumed_at == 3
    run(config, tmp_path / "whole", data)
    assert files(tmp_path) == files(tmp_path / "whole")


def test_weights_that_are_no_numbers_are_never_saved(coloured, tmp_path, monkeypatch):
    """A finite loss can still send a NaN into the weights, with the loss following a step later."""
    config, data, real = settings(), coloured(), Loop.step

    def step(self, number):
        real(self, number)
        if number == 5:
            with torch.no_grad():
                self.plain.individual.slots[0, 0] = float("nan")

    monkeypatch.setattr(Loop, "step", step)
    with pytest.raises(TrainingError, match=r"step 6: weights are no longer numbers \(individual"):
        train(new(config), data, config, tmp_path)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert state["progress"]["step"] == 3


def test_a_validation_without_a_number_says_what_to_look_at(coloured, tmp_path):
    config = settings()
    for scores in ({"mAP": float("nan")}, {"rank1": 0.5}):
        with pytest.raises(TrainingError, match="validation gave no mAP"):
            train(new(config), coloured(), config, tmp_path, lambda _, s=scores: s)


def test_scores_as_numpy_numbers_can_be_resumed(coloured, tmp_path):
    config, data = settings(), coloured()

    def numpy_score(model):
        return {name: np.float64(value) for name, value in score(model).items()}

    train(new(config), data, config, tmp_path, numpy_score, stop_at=4)
    assert train(new(config), data, config, tmp_path, numpy_score).resumed_at == 3


def test_what_does_not_fit_is_refused_before_any_step(coloured, tmp_path):
    config, data = settings(), coloured()
    cases = [
        (new(config, persons=3), config, None, "persons 3, not 4"),
        (new(settings(**{"model.head.slots": 2})), config, None, r"head\.slots 2, not 4"),
        (new(config), settings(device="cuda:7x"), None, "device: 'cuda:7x' cannot be used here"),
        (new(config), config, FrozenMaps(np.zeros((3, 64, 4, 2), np.float16)), "maps of 3 frames"),
        (new(config), settings(**{"train.steps": -1}), None, "train.steps: -1"),
    ]
    for model, other, maps, message in cases:
        with pytest.raises(ConfigError, match=message):
            train(model, data, other, tmp_path, maps=maps)
    many = settings(**{"train.persons": 9})
    with pytest.raises(ValueError, match="needs as many; the set has 4"):
        train(new(many), data, many, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_distractors_and_junk_are_no_classes(coloured, tmp_path):
    config, data = settings(**{"train.steps": 2}), coloured()
    tracklets = data.tracklets.copy()
    tracklets.iloc[-4:, tracklets.columns.get_loc("person")] = [0, 0, -1, -1]
    data = dataclasses.replace(data, tracklets=tracklets)
    train(new(config, persons=3), data, config, tmp_path)
    assert zoo.load(tmp_path / "last")[2]["classes"] == [1, 2, 3]


def test_persons_need_not_be_numbered_without_gaps(coloured, tmp_path):
    config, data = settings(**{"train.steps": 2}), coloured()
    data = data.subset(data.tracklets["person"] != 2)
    train(new(config, persons=3), data, config, tmp_path)
    assert zoo.load(tmp_path / "last")[2]["classes"] == [1, 3, 4]


def test_bf16_trains_beside_fp32_in_one_process(coloured, tmp_path):
    """Accelerate's own precision is fixed for the whole process; the loop must not depend on it."""
    data, ends = coloured(), {}
    for bf16 in ("off", "on", "off"):
        config = settings(**{"train.bf16": bf16, "train.steps": 3})
        done = run(config, tmp_path / f"{len(ends)}{bf16}", data)
        assert all(np.isfinite(row["loss"]) for row in done.log if "loss" in row)
        ends.setdefault(bf16, []).append(zoo.weights_fingerprint(done.model))
    assert ends["off"][0] == ends["off"][1] != ends["on"][0]


def test_an_unseen_run_says_one_line_a_minute(coloured, tmp_path, monkeypatch, capsys):
    from sticc_lib.training import meter

    clock = iter(range(0, 10_000, 25))
    monkeypatch.setattr(meter.time, "monotonic", lambda: next(clock))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    run(settings(), tmp_path, coloured())
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        "train sticc: step 3 of 7", "train sticc: step 6 of 7",
    ]  # fmt: skip
    assert "loss " in lines[0]


@pytest.mark.parametrize("name", ["psta", "stmn", "grl", "pat"])
def test_compared_methods_train_on_frozen_maps_and_resume_exactly(coloured, tmp_path, name):
    """GRL's tables of persons among what is resumed."""
    change = {"model.name": name, "model.clip_length": 4, "train.persons": 4, "train.steps": 6}
    config, data = settings(**MODES["maps"], **change), coloured()

    def trained(folder, **options):
        model = new(config)
        maps = frozen_maps(model, data, progress=False)
        return train(model, data, config, folder, None, maps, **options)

    whole = trained(tmp_path / "whole")
    trained(tmp_path / "cut", stop_at=4)
    assert trained(tmp_path / "cut").resumed_at == 3
    assert files(tmp_path / "cut") == files(tmp_path / "whole")
    assert all(np.isfinite(row["loss"]) for row in whole.log)
    if name == "grl":
        norms = whole.model.shared_table.table.norm(dim=1)
        torch.testing.assert_close(norms, torch.ones(4))
