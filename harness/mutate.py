# SPDX-License-Identifier: GPL-2.0
"""./run mutate: small faults in the library, each of which a case must notice that
passes without it.  One User-mode Linux kernel has all of them, to choose at boot."""
import concurrent.futures
import os
import re
import shutil
import time

import host
import kernel
import ktap

LIST = host.HARNESS / "mutants.txt"
# How many there are to be; of those that a file has by its size, so much is enough
AT_LEAST, SHARE = 160, 0.7
ENTRY = re.compile(r"([\w-]+) (\S+) (\w+):\s+(.*) => (.*)")
FUNCTION = re.compile(r"^(?P<type>[a-z][\w \n*]*?[ *])(?P<name>\w+)\((?P<args>[^{}();]*)\)"
                      r"(?P<rest>(?:\n\t__\w+\([^\n]*\))?\n\{\n.*?^\}\n)", re.M | re.S)
SWITCH = """
int pci_doe_mutant;

static int __init pci_doe_choose_mutant(char *nr)
{
	return kstrtoint(nr, 0, &pci_doe_mutant);
}
early_param("doe_mutant", pci_doe_choose_mutant);
"""
# Seconds on the processor for the cases that are meant for it, and for all of them
CPU_LIMITS = (15, 60)


class Mutant:
    """One entry of the list, and the function that it is in."""

    def __init__(self, number, match, functions):
        self.number = number
        self.name, suite, inside, old, new = match.groups()
        self.suite = f"pci-doe-{suite}"
        places = [place for place in functions if place[1]["name"] == inside
                  for _ in range(place[1]["rest"].count(old))]
        if len(places) != 1:
            raise host.Fail(f"{self.name}: {inside}() has {len(places)} times {old!r}, not once")
        (self.path, self.function), = places
        self.old, self.new = old, new
        text = self.function["rest"]
        self.rest = text.replace(old, new)
        self.line = self.function.string.count(
            "\n", 0, self.function.start("rest") + text.index(old)) + 1


def entries(path):
    """The mutants of a list, and what is wrong with it."""
    text = re.sub(r"^#.*", "", path.read_text(), flags=re.M)
    found = [f"{path.name}: not understood: {rest}"
             for rest in re.findall(r"^[^#\n].*", ENTRY.sub("", text), re.M)]
    functions = [(path, function) for path in kernel.library()
                 for function in FUNCTION.finditer(path.read_text())]
    mutants = []
    for number, entry in enumerate(ENTRY.finditer(text), 1):
        try:
            mutants.append(Mutant(number, entry, functions))
        except host.Fail as err:
            found.append(str(err))
    return mutants, found


def read():
    """The mutants that cases are to notice, and what is wrong with their list."""
    mutants, found = entries(LIST)
    found += [f"{mutant.name}: there is no case {mutant.suite}" for mutant in mutants
              if not ktap.cases(mutant.suite)]
    places = [(mutant.path, mutant.line) for mutant in mutants]
    found += [f"{mutant.name}: another one is in line {mutant.line}" for mutant in mutants
              if places.count((mutant.path, mutant.line)) > 1]
    return mutants, found + proportions(mutants)


def proportions(mutants):
    """Files that have fewer mutants than their size asks for."""
    lines = {path: path.read_text().count("\n") for path in kernel.library()}
    found = [f"there are {len(mutants)}, not {AT_LEAST}"] * (len(mutants) < AT_LEAST)
    for path, size in lines.items():
        there = sum(mutant.path == path for mutant in mutants)
        wanted = int(SHARE * AT_LEAST * size / sum(lines.values()))
        found += [f"{path.name} has {there} mutants, not {wanted}"] * (there < wanted)
    return found


def check(_):
    """./run check mutants: each fits the source, and each file has enough."""
    return read()[1]


def with_mutants(text, mutants):
    """A source with each faulty function beside the good one, chosen at boot."""
    for start in sorted({mutant.function.start() for mutant in mutants}, reverse=True):
        inside = [mutant for mutant in mutants if mutant.function.start() == start]
        function = inside[0].function
        text = text[:start] + choice(function, inside) + text[function.end():]
    head = text.index("\n", text.rindex("\n#include ") + 1) + 1
    return f"{text[:head]}\nextern int pci_doe_mutant;\n{text[head:]}"


def choice(function, mutants):
    """The function under another name, its mutants, and one that calls one of them."""
    kind, name, args = function["type"], function["name"], function["args"]
    hidden = kind if kind.startswith("static ") else f"static {kind}"
    values = "" if args == "void" else ", ".join(re.findall(r"(\w+)(?=,|$)", args))
    copies = [f"{hidden}{name}__good({args}){function['rest']}\n"]
    copies += [f"{hidden}{name}__{m.number}({args}){m.rest}\n" for m in mutants]
    cases = "".join(f"\tcase {m.number}:\n\t\treturn {name}__{m.number}({values});\n"
                    for m in mutants)
    return (f"{''.join(copies)}{kind}{name}({args})\n{{\n\tswitch (pci_doe_mutant) {{\n{cases}"
            f"\tdefault:\n\t\treturn {name}__good({values});\n\t}}\n}}\n")


def add_arguments(parser):
    parser.add_argument("names", nargs="*", metavar="MUTANT",
                        help=f"which of harness/{LIST.name} (default: all)")


def main(args):
    everything, found = read()
    unknown = set(args.names) - {mutant.name for mutant in everything}
    if unknown:
        raise host.Fail(f"no mutant named {unknown.pop()}: see harness/{LIST.name}")
    mutants = [m for m in everything if not args.names or m.name in args.names]
    start, built = time.monotonic(), build(args.kernel, everything)
    anyway = failing(built, 0, "", CPU_LIMITS[1])
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    try:
        cases = pool.map(lambda mutant: noticed(built, mutant, anyway), mutants)
        for count, (mutant, case) in enumerate(zip(mutants, cases), 1):
            print(f"{count:3}/{len(mutants)} {mutant.name:24} {mutant.path.name}:{mutant.line:<5} "
                  f"{case or 'ALL CASES PASS'}", flush=True)
            found += [f"{mutant.name}: not caught"] * (not case)
    finally:
        pool.shutdown(cancel_futures=True)
    print("".join(f"{line}\n" for line in found) + f"{len(mutants)} mutants in "
          f"{host.clock(time.monotonic() - start)}, {len(found)} findings")
    return int(bool(found))


def build(release, mutants):
    """One kernel with all of them, of which doe_mutant= chooses one, 0 being none."""
    built = kernel.Uml(release, "uml-mutants")
    sources = {path: built.tree / path.relative_to(host.ROOT) for path in kernel.library()}
    try:
        for number, (path, into) in enumerate(sources.items()):
            into.write_text(with_mutants(path.read_text(), [m for m in mutants if m.path == path]) +
                            ("" if number else SWITCH))
        built.build()
    finally:
        for path, into in sources.items():
            shutil.copyfile(path, into)
    # The next command may build another one in the same place
    built.image = shutil.copy2(built.image, built.dir / "mutants")
    return built


def failing(built, number, glob, cpu):
    """The cases that fail with a mutant, of those that match."""
    name = f"{number}-{re.sub(r'[^a-z0-9]+', '-', glob)}.log"
    results = kernel.suites(built, built.dir / name, f"doe_mutant={number}", glob=glob, cpu=cpu)
    named = [re.match(r"[\w-]+\.\w+(?=[.:])", line) for line in results.failures
             if not line.endswith(": no result")]
    cases = [match.group() for match in named if match]
    return list(dict.fromkeys(cases + [results.last or "boot"] * (results.failed > len(cases))))


def noticed(built, mutant, anyway):
    """The first case that fails for it alone, of those that are meant for it, then of all."""
    for glob, cpu in zip((mutant.suite, ""), CPU_LIMITS):
        for case in failing(built, mutant.number, glob, cpu):
            if case not in anyway:
                return case
    return None
