import base64
import json
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from sticc_lib import figures
from sticc_lib.figures import captions, retrieval
from sticc_lib.run import Run

HOSTILE = 'a<b> "q" & </script> $x$'


@pytest.fixture
def figure():
    plain = Figure()
    plain.add_subplot().plot([0, 1])
    return captions.caption(plain, f"title {HOSTILE}", f"how to read {HOSTILE}", f"alt {HOSTILE}")


def test_the_library_draws_without_pyplot_and_without_seaborn():
    code = (
        "import sys; from sticc_lib.figures import *; from sticc_lib.figures import "
        "captions, curves, data, gallery, methods, model, parts, retrieval, sheets, theme; "
        "import numpy; captions.png(retrieval.cmc({'sticc': numpy.linspace(.5, 1, 20)})); "
        "print('matplotlib.pyplot' in sys.modules, 'seaborn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_saving_writes_the_picture_and_its_words(figure, tmp_path):
    path = figures.save(figure, tmp_path / "deep" / "one.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    held = json.loads(path.with_suffix(".json").read_text())
    assert held == {
        "title": f"title {HOSTILE}", "caption": f"how to read {HOSTILE}", "alt": f"alt {HOSTILE}",
    }  # fmt: skip
    assert sorted(p.name for p in path.parent.iterdir()) == ["one.json", "one.png"]


def test_a_disk_that_fails_leaves_the_old_picture(figure, tmp_path, monkeypatch):
    path = figures.save(figure, tmp_path / "one.png")
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        figures.save(figure, path)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.json", "one.png"]


def test_a_figure_without_words_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="no caption"):
        figures.save(Figure(), tmp_path / "one.png")
    assert list(tmp_path.iterdir()) == []


def test_only_png_is_written(figure, tmp_path):
    with pytest.raises(ValueError, match=r"\.png"):
        figures.save(figure, tmp_path / "one.pdf")


def test_the_bundle_keeps_picture_and_caption_together_and_escapes_both(figure):
    bundle, about = figures.show(figure)._repr_mimebundle_()
    html = bundle["text/html"]
    assert "break-inside:avoid" in html
    assert html.index("<figure") < html.index("<img") < html.index("<figcaption")
    assert "alt a&lt;b&gt; &quot;q&quot; &amp; &lt;/script&gt;" in html
    assert "</script>" not in html
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert bundle["image/png"] in html
    assert about["image/png"]["alt"] == f"alt {HOSTILE}"


def test_our_figures_show_themselves_as_the_last_line_of_a_cell():
    figure = retrieval.cmc({"sticc": np.linspace(0.5, 1, 20)})
    bundle, _ = figure._repr_mimebundle_()  # type: ignore[attr-defined]
    assert set(bundle) == {"text/html", "image/png", "text/plain"}


def test_exported_html_has_alt_text_by_nbconverts_own_check(figure):
    import nbformat
    from nbconvert import HTMLExporter

    bundle, about = figures.show(figure)._repr_mimebundle_()
    output = nbformat.v4.new_output("execute_result", bundle, metadata=about, execution_count=1)
    cell = nbformat.v4.new_code_cell("figure", outputs=[output])
    html, _ = HTMLExporter(template_name="basic").from_notebook_node(
        nbformat.v4.new_notebook(cells=[cell])
    )
    assert "No description has been provided for this image" not in html
    assert "break-inside:avoid" in html


def test_run_figure_saves_into_the_run_and_returns_what_is_shown(figure, tmp_path):
    run = Run.open(tmp_path / "run", "01")
    picture = figures.run_figure(run, figure, "one")
    assert (tmp_path / "run" / "figures" / "one.png").read_bytes() == picture.png
    assert (tmp_path / "run" / "figures" / "one.json").exists()


def test_panels_placed_by_the_caller_join_their_words():
    figure = captions.Captioned(layout="constrained")
    left, right = figure.subplots(1, 2)
    curves = {"sticc": np.linspace(0.5, 1, 20)}
    assert retrieval.cmc(curves, axes=left) is figure
    retrieval.distances(np.zeros(3), np.ones(3), axes=right)
    held = captions.words(figure)
    assert held is not None
    assert held.title == "How soon the right person comes up; Distances of the same and of " \
        "different persons"  # fmt: skip
    assert "Cumulative" in held.caption
    assert "histogram" in held.caption
    assert left.get_title(loc="left") == "How soon the right person comes up"


def test_the_same_figure_gives_the_same_bytes():
    curves = {"sticc": np.linspace(0.5, 1, 20)}
    assert captions.png(retrieval.cmc(curves)) == captions.png(retrieval.cmc(curves))
