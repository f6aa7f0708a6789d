# SPDX-License-Identifier: GPL-2.0
"""./run explore: schedules of the library in user space, each repeatable by its seed."""
import os
import re
import shutil
import subprocess

import host

SOURCE = host.ROOT / "tools/testing/pci-doe"
PLANTED = SOURCE / "planted.txt"
BUILD = host.BUILD / "explore"
SCHEDULES = 20000
FUNCTION = r"^[a-z][^;{{}}]*?\b{}\([^;{{}}]*\)(?:\n\t__\w+\([^\n]*\))?\n\{{\n.*?^\}}\n"


class Planted:
    """One entry of the list: a fault, as changes of single lines of the library."""

    def __init__(self, text):
        head, *body = text.strip().splitlines()
        match = re.fullmatch(r"\[([\w-]+)\] (\S+)", head)
        if not match:
            raise host.Fail(f"{PLANTED.name}: not understood: {head}")
        self.name, self.file = match.groups()
        self.inside, self.changes = "", []
        for line in body:
            kind, rest = line.strip()[0], line.strip()[2:]
            if kind == "@":
                self.inside = rest
            elif kind == "-":
                self.changes.append([rest, ""])
            elif kind == "+":
                self.changes[-1][1] = rest

    def commit(self, directory):
        path = directory / self.file
        text = path.read_text()
        places = list(re.finditer(FUNCTION.format(self.inside), text, re.M | re.S))
        if len(places) != 1:
            raise host.Fail(f"{self.name}: {len(places)} functions {self.inside}() in {self.file}")
        body = places[0][0]
        for old, new in self.changes:
            pattern = rf"^([ \t]*){re.escape(old)}$"
            body, count = re.subn(pattern, lambda m, new=new: m[1] + (new or ";"), body,
                                  flags=re.M)
            if count != 1:
                raise host.Fail(f"{self.name}: {count} lines '{old}' in {self.inside}(), not one")
        path.write_text(text[:places[0].start()] + body + text[places[0].end():])


def planted():
    return [Planted(entry) for entry in re.split(r"\n\n(?=\[)", PLANTED.read_text())[1:]]


def check(_):
    """./run check explore: each planted fault fits the source that it is for."""
    try:
        for fault in planted():
            copy(fault)
    except host.Fail as err:
        return [str(err)]
    return []


def copy(fault):
    """The library's sources with that fault, in a directory of their own."""
    sources = BUILD / fault.name / "src"
    shutil.rmtree(sources, ignore_errors=True)
    sources.mkdir(parents=True)
    for path in (host.ROOT / "drivers/pci").glob("doe*.[ch]"):
        shutil.copy2(path, sources)
    fault.commit(sources)
    return sources


def build(out, sources=None):
    host.install({"gcc": "gcc", "libc6-dev": "/usr/include/stdio.h", "make": "make"})
    result = host.run(["make", "-s", f"-j{os.cpu_count()}", "-C", SOURCE, f"O={out}",
                       *([f"SRC={sources}"] if sources else [])])
    if result.returncode:
        raise host.Fail(f"the explorer does not build: {result.stderr.strip()[-2000:]}")
    return out / "explore"


def run(program, jobs, schedules, *options):
    return subprocess.run([program, "-j", str(jobs), *options, str(schedules)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          errors="replace", check=False)


def reasons(program, jobs, schedules, limit):
    """Why schedules fail, numbers left out, and the first line that says so."""
    lines = re.findall(r"^seed \d+: .*$", run(program, jobs, schedules, "-k", str(limit)).stdout,
                       re.M)
    return {re.sub(r"\(.*\)|\d+", "", line): line for line in reversed(lines)}


def find_planted(jobs, schedules):
    """Each planted fault has to make schedules fail as they do not without it."""
    anyway = reasons(build(BUILD), jobs, schedules, schedules)
    missed = 0
    for fault in planted():
        program = build(BUILD / fault.name, copy(fault))
        found = [line for why, line in reasons(program, jobs, schedules, schedules
                                               if anyway else 1).items() if why not in anyway]
        missed += not found
        print(f"{fault.name:20} {found[-1] if found else f'not found in {schedules} schedules'}",
              flush=True)
    print(f"{len(planted())} planted faults: {missed} missed")
    return int(bool(missed))


def add_arguments(parser):
    parser.add_argument("schedules", nargs="?", type=int, default=SCHEDULES, metavar="SCHEDULES",
                        help=f"how many (default: {SCHEDULES})")
    parser.add_argument("--seed", type=int, metavar="N", help="show what happens in schedule N")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N",
                        help="processes (default: one for each CPU)")
    parser.add_argument("--planted", action="store_true",
                        help="see that it finds the faults of tools/testing/pci-doe/planted.txt")


def main(args):
    if args.planted:
        return find_planted(args.jobs, args.schedules)
    if args.seed is not None:
        result = run(build(BUILD), 1, 1, "-s", str(args.seed), "-t")
        print(result.stdout, end="")
        return result.returncode
    return show(args.schedules, args.jobs)


def show(schedules, jobs):
    """Run as many, and show the end of the first one that fails."""
    program = build(BUILD)
    result = run(program, jobs, schedules)
    print(result.stdout, end="", flush=True)
    seed = re.search(r"^seed (\d+):", result.stdout, re.M)
    if seed:
        print(f"\n==> the end of schedule {seed[1]}; all of it: ./run explore --seed {seed[1]}")
        lines = run(program, 1, 1, "-s", seed[1], "-t").stdout.splitlines()
        print("\n".join(lines[-60:]))
    return result.returncode
