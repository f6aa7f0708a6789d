# SPDX-License-Identifier: GPL-2.0
"""./run explore: schedules of the library in user space, each repeatable by its seed."""
import os
import re
import shutil
import subprocess

import host
import mutate

SOURCE = host.ROOT / "tools/testing/pci-doe"
PLANTED = SOURCE / "planted.txt"
BUILD = host.BUILD / "explore"
SCHEDULES = 20000


def planted():
    """The changes that make each fault of the list."""
    mutants, found = mutate.entries(PLANTED)
    if found:
        raise host.Fail(found[0])
    return {mutant.name: [m for m in mutants if m.name == mutant.name] for mutant in mutants}


def check(_):
    """./run check explore: each planted fault fits the source that it is for."""
    return mutate.entries(PLANTED)[1]


def copy(name, changes):
    """The library's sources with that fault, in a directory of their own."""
    sources = BUILD / name / "src"
    shutil.rmtree(sources, ignore_errors=True)
    sources.mkdir(parents=True)
    for path in (host.ROOT / "drivers/pci").glob("doe*.[ch]"):
        shutil.copy2(path, sources)
    bad = good = changes[0].function["rest"]
    for change in changes:
        bad = bad.replace(change.old, change.new)
    path = sources / changes[0].path.name
    path.write_text(path.read_text().replace(good, bad))
    return sources


def build(out, sources=None):
    host.install("gcc libc6-dev make")
    result = host.run(["make", "-s", f"-j{os.cpu_count()}", "-C", SOURCE, f"O={out}",
                       *([f"SRC={sources}"] if sources else [])])
    if result.returncode:
        raise host.Fail(f"the explorer does not build: {result.stderr.strip()[-2000:]}")
    return out / "explore"


def run(program, jobs, schedules, *options, stderr=None):
    return subprocess.run([program, "-j", str(jobs), *options, str(schedules)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr,
                          text=True, errors="replace", check=False)


def reasons(program, jobs, schedules, limit):
    """Why schedules fail, numbers left out, and the first line that says so."""
    out = run(program, jobs, schedules, "-k", str(limit), stderr=subprocess.DEVNULL).stdout
    lines = re.findall(r"^seed \d+: .*$", out, re.M)
    return {re.sub(r"\(.*\)|\d+", "", line): line for line in reversed(lines)}


def find_planted(jobs, schedules):
    """Each planted fault has to make schedules fail as they do not without it."""
    anyway = reasons(build(BUILD), jobs, schedules, schedules)
    missed = 0
    faults = planted()
    for name, changes in faults.items():
        program = build(BUILD / name, copy(name, changes))
        found = [line for why, line in reasons(program, jobs, schedules, schedules
                                               if anyway else 1).items() if why not in anyway]
        missed += not found
        print(f"{name:20} {found[-1] if found else f'not found in {schedules} schedules'}",
              flush=True)
    print(f"{len(faults)} planted faults: {missed} missed")
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
