# SPDX-License-Identifier: GPL-2.0
"""./run check regressions: each known regression has a KUnit case that names it."""
import re

import host

TABLE = host.ROOT / "Documentation/PCI/doe.rst"
NUMBER, EXCUSED_AT_MOST = 57, 8


def check(_):
    """Rows of the table, and cases in them, that are not as they should be."""
    table, cases, excused, found = rows(), comments(), 0, []
    for number in map(str, range(1, NUMBER + 1)):
        names = re.findall(r"``(\w+)``", table.get(number, ""))
        excused += number in table and not names
        if number not in table:
            found.append(f"R{number} is missing in {TABLE.name}")
        for name in names:
            if name not in cases:
                found.append(f"R{number}: there is no case {name}")
            elif not re.search(rf"\bR{number}\b", cases[name]):
                found.append(f"R{number}: the comment of {name} does not name it")
    if excused > EXCUSED_AT_MOST:
        found.append(f"{excused} regressions have no case, {EXCUSED_AT_MOST} may")
    return found


def rows():
    """{number: what guards it}, of the table in the documentation."""
    found, number = {}, None
    text = TABLE.read_text().split("\nRegressions\n", 1)[-1].split("\nPerformance\n", 1)[0]
    for line in text.splitlines():
        start = re.match(r"R(\d+)", line)
        number = start.group(1) if start else number
        if number:
            found[number] = f"{found.get(number, '')} {line[41:]}"
    return found


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
