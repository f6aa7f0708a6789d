# SPDX-License-Identifier: GPL-2.0
"""./run coverage: which lines and branches of the library the KUnit suites reach, as
gcovr counts them under User-mode Linux, and why they do not reach the rest."""
import json
import re
import shutil

import host
import kernel
import tree

# What each file is to have: per cent of lines, and of branches
LINES, BRANCHES = 97, 92
REASONS = host.HARNESS / "coverage.txt"
OUT = host.BUILD / "coverage"
# Branches inside of the kernel's macros
MACROS = (r".*\b(lockdep_assert_\w+|WARN_ON\w*|list_\w+|memcpy|strscpy|__test_and_\w+|"
          r"__fls|for_each_\w+|\w*wait_(?:var_)?event\w*|DEFINE_\w+|guard|scoped_\w*guard)\(.*")


def main(args):
    host.install("gcovr")
    built = kernel.Uml(args.kernel, "uml-coverage")
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
    results = kernel.suites(built, log := OUT / "console.log", slow=True)
    if results.failed:
        raise host.Fail(f"the suites do not pass: {results.failures[0]}, see {log}")
    made = host.run(["gcovr", "--root", built.tree, "--object-directory", built.dir,
                     "--exclude-branches-by-pattern", MACROS, "--exclude-unreachable-branches",
                     "--filter", f"{built.tree}/drivers/pci/doe.*[.]c",
                     "--json", OUT / "lines.json", "--html-details", OUT / "index.html",
                     built.dir / "drivers/pci"])
    if made.returncode:
        raise host.Fail(f"gcovr: {(made.stderr.splitlines() or ['no message'])[-1]}")
    found = judged(built.tree)
    print(f"annotated source in {OUT}/index.html")
    print("\n".join(found) or "coverage is as it should be")
    return int(bool(found))


def judged(source):
    """Files that have too little or were not counted, lines that no case reaches though no
    reason is given, and reasons for what is reached.  A reason for a line is one for its
    branches, too, and for the lines behind it in its function that are not reached either."""
    known, needed, found = re.findall(r"^(\w+: .*)", REASONS.read_text(), re.M), set(), []
    missing = {path.name for path in kernel.library()}
    print(f"\n{'':18}{'lines':>9}{'branches':>10}")
    for file in json.loads((OUT / "lines.json").read_text())["files"]:
        text = (source / file["file"]).read_text().splitlines()
        name, lines, branches, excused = file["file"].rpartition("/")[2], [], [], ""
        missing.discard(name)
        for line in file["lines"]:
            if line.get("gcovr/noncode"):
                continue
            number = line["line_number"]
            taken = [branch["count"] > 0 for branch in line["branches"]]
            inside = re.findall(r"^(?=\w).*?\b(\w+)\(", "\n".join(text[:number]), re.M)[-1]
            where = f"{inside}: {text[number - 1].strip()}"
            lines.append(line["count"] > 0)
            if where in known:
                excused = inside
                if not line["count"] or not all(taken):
                    needed.add(where)
            elif line["count"] or excused != inside:
                excused = ""
                branches += taken
                found += [f"{name}:{number} {where}: not reached, and no reason is given"] * \
                    (not line["count"])
        percent = [100 * sum(what) / len(what) for what in (lines, branches)]
        print(f"{name:18}{percent[0]:7.1f} %{percent[1]:8.1f} %")
        if percent[0] < LINES or percent[1] < BRANCHES:
            found.append(f"{name}: less than {LINES} % or {BRANCHES} %")
    return found + [f"{name} was not counted" for name in sorted(missing)] + \
        [f"{REASONS.name}: reached, or not there: {where}" for where in known
         if where not in needed]
