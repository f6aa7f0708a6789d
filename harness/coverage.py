# SPDX-License-Identifier: GPL-2.0
"""./run coverage: which lines and branches of the library the KUnit suites reach, as
gcovr counts them under User-mode Linux, and why they do not reach the rest."""
import json
import re
import shutil

import host
import kernel
import tree
import uml

# What each file is to have: per cent of lines, and of branches
LINES, BRANCHES = 97, 92
REASONS = host.HARNESS / "coverage.txt"
OUT = host.BUILD / "coverage"
# Branches of what never fails
ASSERTIONS = r".*\b(lockdep_assert_\w+|WARN_ON\w*)\(.*"


def add_arguments(parser):
    tree.add_kernel_argument(parser)


def main(args):
    host.install({"gcovr": "gcovr"})
    built = uml.Kernel(args.kernel, "uml-coverage")
    # Variables of the command line take the place of those in the Makefile
    compat = built.tree / tree.COMPAT
    flags = "--coverage -fno-early-inlining" + f" -include {compat}" * compat.exists()
    built.build(*(f"CFLAGS_{path.stem}.o={flags}" for path in kernel.library()),
                # Its library has a function of a name that the kernel has, too, and UML's
                # linker script drops what calls it at the end
                "CC_FLAGS_LTO=--coverage -Wl,-z,muldefs,-fini=__gcov_exit")
    for path in built.dir.glob("drivers/pci/*.gcda"):
        path.unlink()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    for slow in (False, True):
        results = uml.suites(built, log := OUT / f"console-{int(slow)}.log", slow=slow, cpu=900)
        if results.failed:
            raise host.Fail(f"the suites do not pass: {results.failures[0]}, see {log}")
    made = host.run(["gcovr", "--root", built.tree, "--object-directory", built.dir,
                     "--exclude-branches-by-pattern", ASSERTIONS,
                     "--filter", f"{built.tree}/drivers/pci/doe.*[.]c",
                     "--json", OUT / "lines.json", "--json-summary", OUT / "summary.json",
                     "--html-details", OUT / "index.html", built.dir / "drivers/pci"])
    if made.returncode:
        raise host.Fail(f"gcovr: {(made.stderr.splitlines() or ['no message'])[-1]}")
    found = rates() + unreached(built)
    print(f"annotated source in {OUT}/index.html")
    print("\n".join(found) or "coverage is as it should be")
    return int(bool(found))


def files(name):
    return json.loads((OUT / name).read_text())["files"]


def rates():
    """Files that have too little, or were not counted."""
    missing, found = {path.name for path in kernel.library()}, []
    print(f"\n{'':18}{'lines':>9}{'branches':>10}")
    for file in files("summary.json"):
        name, lines = file["filename"].rpartition("/")[2], file["line_percent"]
        print(f"{name:18}{lines:7} %{file['branch_percent']:8} %")
        if lines < LINES or file["branch_percent"] < BRANCHES:
            found.append(f"{name}: less than {LINES} % or {BRANCHES} %")
        missing.discard(name)
    return found + [f"{name} was not counted" for name in sorted(missing)]


def unreached(built):
    """Lines that no case reaches though no reason is given, and reasons for others."""
    known, needed, found = re.findall(r"^(\w+: .*)", REASONS.read_text(), re.M), set(), []
    for file in files("lines.json"):
        text = (built.tree / file["file"]).read_text().splitlines()
        for line in file["lines"]:
            number = line["line_number"]
            if not line["count"] and not line.get("gcovr/noncode"):
                inside = re.findall(r"^(?=\w).*?\b(\w+)\(", "\n".join(text[:number]), re.M)[-1]
                needed.add(where := f"{inside}: {text[number - 1].strip()}")
                if where not in known:
                    found.append(f"{file['file']}:{number} {where}: not reached, "
                                 "and no reason is given")
    return found + [f"{REASONS.name}: reached, or not there: {where}"
                    for where in known if where not in needed]
