"""Nothing that a file holds is ever run: no such call in the library; hostile files prove it."""

import ast
import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hostile_files import LOADERS, contents, load_embeddings, load_grid, load_people

from sticc_lib.values import Refusal

ROOT = Path(__file__).parents[1]
CHECKED = sorted(
    path
    for part in ("sticc_lib", "benchmarks", "data/scripts")
    for path in (ROOT / part).rglob("*.py")
)
SERIALISERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}


def name_of(node):
    """`torch.load` for a dotted name; the last part alone where an expression stands before."""
    if isinstance(node, ast.Attribute):
        before = name_of(node.value)
        return f"{before or '?'}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def given(call, name):
    """The source of a named argument of a call; None where it is not given."""
    return next((ast.unparse(k.value) for k in call.keywords if k.arg == name), None)


def dangers(source):
    """(line, what) of every call or import that could run what a file or a text holds."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            found += [(node.lineno, n) for n in names if (n or "").split(".")[0] in SERIALISERS]
        if not isinstance(node, ast.Call):
            continue
        name = name_of(node.func)
        last = name.rpartition(".")[2]
        wrong = {
            "torch.load": given(node, "weights_only") != "True",
            "np.load": given(node, "allow_pickle") not in (None, "False"),
            "yaml.load": given(node, "Loader") not in ("yaml.SafeLoader", "yaml.CSafeLoader"),
            "torch.jit.load": True, "torch.hub.load": True, "os.system": True, "os.popen": True,
        }.get(name, False)  # fmt: skip
        wrong |= name in ("eval", "exec", "compile", "__import__")
        wrong |= last in ("read_pickle", "unsafe_load", "full_load", "load_all", "Unpickler")
        wrong |= given(node, "shell") not in (None, "False")
        wrong |= given(node, "allow_pickle") == "True"
        if wrong:
            found.append((node.lineno, name))
    return found


@pytest.mark.parametrize(
    "line",
    ["import pickle", "from joblib import load", "torch.load(p)", "torch.load(p, weights_only=x)",
     "np.load(p, allow_pickle=True)", "yaml.load(t)", "yaml.unsafe_load(t)", "eval(t)", "exec(t)",
     "pd.read_pickle(p)", "subprocess.run(c, shell=True)", "os.system(c)", "yaml.full_load(t)"],
)  # fmt: skip
def test_the_search_finds_what_it_looks_for(line):
    assert dangers(line)


@pytest.mark.parametrize(
    "line",
    ["model.eval()", "ast.literal_eval(t)", "torch.load(p, weights_only=True)", "re.compile(t)",
     "np.load(p, allow_pickle=False)", "yaml.safe_load(t)", "torch.compile(m)"],
)  # fmt: skip
def test_the_search_leaves_alone_what_is_safe(line):
    assert dangers(line) == []


def test_nothing_in_the_project_runs_what_a_file_holds():
    found = [
        (path.relative_to(ROOT).as_posix(), what)
        for path in CHECKED
        for _, what in dangers(path.read_text(encoding="utf-8"))
    ]
    assert len(CHECKED) > 100
    # for the name of an error only: what torch raises when it refuses a file
    assert found == [("sticc_lib/models/peers/imported.py", "pickle")]
    used = {name_of(n) for n in ast.walk(ast.parse((ROOT / found[0][0]).read_text())) if
            isinstance(n, ast.Attribute) and name_of(n).startswith("pickle.")}  # fmt: skip
    assert used == {"pickle.UnpicklingError"}


@pytest.mark.parametrize("make", ["pickle", "torch", "old torch", "npy", "npz"])
@pytest.mark.parametrize("load", LOADERS, ids=lambda load: load.__name__)
def test_a_hostile_file_is_refused_and_nothing_in_it_runs(load, make, tmp_path):
    trace = tmp_path / "ran"
    content = contents(trace)[make]
    assert not trace.exists()
    (tmp_path / "in").mkdir()
    path = tmp_path / "in/hostile.bin"
    path.write_bytes(content)
    with pytest.raises(Refusal) as refused:
        load(path)
    assert not trace.exists()
    assert len(str(refused.value)) > 20


def test_these_files_would_run_if_they_were_opened_carelessly(tmp_path):
    for number, (make, content) in enumerate(contents(tmp_path / "ran").items()):
        trace = tmp_path / "ran"
        if make == "pickle":
            pickle.loads(content)
        elif "torch" in make:
            torch.load(io.BytesIO(content), weights_only=False)
        else:
            held = np.load(io.BytesIO(content), allow_pickle=True)
            _ = held["values"] if make == "npz" else held
        assert trace.exists(), (number, make)
        trace.unlink()


@pytest.mark.parametrize(
    "text",
    ["a: !!python/object/apply:pathlib.Path.touch [TRACE]",
     "a: !!python/object/new:os.system [touch TRACE]", "!!python/name:os.system", "a: &x [*x, *x]"],
)  # fmt: skip
def test_tags_in_a_grid_make_no_objects(text, tmp_path):
    path = tmp_path / "grid.yaml"
    path.write_text(text.replace("TRACE", str(tmp_path / "ran")))
    with pytest.raises(Refusal, match=r"grid\.yaml:1"):
        load_grid(path)
    assert not (tmp_path / "ran").exists()


def test_a_zip_that_would_unpack_outside_its_folder_writes_nothing(tmp_path):
    path = tmp_path / "in/evil.npz"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../escaped.npy", b"x")
    for load in (load_embeddings, load_people):
        with pytest.raises(Refusal):
            load(path)
    assert [p.name for p in tmp_path.rglob("*")] == ["in", "evil.npz"]


def test_jupyterlab_and_dasks_dashboard_listen_on_this_machine_only():
    """What `sticc lab` starts is held by tests/test_cli.py; here, that nothing says otherwise."""
    everywhere = ("0.0.0.0", "::", "*", "")
    for path in (*CHECKED, ROOT / "Makefile"):
        text = path.read_text(encoding="utf-8")
        assert "0.0.0.0" not in text, path
        for node in ast.walk(ast.parse(text)) if path.suffix == ".py" else ():
            if isinstance(node, ast.Call):
                for name in ("host", "ip", "dashboard_address", "interface"):
                    value = given(node, name)
                    assert value is None or value.strip("'\"") not in everywhere, (path, name)
