# SPDX-License-Identifier: GPL-2.0
"""What the tests of pcidoe share: TAP output, the tool and its functions."""

import contextlib
import ctypes
import os
import sys

# Exit codes
OK, USAGE, NODEV, PERM, OWNED, TIMEOUT, DEVERR, PROTO, SYSTEM, SIGNAL = *range(9), 128

BUILD = sys.argv[1]
PCIDOE = f"{BUILD}/pcidoe"

tests = failures = 0


def ok(good, name, why=""):
    global tests, failures
    tests += 1
    failures += not good
    print(f"{'ok' if good else 'not ok'} {tests} - {name}", flush=True)
    if not good:
        print("\n".join(f"# {line}" for line in str(why).splitlines()))


def run(*parts):
    """Run parts of the tests, and exit."""
    print("TAP version 13")
    for part in parts:
        part()
    print(f"1..{tests}")
    sys.exit(bool(failures))


class Library:
    """The objects of pcidoe, as a library."""

    def __init__(self):
        self.lib = ctypes.CDLL(f"{BUILD}/test-pcidoe.so")
        self.said = ""

    def function(self, name, *types):
        """One that shows nothing."""
        call = getattr(self.lib, name)
        call.argtypes = types
        return call

    @contextlib.contextmanager
    def hears(self):
        """Keep what it writes meanwhile in said."""
        sys.stdout.flush()
        file = os.memfd_create("said")
        before = [os.dup(fd) for fd in (1, 2)]
        for fd in (1, 2):
            os.dup2(file, fd)
        yield
        self.lib.out_finish()
        for fd in (1, 2):
            os.dup2(before[fd - 1], fd)
            os.close(before[fd - 1])
        self.said = os.pread(file, 1 << 16, 0).decode()
        os.close(file)

    def heard(self, name, *types):
        """One whose words are kept."""
        call = self.function(name, *types)

        def wrapped(*args):
            with self.hears():
                return call(*args)
        return wrapped
