# SPDX-License-Identifier: GPL-2.0
"""./run check faults: each fault in faults.txt has tests, which are there."""
import re

import host
import regressions

TABLE = host.HARNESS / "faults.txt"
SELFTESTS = host.ROOT / "tools/testing/selftests/pci_doe"


def check(_source):
    """What is wrong with entries of the table, or with the tests that they name."""
    tests = set(regressions.comments()) | {path.name for path in SELFTESTS.glob("*.sh")}
    found = [] if rows() else [f"{TABLE.name} is not understood"]
    for fault, names in rows():
        if not names:
            found.append(f"no test: {fault}")
        found += [f"there is no test {name}: {fault}" for name in names if name not in tests]
    return found


def rows():
    """[fault, names of its tests]."""
    entries = re.findall(r"^([^#\s].*)\n((?: .*\n)+)", TABLE.read_text(), re.M)
    return [(fault, text.partition("tests:")[2].split()) for fault, text in entries]
