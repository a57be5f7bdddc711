"""What is asked of the machine: memory that stays."""

import os
import platform
import subprocess
import sys

import pytest

LOOP = """
import resource, torch
from sticc_lib import machine
if {keeps}:
    machine.keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    torch.ones(2**24).sum()
before = faults()
for _ in range(20):
    torch.ones(2**24).sum()  # 64 MB: more than glibc would come to keep by itself
print(faults() - before)
"""


def page_faults(keeps: bool, **environment: str) -> int:
    plain = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    command = [sys.executable, "-c", LOOP.format(keeps=keeps)]
    done = subprocess.run(
        command, env=plain | environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif("glibc" not in platform.libc_ver(), reason="glibc only")
def test_freed_memory_is_kept_unless_the_environment_says_otherwise():
    without, kept = page_faults(keeps=False), page_faults(keeps=True)
    assert kept < without / 10
    assert page_faults(keeps=True, MALLOC_TRIM_THRESHOLD_="131072") > without / 10
