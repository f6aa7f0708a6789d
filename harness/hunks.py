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
    """{topic: {path: {name of the patch or of a variant of it: [hunk]}}}, in order."""
    found = {}
    for file in files(pattern):
        name = str(file.relative_to(host.ROOT))
        topic = re.match(r"(?:\d+-)?(.*?)(?:-\d+\.\d+)?\.patch", file.name)[1]
        for part in re.split(r"^diff --git ", file.read_text(), flags=re.M)[1:]:
            head, *hunks = re.split(r"^@@.*\n", part, flags=re.M)
            path = re.search(r"^\+\+\+ b/(.*)", head, re.M)[1]
            found.setdefault(topic, {}).setdefault(path, {})[name] = hunks
    return found


def paths():
    return {path for changes in topics().values() for path in changes}


def message(topic):
    """Subject and body of the commit."""
    text = files(f"**/*-{topic}.patch")[0].read_text()
    return text.partition("\n---\n")[0].removeprefix("Subject: ").split("\n\n", 1)


def apply(known, text, where):
    """What topics make of the files of a tree: {path: text}.  text(path, why) has
    a file as it is.  Of the variants of a patch the first that fits is taken."""
    steps, changed = {}, {}
    for changes in known.values():
        for path, variants in changes.items():
            steps.setdefault(path, []).append(variants)
    for path in steps:
        changed[path] = text(path, f", which {' or '.join(steps[path][0])} changes,")
        there = standing(changed[path], steps[path])
        for variants in steps[path]:
            fitting = [new for hunks in variants.values()
                       if (new := fit(changed[path], hunks, there))]
            if not fitting:
                raise host.Fail(f"{where} is not understood: {path} does not take "
                                f"{' or '.join(variants)}")
            changed[path] = fitting[0]
    return changed


def standing(text, steps):
    """The blocks of lines that the text has as often as all patches together bring them:
    this kernel has them itself, or the patches are in it."""
    brought = Counter()
    for variants in steps:
        most = Counter()
        for hunks in variants.values():
            most |= Counter(block for hunk in hunks for block in added(hunk))
        brought += most
    return {block for block, count in brought.items() if f"\n{text}".count(block) >= count}


def fit(text, hunks, there):
    """The text with the hunks in it but for those that are there, None if one does not fit."""
    text = f"\n{text}"
    for hunk in hunks:
        old, new = side(hunk, " -"), side(hunk, " +")
        if there.issuperset(added(hunk)):
            continue
        if text.count(old) != 1:
            return None
        text = text.replace(old, new)
    return text[1:]


def added(hunk):
    """The blocks of lines that a hunk brings; of one that only removes, what it leaves."""
    return [side(block, "+") for block in re.findall(r"(?:^\+.*\n)+", hunk, re.M)] or \
        [side(hunk, " ")]


def side(hunk, signs):
    return "\n" + "".join(line[1:] for line in hunk.splitlines(True) if line[0] in signs)
