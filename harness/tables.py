# SPDX-License-Identifier: GPL-2.0
"""./run check tables: each row of regressions.txt has a KUnit case whose comment names its
number, and each of faults.txt tests that are there."""
import re

import host
import test

REGRESSIONS, FAULTS = host.HARNESS / "regressions.txt", host.HARNESS / "faults.txt"
NUMBER, EXCUSED_AT_MOST = 57, 8


def check(_source):
    """What is wrong with rows of the tables, or with the tests that they name."""
    comments, tests = read()
    rows = dict(re.findall(r"^R(\d+): (.*)", REGRESSIONS.read_text(), re.M))
    excused = [number for number, text in rows.items() if text.endswith(")")]
    found = [f"R{number} is missing" for number in range(1, NUMBER + 1) if str(number) not in rows]
    found += [f"no case names R{number}" for number in rows if number not in excused
              and not re.search(rf"\bR{number}\b", comments)]
    if len(excused) > EXCUSED_AT_MOST:
        found.append(f"{len(excused)} regressions have no case, {EXCUSED_AT_MOST} may")
    faults = re.findall(r"^([^#\s].*\n(?:  \S.*\n)*)((?:    .*\n)*)", FAULTS.read_text(), re.M)
    for fault, names in faults:
        lacking = set(names.split() or ["named"]) - tests
        found += [f"no test {name}: {fault.splitlines()[0]}" for name in sorted(lacking)]
    return found + [f"{FAULTS.name} is not understood"] * (not faults)


def read():
    """The comments above all KUnit cases, and the names of cases and kselftests."""
    comments, tests = "", {path.name for path in test.SELFTESTS.glob("*.sh")}
    for path in (host.ROOT / "drivers/pci").glob("doe-test*.c"):
        text = path.read_text()
        cases = set(re.findall(r"KUNIT_CASE\w*\((\w+)", text))
        parts = re.split(r"^static void (\w+)\(struct kunit \*test\)", text, flags=re.M)
        tests |= cases
        comments += " ".join(comment for above, name in zip(parts[::2], parts[1::2])
                             if name in cases for comment in re.findall(r"/\*.*?\*/", above, re.S))
    return comments, tests
