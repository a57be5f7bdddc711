"""What cannot be looked at is refused in the cell itself: one line that says what to do."""

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from sticc_lib import views
from sticc_lib.explain.look import look
from sticc_lib.models import zoo
from sticc_lib.presets import preset


@pytest.fixture
def cell(tiny, coloured):
    """Runs code as a notebook cell would; returns the lines of the error it shows."""

    def run(code, **names):
        shell, shown = InteractiveShell(), []
        shell._showtraceback = lambda kind, error, lines: shown.extend(lines)
        shell.push({"tiny": tiny, "data": coloured(), "look": look, **names})
        assert not shell.run_cell(code).success
        return shown

    return run


@pytest.mark.parametrize(("code", "said"), [
    ("look(tiny('mean_pool'), data, 0, 'mean pool')",
     "CaptureError: MeanPool has no attention and no memory to look at; capture sticc or an "
     "attention pool"),
    ("tiny().eval()(clips[:, :0])", "ClipError: a clip needs at least one frame, got T = 0"),
    ("tiny().eval()(clips, nobody)", "ClipError: mask hides every frame of clip 0"),
    ("look(tiny(), data, 99, 'STICC')",
     "DataError: coloured has no tracklet 99; it has 16, from 0 to 15"),
])  # fmt: skip
def test_a_cell_shows_one_line_that_says_what_is_wrong(cell, code, said):
    clips = torch.zeros(1, 3, 3, 32, 16)
    (line,) = cell(code, clips=clips, nobody=torch.zeros(1, 3, dtype=torch.bool))
    assert line == said


def test_a_checkpoint_of_another_configuration_is_named_with_what_does_not_fit(cell, tmp_path):
    config = preset("smoke")
    small = zoo.build("sticc", 4, config=config.model)
    folder = zoo.save(tmp_path / "best", small, config, 4)
    file = folder / "model.safetensors" if folder.is_dir() else folder
    from safetensors import safe_open
    from safetensors.torch import save_file

    with safe_open(file, "pt") as stored:
        notes = stored.metadata()
        state = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    state["individual.slots"] = torch.zeros(9, 5)
    save_file(state, file, notes)
    (file.parent / "hashes.json").unlink()  # as whoever puts weights there by hand
    (line,) = cell("from sticc_lib.models import zoo\nzoo.load(file)", file=file)
    assert line.startswith("ConfigError: ")
    assert line.endswith("does not fit its config: individual.slots")


def test_a_view_of_what_the_model_lacks_says_so_in_its_place(tiny, coloured):
    seen = look(tiny(encoder="none"), coloured(), 0, "STICC without M1")
    shown = views.self_attention(seen)._repr_mimebundle_()[0]["text/html"]
    assert 'role="alert"' in shown
    assert "no map common.attention" in shown


@pytest.mark.parametrize(("lengths", "clip_length"), [((5,), 1), ((2,), 0)], ids=["T = 1", "short"])
def test_one_frame_and_a_short_tracklet_are_drawn(tiny, coloured, lengths, clip_length):
    seen = look(tiny(), coloured(lengths=lengths), 0, "STICC", clip_length=clip_length)
    for view in (views.self_attention(seen), views.slots(seen), views.relevance(seen)):
        bundle = view._repr_mimebundle_()[0]
        assert "alert" not in bundle["text/html"]
        assert "image/png" in bundle
    filled = "only fills a short clip" in views.slots(seen)._repr_mimebundle_()[0]["text/html"]
    assert filled == (clip_length == 0)
