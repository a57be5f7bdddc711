"""One training into a run folder, with its numbers: what `sticc train` does."""

from __future__ import annotations

from sticc_lib.config import Config, identity, run_name
from sticc_lib.experiments import session
from sticc_lib.experiments.facts import facts
from sticc_lib.machine import first_process
from sticc_lib.manifest import noted
from sticc_lib.models.zoo import weights_fingerprint
from sticc_lib.run import Run, project_root, write_json
from sticc_lib.status import told
from sticc_lib.training import Trained


def train_run(config: Config, name: str = "", overwrite: bool = False) -> tuple[Trained, Run]:
    """Trains into `reports/<name>`, or goes on there; numbers and manifest are left beside it.

    Of several processes (`accelerate launch`) the first writes, the others only work.

    Args:
        config: all settings.
        name: of the folder; by default the preset's.
        overwrite: empty a folder that holds another run.

    Raises:
        ConfigError, DataError: before anything is written.
        RunError: the folder holds another run.
        BusyError: another process trains there.
        TrainingError: the training cannot go on.
    """
    data, name = session.load_data(config), name or run_name(config)
    if first_process():
        run = Run.open(name, "train", identity=identity(config), overwrite=overwrite)
    else:
        run = Run(project_root() / "reports" / name, "train")
    method = config.model.name
    with told(run.folder, "train"), noted(run, "training", **facts(config, data)) as later:
        trained = session.train_method(config, run.folder / "checkpoints" / method, data)
        later["weights"] = {method: weights_fingerprint(trained.model)}
        if first_process():
            run.record({f"training.{method}": numbers(trained)})
            write_json(run.folder / "metrics.json", run.metrics())
    return trained, run


def numbers(trained: Trained) -> dict[str, float]:
    """Scores of the best validation (`best_val_mAP`), its step, and every term as last logged."""
    found = {f"best_val_{name}": value for name, value in trained.best.items() if name != "step"}
    if trained.best:
        found["best_step"] = trained.best["step"]
    logged = [row for row in trained.log if "loss" in row][-1:]
    ends = {f"at_end.{name.replace('/', '_')}": v for row in logged for name, v in row.items()}
    return {**found, **ends, "cpu_seconds": trained.cpu_seconds}
