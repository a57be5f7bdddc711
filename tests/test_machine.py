"""What is asked of the machine: memory that stays."""

import os
import platform
import subprocess
import sys

import pytest

BLOCK = 64 * 2**20  # more than glibc would come to keep by itself
TAKES_AND_FREES = """
import ctypes
from sticc_lib import machine
class Told(ctypes.Structure):  # glibc's mallinfo2
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in names.split()]
c = ctypes.CDLL(None)
c.mallinfo2.restype, c.malloc.restype, c.free.argtypes = Told, ctypes.c_void_p, [ctypes.c_void_p]
if {keeps}:
    machine.keep_freed_memory()
before = c.mallinfo2()
block = c.malloc({size})
taken = c.mallinfo2()
c.free(block)
print(taken.hblkhd - before.hblkhd, c.mallinfo2().arena - before.arena)
"""


def mapped_and_held(keeps: bool, **environment: str) -> tuple[int, int]:
    """Bytes fetched apart from the heap for a block; bytes the heap keeps when it is free."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    command = [sys.executable, "-c", TAKES_AND_FREES.format(keeps=keeps, size=BLOCK)]
    done = subprocess.run(
        command, env=plain | environment, capture_output=True, text=True, check=True
    )
    mapped, held = map(int, done.stdout.split())
    return mapped, held


@pytest.mark.skipif("glibc" not in platform.libc_ver(), reason="glibc only")
def test_freed_memory_is_kept_unless_the_environment_says_otherwise():
    mapped, held = mapped_and_held(keeps=True)
    assert mapped == 0
    assert held > BLOCK / 2  # the heap's free end may have served a part
    for given_back in (
        mapped_and_held(keeps=False),
        mapped_and_held(keeps=True, MALLOC_TRIM_THRESHOLD_="131072"),
    ):
        assert given_back[0] >= BLOCK
        assert given_back[1] < BLOCK / 2
