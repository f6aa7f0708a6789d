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
import tree
import uml

LIST = host.HARNESS / "mutants.txt"
# How many there are to be, and how many of them by the specification; of those that a
# file has by its size, so much is enough
AT_LEAST, FROM_SPEC, SHARE = 160, 30, 0.7
ENTRY = re.compile(r"\[([\w-]+)\] (spec \w+|code), (\S+): ((?:.|\n    )*)\n"
                   r"  - (?:@(\w+) )?(\S.*)\n(?:  \+ (.*)\n)?")
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
    """One entry of the list."""

    def __init__(self, number, match):
        self.number = number
        self.name, self.source, self.suite, what, inside, self.old, new = match.groups()
        self.inside, self.new, self.what = inside or "", new or ";", " ".join(what.split())
        self.equivalent = self.what.startswith("equivalent: ")

    def find(self, sources):
        """The function that it is in; the line must stand there once, and nowhere else."""
        places = [(path, text, at, function) for path, (text, functions) in sources.items()
                  for at in re.finditer(rf"^[ \t]*{re.escape(self.old)}$", text, re.M)
                  for function in functions
                  if function.start() < at.start() < function.end()
                  and self.inside in ("", function["name"])]
        if len(places) != 1 or not self.old:
            raise host.Fail(f"{self.name}: {len(places)} places in the library, not one")
        self.path, text, at, self.function = places[0]
        self.line = text.count("\n", 0, at.start()) + 1
        self.rest = text[self.function.start("rest"):at.start()] + self.new + \
            text[at.end():self.function.end()]


def read():
    """The mutants, and what is wrong with those that fit no source."""
    text = LIST.read_text()
    mutants = [Mutant(number, entry) for number, entry in enumerate(ENTRY.finditer(text), 1)]
    found = [f"{LIST.name}: not understood: [{rest.strip().splitlines()[0]}"
             for rest in ENTRY.sub("", text).split("\n[")[1:]]
    texts = {path: path.read_text() for path in kernel.library()}
    sources = {path: (text, list(FUNCTION.finditer(text))) for path, text in texts.items()}
    for mutant in mutants:
        try:
            mutant.find(sources)
            if not ktap.cases(mutant.suite):
                raise host.Fail(f"{mutant.name}: there is no case {mutant.suite}")
        except host.Fail as err:
            found.append(str(err))
    return mutants, found + proportions(mutants, texts)


def proportions(mutants, texts):
    """Files that have fewer mutants than their size asks for."""
    lines, found = sum(text.count("\n") for text in texts.values()), []
    for path, text in texts.items():
        there = sum(getattr(m, "path", None) == path for m in mutants)
        wanted = int(SHARE * AT_LEAST * text.count("\n") / lines)
        if there < wanted:
            found.append(f"{path.name} has {there} mutants, not {wanted}")
    real = [m for m in mutants if not m.equivalent]
    spec = sum(m.source != "code" for m in real)
    if len(real) < AT_LEAST or spec < FROM_SPEC:
        found.append(f"{len(real)} mutants, {spec} by the specification: there are to be "
                     f"{AT_LEAST} and {FROM_SPEC}")
    return found


def check(_):
    """./run check mutants: each fits the source, and each file has enough."""
    return read()[1]


def with_mutants(text, mutants):
    """A source with each faulty function beside the good one, chosen at boot."""
    for function in reversed(list(FUNCTION.finditer(text))):
        inside = [m for m in mutants if m.function.span() == function.span()]
        if inside:
            text = text[:function.start()] + choice(function, inside) + text[function.end():]
    head = text.rindex("\n#include ")
    head = text.index("\n", head + 1) + 1
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
    tree.add_kernel_argument(parser)
    parser.add_argument("names", nargs="*", metavar="MUTANT",
                        help=f"which of harness/{LIST.name} (default: all)")
    parser.add_argument("--list", action="store_true", help="show them and stop")


def main(args):
    everything, found = read()
    unknown = set(args.names) - {mutant.name for mutant in everything}
    if unknown:
        raise host.Fail(f"no mutant named {unknown.pop()}: see ./run mutate --list")
    fits = [m for m in everything if hasattr(m, "path")]
    mutants = [m for m in fits if not args.names or m.name in args.names]
    if args.list:
        for m in mutants:
            print(f"{m.name:24} {m.path.name}:{m.line:<5} {m.source:9} {m.what}")
        return 0

    start, judge = time.monotonic(), Judge(build(args.kernel, fits))
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    try:
        for count, (mutant, caught) in enumerate(zip(mutants, pool.map(judge.attempt, mutants)), 1):
            wrong = bool(caught) == mutant.equivalent
            print(f"{count:3}/{len(mutants)} {mutant.name:24} {mutant.path.name}:{mutant.line:<5} "
                  f"{caught or 'all cases pass'}{'   <-- WRONG' if wrong else ''}", flush=True)
            if wrong:
                found.append(f"{mutant.name}: {'caught' if caught else 'not caught'}: {mutant.what}")
    finally:
        pool.shutdown(cancel_futures=True)
    for m in mutants:
        if m.equivalent:
            print(f"  {m.name}: {m.what}")
    print("".join(f"{line}\n" for line in found) +
          f"{len(mutants)} mutants in {host.clock(time.monotonic() - start)}, {len(found)} findings")
    return int(bool(found))


def build(release, mutants):
    """One kernel with all of them, of which doe_mutant= chooses one, 0 being none."""
    built = uml.Kernel(release, "uml-mutants")
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


class Judge:
    """Tells who notices a mutant, in the kernel that has them all."""

    def __init__(self, built):
        self.built, self.good = built, {}

    def run(self, number, glob, cpu):
        """The cases that fail with a mutant, of those that match."""
        name = f"{number}-{re.sub(r'[^a-z0-9]+', '-', glob)}.log"
        results = uml.suites(self.built, self.built.dir / name, f"doe_mutant={number}", glob=glob,
                             cpu=cpu)
        named = [re.match(r"[\w-]+\.\w+(?=[.:])", line) for line in results.failures
                 if not line.endswith(": no result")]
        cases = [match.group() for match in named if match]
        return list(dict.fromkeys(cases + [results.last or "boot"] * (results.failed > len(cases))))

    def attempt(self, mutant):
        """The cases that are meant for it, then all of them: the first one that notices it,
        and passes without it."""
        for glob, cpu in zip((mutant.suite, ""), CPU_LIMITS):
            for case in self.run(mutant.number, glob, cpu)[:5]:
                alone = "pci-doe-api.exchange" if case == "boot" else case
                if alone not in self.good:
                    self.good[alone] = not self.run(0, alone, cpu)
                if self.good[alone]:
                    return case
        return None
