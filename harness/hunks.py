# SPDX-License-Identifier: GPL-2.0
"""What is changed in other kernel files: the patches under patches/.

TESTING.md says how one is added.  No fuzz: what a hunk changes has to stand exactly once
in its file, at whatever line.
"""
import re
from collections import Counter

import host

FILES = host.HARNESS / "patches"


def files(pattern="*.patch"):
    return sorted(FILES.glob(pattern))


def topics(pattern="*.patch"):
    """{topic: {path: [hunk]}}, in order."""
    found = {}
    for file in files(pattern):
        changes = found.setdefault(file.stem.partition("-")[2], {})
        for part in re.split(r"^diff --git ", file.read_text(), flags=re.M)[1:]:
            head, *hunks = re.split(r"^@@.*\n", part, flags=re.M)
            changes[re.search(r"^\+\+\+ b/(.*)", head, re.M)[1]] = hunks
    return found


def message(topic):
    """Subject and body of the commit."""
    text = files(f"**/*-{topic}.patch")[0].read_text()
    return text.partition("\n---\n")[0].removeprefix("Subject: ").split("\n\n", 1)


def apply(known, text, where):
    """What topics make of the files of a tree: {path: text}.  text(path, why) has
    a file as it is."""
    changed = {}
    for path in dict.fromkeys(path for changes in known.values() for path in changes):
        steps = {topic: changes[path] for topic, changes in known.items() if path in changes}
        new = f"\n{text(path, f', which {list(steps)[0]} changes,')}"
        there = standing(new, steps)
        for topic, hunks in steps.items():
            for hunk in hunks:
                old = side(hunk, " -")
                if there.issuperset(added(hunk)):
                    continue
                if new.count(old) != 1:
                    raise host.Fail(f"{where} is not understood: {path} does not take the patch "
                                    f"of {topic}")
                new = new.replace(old, side(hunk, " +"))
        changed[path] = new[1:]
    return changed


def standing(text, steps):
    """The blocks of lines that the text has as often as all patches together bring them:
    this kernel has them itself, or the patches are in it."""
    brought = Counter(block for hunks in steps.values() for hunk in hunks for block in added(hunk))
    return {block for block, count in brought.items() if text.count(block) >= count}


def added(hunk):
    """The blocks of lines that a hunk brings; of one that only removes, what it leaves."""
    return [side(block, "+") for block in re.findall(r"(?:^\+.*\n)+", hunk, re.M)] or \
        [side(hunk, " ")]


def side(hunk, signs):
    return "\n" + "".join(line[1:] for line in hunk.splitlines(True) if line[0] in signs)
