# SPDX-License-Identifier: GPL-2.0
"""./run mutate: small faults in the library, each of which the suites must notice."""
import concurrent.futures
import os
import re
import shutil

import host
import small
import tree

LIST = host.HARNESS / "mutants.txt"
AT_LEAST, FROM_SPEC = 60, 15
HEAD = re.compile(r"\[([\w-]+)\] (\S+), (spec \w+|code), (\S+)$")
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
# After so many seconds of silence a machine hangs, whatever its load
PATIENCE = 300


class Mutant:
    """One entry of the list."""

    def __init__(self, number, text):
        head, *body = text.strip().splitlines()
        match = HEAD.match(head)
        if not match:
            raise host.Fail(f"{LIST.name}: not understood: {head}")
        self.number = number
        self.name, self.file, self.source, self.suite = match.groups()
        parts = {line[2]: line[4:].strip() for line in body if line[2] in "@-+"}
        self.inside, self.old, self.new = (parts.get(key, "") for key in "@-+")
        self.what = " ".join(line.strip() for line in body if line[2] not in "@-+")
        self.equivalent = self.what.startswith("equivalent: ")

    def find(self, text, functions):
        """The function that it is in; the line must stand there once, and nowhere else."""
        places = [(at, function) for at in
                  re.finditer(rf"^[ \t]*{re.escape(self.old)}$", text, re.M)
                  for function in functions
                  if function.start() < at.start() < function.end()
                  and self.inside in ("", function["name"])]
        if len(places) != 1 or not self.old:
            raise host.Fail(f"{self.name}: {len(places)} places in {self.file}, not one")
        at, self.function = places[0]
        start = self.function.start("rest")
        self.line = text.count("\n", 0, at.start()) + 1
        self.rest = text[start:at.start()] + (self.new or ";") + text[at.end():self.function.end()]


def read():
    entries = re.split(r"\n\n(?=\[)", LIST.read_text())[1:]
    mutants = [Mutant(number, entry) for number, entry in enumerate(entries, 1)]
    for name in {mutant.file for mutant in mutants}:
        text = (host.ROOT / "drivers/pci" / name).read_text()
        functions = list(FUNCTION.finditer(text))
        for mutant in mutants:
            if mutant.file == name:
                mutant.find(text, functions)
    return mutants


def check(_):
    """./run check mutants: each fits the source that it is for."""
    try:
        read()
    except host.Fail as err:
        return [str(err)]
    return []


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
    everything = read()
    unknown = set(args.names) - {mutant.name for mutant in everything}
    if unknown:
        raise host.Fail(f"no mutant named {unknown.pop()}: see ./run mutate --list")
    mutants = [m for m in everything if not args.names or m.name in args.names]
    if args.list:
        for m in mutants:
            print(f"{m.name:24} {m.file}:{m.line:<5} {m.source:9} {m.what}")
        return 0

    built = build(args.kernel, everything)
    patience = PATIENCE if args.names else good(built)
    missed = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        attempts = pool.map(lambda m: attempt(built, m, patience), mutants)
        for count, (mutant, (caught, why, seconds)) in enumerate(zip(mutants, attempts), 1):
            wrong = bool(caught) == mutant.equivalent
            print(f"{count:3}/{len(mutants)} {mutant.name:24} {mutant.file}:{mutant.line:<5} "
                  f"{caught or '-'} ({why}) {seconds:.0f} s{'   <-- WRONG' if wrong else ''}",
                  flush=True)
            if wrong:
                missed.append(mutant)
    return report(mutants, missed, not args.names)


def good(built):
    """Without a mutant nothing fails; so long a machine may be silent."""
    run = small.Run(built.image, built.dir / "good.log", PATIENCE)
    print(f"without a mutant: {run.cases} cases in {run.seconds:.0f} s", flush=True)
    if run.failure:
        raise host.Fail(f"{run.failure[0]} fails without a mutant, {run.failure[1]}")
    return min(PATIENCE, 3 * run.silent + 30)


def build(release, mutants):
    """One kernel with all of them, of which doe_mutant= chooses one, 0 being none."""
    built = small.Small(release)
    sources = {name: built.tree / "drivers/pci" / name
               for name in ("doe.c", *(m.file for m in mutants))}
    originals = {name: path.read_text() for name, path in sources.items()}
    try:
        for name, path in sources.items():
            path.write_text(with_mutants(originals[name],
                                         [m for m in mutants if m.file == name]) +
                            (SWITCH if name == "doe.c" else ""))
        built.prepare()
    finally:
        for name, path in sources.items():
            path.write_text(originals[name])
    # The next command may build another one in the same place
    built.image = shutil.copy2(built.image, built.dir / "mutants")
    return built


def attempt(built, mutant, patience):
    """The suite that is meant for it, then all of them: who fails, what it says, the time."""
    seconds = 0
    for suites in (f"kunit.filter_glob={mutant.suite}", ""):
        run = small.Run(built.image, built.dir / f"{mutant.name}.log", patience,
                        f"doe_mutant={mutant.number} {suites}")
        seconds += run.seconds
        if run.failure:
            return (*run.failure, seconds)
    return None, f"{run.cases} cases pass", seconds


def report(mutants, missed, whole):
    real = [m for m in mutants if not m.equivalent]
    spec = sum(m.source != "code" for m in real)
    print(f"\n{len(real)} mutants, {spec} of them from the specification: "
          f"{len(real) - sum(not m.equivalent for m in missed)} caught")
    for m in mutants:
        if m.equivalent:
            print(f"  {m.name}: {m.what}")
    for m in missed:
        print(f"  {m.name}: {'caught' if m.equivalent else 'not caught'}: {m.what}")
    if whole and (len(real) < AT_LEAST or spec < FROM_SPEC):
        print(f"there are to be {AT_LEAST}, {FROM_SPEC} of them from the specification")
        return 1
    return int(bool(missed))
