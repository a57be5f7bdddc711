"""MakeHuman's text formats: what is read, and what is said of damaged files."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from sticc_lib.tracklets.table import DataError
from sticc_lib.tracklets.walkers3d import formats

FIT = "x_scale 0 1 2.0\ny_scale 0 2 1.0\nz_scale 0 3 1.0\nobj_file cloth.obj\nverts 0\n"


def write(path, text: str):
    path.write_text(text, encoding="utf-8")
    return path


def packed(path, text: str):
    path.write_bytes(gzip.compress(text.encode()))
    return path


def test_a_square_becomes_two_triangles_in_its_group(tmp_path):
    text = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\ng body\nf 1/1 2/2 3/2 4/1\n"
    mesh = formats.read_obj(write(tmp_path / "a.obj", text))
    assert mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert mesh.corners.tolist() == [[0, 1, 1], [0, 1, 0]]
    assert mesh.groups.tolist() == ["body", "body"]


def test_a_face_beyond_the_mesh_is_named_with_its_line(tmp_path):
    with pytest.raises(DataError, match=r"a\.obj, line 4: a face beyond the 3 vertices"):
        formats.read_obj(write(tmp_path / "a.obj", "v 0 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 4\n"))


def test_a_target_is_read_without_its_comments(tmp_path):
    index, change = formats.read_target(packed(tmp_path / "a.target.gz", "# x\n3 .5 0 -1\n"), 4)
    assert index.tolist() == [3]
    np.testing.assert_allclose(change, [[0.5, 0, -1]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 0 0 0\n2 0 zero 0\n", r"line 2: expected `index dx dy dz`"),
        ("1 0 0 0\n\n2 0 0\n", r"line 3: expected `index dx dy dz`"),
        ("# c\n1 0 0 0\n9 0 0 0\n", r"line 3: vertex 9 of 4"),
    ],
)
def test_a_damaged_target_is_named_with_its_line(tmp_path, text, said):
    with pytest.raises(DataError, match=r"a\.target\.gz, " + said):
        formats.read_target(packed(tmp_path / "a.target.gz", text), 4)


def test_a_target_that_is_no_gzip_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"a\.target\.gz: cannot be read"):
        formats.read_target(write(tmp_path / "a.target.gz", "1 0 0 0\n"), 4)


def test_a_fit_ties_to_one_vertex_or_to_three_and_hides_ranges(tmp_path):
    text = FIT + "2\n0 1 2 .2 .3 .5 1 0 0\ndelete_verts\n0 - 2 3\n"
    fit = formats.read_fit(write(tmp_path / "a.mhclo", text), 4)
    assert fit.ties.tolist() == [[2, 2, 2], [0, 1, 2]]
    np.testing.assert_allclose(fit.weights, [[1, 0, 0], [0.2, 0.3, 0.5]])
    assert fit.hidden.tolist() == [0, 1, 2, 3]
    assert fit.mesh == "cloth.obj"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("0 1 9 .2 .3 .5 0 0 0\n", r"line 6: vertex 9 lies beyond the 4"),
        ("0\n1 2 3\n", r"line 7: expected one index, or three indices and six numbers"),
        ("0\ndelete_verts\n1 - 8\n", r"line 8: vertex 4 lies beyond"),
    ],
)
def test_a_fit_that_does_not_match_the_mesh_is_named_with_its_line(tmp_path, rows, said):
    with pytest.raises(DataError, match=r"a\.mhclo, " + said):
        formats.read_fit(write(tmp_path / "a.mhclo", FIT + rows), 4)


def test_a_fit_without_scales_is_refused(tmp_path):
    with pytest.raises(DataError, match="x_scale"):
        formats.read_fit(write(tmp_path / "a.mhclo", "verts 0\n1\n"), 4)
