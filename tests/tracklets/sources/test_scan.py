"""Listing trees: what is found, what is kept, and when the kept list is thrown away."""

import os
import sys
import time

import numpy as np
import pytest

from sticc_lib.run import cache_dir
from sticc_lib.tracklets.sources import scan as module
from sticc_lib.tracklets.sources.scan import absent, paths, scan

FILES = ["b/2.jpg", "a/1.JPG", "a/0.png", "top.jpg", "a/deep/er/3.jpeg", "a/note.txt", ".x.jpg",
         "b/._2.jpg", ".git/4.jpg"]  # fmt: skip
FOUND = ["top.jpg", "a/0.png", "a/1.JPG", "a/deep/er/3.jpeg", "b/2.jpg"]


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_CACHE", str(tmp_path / "cache"))
    for name in FILES:
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    settle(tmp_path / "tree")
    return tmp_path / "tree"


def settle(root):
    """Makes a tree look as if nothing had happened in it for a while."""
    for folder, *_ in os.walk(root):
        os.utime(folder, (time.time() - 60,) * 2)


def test_pictures_are_listed_by_folder_and_name_hidden_ones_passed_over(root):
    tree = scan(root)
    assert paths(tree.files).tolist() == FOUND
    assert len(tree) == 5
    assert paths(tree.folder("a")).tolist() == FOUND[1:4]
    assert paths(scan(root, (".txt",)).files).tolist() == ["a/note.txt"]


def test_a_second_listing_comes_from_the_cache_and_is_the_same(root):
    first, second = scan(root), scan(root)
    assert (first.cached, second.cached) == (False, True)
    assert first.files.equals(second.files)
    assert first.fingerprint == second.fingerprint
    assert not scan(root, (".jpg",)).cached  # another question
    assert not scan(root, depth=1).cached


def add(root):
    (root / "a" / "new.jpg").touch()


def remove(root):
    (root / "b" / "2.jpg").unlink()


def rename(root):
    (root / "a" / "deep" / "er" / "3.jpeg").rename(root / "a" / "deep" / "er" / "4.jpeg")


def add_a_folder(root):
    (root / "c").mkdir()


def remove_a_folder(root):
    (root / "b" / "2.jpg").unlink()
    (root / "b" / "._2.jpg").unlink()
    (root / "b").rmdir()


@pytest.mark.parametrize("change", [add, remove, rename, add_a_folder, remove_a_folder])
def test_the_kept_list_goes_when_the_tree_changed(root, change):
    before = scan(root)
    change(root)
    after = scan(root)
    assert not after.cached
    assert after.fingerprint != before.fingerprint
    there = sorted(p.relative_to(root).as_posix() for p in root.rglob("*.jp*g"))
    listed = [p for p in paths(after.files) if p.lower().endswith(("jpg", "jpeg"))]
    assert sorted(p for p in there if "/." not in f"/{p}") == sorted(
        p for p in listed if p != "a/1.JPG"
    )


def test_a_tree_that_changed_a_moment_ago_is_not_kept(root):
    add(root)
    assert not scan(root).cached
    assert not scan(root).cached
    settle(root)
    scan(root)
    assert scan(root).cached


def test_a_damaged_cache_is_replaced(root):
    scan(root)
    (kept,) = cache_dir().glob("scan-*.npz")
    whole = kept.read_bytes()
    for broken in (b"", b"no archive", whole[: len(whole) // 2]):
        kept.write_bytes(broken)
        again = scan(root)
        assert not again.cached
        assert paths(again.files).tolist() == FOUND
    assert scan(root).cached


def test_a_moved_tree_is_listed_anew(root):
    scan(root)
    moved = root.rename(root.with_name("moved"))
    assert not scan(moved).cached


def test_a_missing_folder_and_a_file_are_told(root):
    for path, what in ((root / "no", "is missing"), (root / "top.jpg", "is not a folder")):
        tree = scan(path)
        assert len(tree) == 0
        assert what in str(tree.problems[0])
        assert tree.problems[0].fatal


def test_what_lies_too_deep_is_told_and_lived_with(root):
    tree = scan(root, depth=1)
    assert "a/deep/er/3.jpeg" not in paths(tree.files)
    (told,) = tree.problems
    assert "1 folders, deeper than 1 levels" in told.what
    assert not told.fatal


def test_a_link_to_a_folder_above_ends(root):
    (root / "a" / "loop").symlink_to(root)
    settle(root)
    assert paths(scan(root).files).tolist() == FOUND


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_a_name_that_is_no_text_is_told_and_left_out(root):
    with open(os.fsencode(root) + b"/a/\xff.jpg", "wb"):
        pass
    tree = scan(root)
    assert paths(tree.files).tolist() == FOUND
    assert "1 names are not UTF-8" in tree.problems[0].what


def test_a_folder_that_cannot_be_listed_is_told_and_nothing_is_kept(root, monkeypatch):
    real = os.scandir

    def refuse(path):
        if str(path).endswith("er"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(module.os, "scandir", refuse)
    tree = scan(root)
    assert "cannot be listed (Permission denied)" in str(tree.problems[0])
    assert tree.problems[0].fatal
    assert not scan(root).cached


def test_absent_files_are_told_once_a_folder(root):
    wanted = np.array(["a/0.png", "a/no.png", "a/neither.png", "b/2.jpg", "z/0.png"], object)
    missing, told = absent(scan(root).files, wanted, lambda i: f"list line {i + 1}", "look again")
    assert missing.tolist() == [False, True, True, False, True]
    assert [str(p) for p in told] == [
        "list line 2: a/no.png is not there (the first of 2 in this folder); look again",
        "list line 5: z/0.png is not there; look again",
    ]
