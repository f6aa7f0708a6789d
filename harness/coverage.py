# SPDX-License-Identifier: GPL-2.0
"""./run coverage: which lines and branches of the library the KUnit suites reach."""
import base64
import binascii
import collections
import json
import re

import guest
import host
import small
import tree

FILES = ("doe.c", "doe-aux.c", "doe-mb.c", "doe-irq.c", "doe-sysfs.c")
# What these are to have: per cent of lines, and of branches
NEEDED = {"doe.c": (95, 85), "doe-aux.c": (95, 85)}
REASONS = host.HARNESS / "coverage.txt"
OUT = host.BUILD / "coverage"
PATIENCE = 300


def add_arguments(parser):
    tree.add_kernel_argument(parser)


def main(args):
    built = small.Small(args.kernel)
    built.prepare(*(f"GCOV_PROFILE_{name.replace('.c', '.o')}=y" for name in FILES))
    initrd = guest.initramfs(built)
    OUT.mkdir(parents=True, exist_ok=True)
    dump = OUT / "dump"
    dump.unlink(missing_ok=True)
    run = small.Run(built.image, OUT / "console.log", PATIENCE,
                    "doe_run=gcov doe_sim.devices=1 doe_sim.mailboxes=2",
                    ("-serial", f"file:{dump}", "-initrd", initrd), to_end=True)
    print(f"{run.cases} cases in {run.seconds:.0f} s")
    if run.failure:
        raise host.Fail(f"{run.failure[0]} fails, {run.failure[1]}: see {OUT}/console.log")
    unpack(built, guest.read(dump))
    results = {name: measure(built, name) for name in FILES}
    return report(results)


def unpack(built, text):
    """The counters that the guest read from debugfs, beside what the compiler left."""
    found = re.findall(r"^== (\S+)\.gcda\n([^=]*=*\n)", text, re.M)
    missing = {name[:-2] for name in FILES} - {name for name, _ in found}
    if missing:
        raise host.Fail(f"the guest has no counters of {', '.join(sorted(missing))}")
    for name, data in found:
        try:
            (built.dir / "drivers/pci" / f"{name}.gcda").write_bytes(base64.b64decode(data))
        except binascii.Error:
            raise host.Fail(f"the counters of {name} came through incomplete") from None


class Result:
    """Lines and branches of one source: how often each was taken."""

    def __init__(self, name, text):
        self.name, self.text = name, text
        self.lines, self.functions = {}, {}
        self.branches = collections.defaultdict(list)

    def share(self, counts):
        counts = list(counts)
        return sum(map(bool, counts)), len(counts)

    def rates(self):
        return (self.share(self.lines.values()),
                self.share(count for taken in self.branches.values() for count in taken))

    def missed(self):
        return [number for number, count in sorted(self.lines.items()) if not count]


def measure(built, name):
    gcda = f"drivers/pci/{name[:-2]}.gcda"
    made = host.run(["gcov", "-b", "--json-format", "--stdout", gcda], cwd=built.dir)
    if made.returncode or not made.stdout:
        raise host.Fail(f"gcov cannot read {gcda}: {made.stderr.strip()}")
    result = Result(name, (built.tree / "drivers/pci" / name).read_text().splitlines())
    for source in json.loads(made.stdout)["files"]:
        if not source["file"].endswith(f"drivers/pci/{name}"):
            continue
        for line in source["lines"]:
            number = line["line_number"]
            result.lines[number] = result.lines.get(number, 0) + line["count"]
            result.functions[number] = line.get("function_name", "")
            result.branches[number] += [b["count"] for b in line["branches"]]
    annotate(result)
    return result


def annotate(result):
    """The source with how often each line ran, and of its branches how many were taken."""
    with open(OUT / f"{result.name}.txt", "w") as out:
        for number, text in enumerate(result.text, 1):
            count = result.lines.get(number)
            taken = result.branches.get(number)
            shown = "-" if count is None else str(count) if count else "#####"
            ways = f"{sum(map(bool, taken))}/{len(taken)}" if taken else ""
            out.write(f"{shown:>9} {ways:>6} {number:5}: {text}\n")


def reasons():
    """{(file, function, line): why it is not reached}: see the head of the list."""
    found = {}
    for entry in REASONS.read_text().split("\n\n"):
        why = " ".join(re.findall(r"^\t(.*)", entry, re.M))
        found.update({key: why for key in re.findall(r"^(\S+\.c) (\w+): (.*)", entry, re.M)})
    return found


def report(results):
    known, bad = reasons(), 0
    print(f"\n{'':14} {'lines':>18} {'branches':>18}")
    for name, result in results.items():
        cells = []
        for (hit, total), needed in zip(result.rates(), NEEDED.get(name, (0, 0))):
            rate = 100 * hit / max(total, 1)
            short = rate < needed
            bad += short
            cells.append(f"{hit:5}/{total:<5}{rate:5.1f} %{' !' if short else '  '}")
        print(f"{name:14} {cells[0]:>18} {cells[1]:>18}")
    print(f"annotated source in {OUT}/\n\nlines not reached:")
    for name, result in results.items():
        for number in result.missed():
            text = result.text[number - 1].strip()
            why = known.get((name, result.functions[number], text))
            if not why and name in NEEDED:
                bad += 1
            print(f"  {name}:{number} {result.functions[number]}: {text}\n"
                  f"      {why or 'no reason is given in harness/coverage.txt'}")
    print("coverage is as it should be" if not bad else f"{bad} things are not as they should be")
    return int(bad > 0)
