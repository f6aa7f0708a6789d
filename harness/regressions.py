# SPDX-License-Identifier: GPL-2.0
"""./run check regressions: each row of regressions.txt has a KUnit case that names it."""
import re

import host

TABLE = host.HARNESS / "regressions.txt"
NUMBER, EXCUSED_AT_MOST = 57, 8


def check(_):
    """Rows of the table, and cases in them, that are not as they should be."""
    table, cases, excused, found = rows(), comments(), 0, []
    for number in map(str, range(1, NUMBER + 1)):
        names = table.get(number, "").split()
        if table.get(number, "").startswith("("):
            excused += 1
        elif not names:
            found.append(f"R{number} is missing in {TABLE.name}")
        else:
            found += [f"R{number}: there is no case {name}" if name not in cases else
                      f"R{number}: the comment of {name} does not name it" for name in names
                      if not re.search(rf"\bR{number}\b", cases.get(name, ""))]
    if excused > EXCUSED_AT_MOST:
        found.append(f"{excused} regressions have no case, {EXCUSED_AT_MOST} may")
    return found


def rows():
    """{number: names of cases, or a reason in parentheses}."""
    return dict(re.findall(r"^R(\d+): .*\n    (.*)", TABLE.read_text(), re.M))


def comments():
    """{case: comments that stand above it, below the case before}, of all suites."""
    found = {}
    for path in sorted((host.ROOT / "drivers/pci").glob("doe-test*.c")):
        text = path.read_text()
        run = set(re.findall(r"KUNIT_CASE\w*\((\w+)", text))
        parts = re.split(r"^static void (\w+)\(struct kunit \*test\)", text, flags=re.M)
        for above, name in zip(parts[::2], parts[1::2]):
            if name in run:
                found[name] = " ".join(re.findall(r"/\*.*?\*/", above, re.S))
    return found
