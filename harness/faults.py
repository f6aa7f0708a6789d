# SPDX-License-Identifier: GPL-2.0
"""./run check faults: each fault in the documentation has tests, which are there."""
import re

import host
import regressions

SELFTESTS = host.ROOT / "tools/testing/selftests/pci_doe"
COLUMNS = 5


def check(_source):
    """What is wrong with rows of the table, or with the tests that they name."""
    tests = set(regressions.comments()) | {path.name for path in SELFTESTS.glob("*.sh")}
    found = []
    for row in rows():
        names = re.findall(r"``([\w.]+)``", row[-1]) if len(row) == COLUMNS else []
        if not names:
            found.append(f"no test: {row[0]}")
        found += [f"there is no test {name}: {row[0]}" for name in names if name not in tests]
    return found


def rows():
    """Each fault's cells, a line each."""
    text = regressions.TABLE.read_text().split("\nFaults\n", 1)[-1].split("\nLimits\n", 1)[0]
    return [[" ".join(cell.split()) for cell in re.split(r"^     -", row, flags=re.M)]
            for row in re.split(r"^   \* -", text, flags=re.M)[2:]]
