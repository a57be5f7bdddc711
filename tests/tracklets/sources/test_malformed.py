"""Malformed names, lists, .mat files, XML, JSON, CSV and patterns, thrown at every parser.

Nothing is raised but what is ours, and each problem names its file. See `malformed.PARSERS`.
"""

import time

import pytest
from malformed import BOMB, PARSERS, XML, count_cases

from sticc_lib.tracklets.sources.milan import read_milan

QUICK = 12
LEAST = 5000


@pytest.mark.parametrize("name", PARSERS)
def test_a_few_malformed_cases_of_every_kind_are_told_not_raised(own_cache, name):
    assert count_cases(name, QUICK) >= QUICK


@pytest.mark.long
def test_thousands_of_malformed_cases_are_told_not_raised(own_cache, capsys):
    counts = {name: count_cases(name, most) for name, (_, _, most) in PARSERS.items()}
    with capsys.disabled():
        print(f"\n{sum(counts.values()):,} malformed cases over {len(counts)} parsers: {counts}")
    assert sum(counts.values()) >= LEAST


def test_entities_that_grow_are_refused_at_once(tmp_path):
    lines = [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 30)]
    bomb = f"<?xml version='1.0'?><!DOCTYPE d [<!ENTITY e0 'ha'>{''.join(lines)}]><d>&e29;</d>"
    (tmp_path / "bomb.xml").write_text(bomb)
    problems = []
    began = time.perf_counter()
    table, _ = read_milan(tmp_path / "bomb.xml", problems)
    assert time.perf_counter() - began < 2
    assert len(table) == 0
    assert "bomb.xml: holds a document type or an entity" in str(problems[0])


@pytest.mark.parametrize(
    "head", [BOMB, b'<!DOCTYPE d SYSTEM "file:///etc/passwd">',
             b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'])  # fmt: skip
def test_entities_and_outside_files_are_refused_even_unused(tmp_path, head):
    (tmp_path / "a.xml").write_bytes(head + XML[38:])
    problems = []
    assert len(read_milan(tmp_path / "a.xml", problems)[0]) == 0
    assert "plain XML only is read" in str(problems[0])
