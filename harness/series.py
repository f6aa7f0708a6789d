# SPDX-License-Identifier: GPL-2.0
"""./run series: patches for the mailing list, applied and built one by one.

series.txt has the cover letter, and behind "===" what each patch holds: patterns of files,
and topics of patches/ or those three below.  A file of this project comes whole, with the first
patch that names it; Kconfig and Makefile get the entries for what is there by then."""
import fnmatch
import os
import re
import shutil
import textwrap
from pathlib import Path

import check
import host
import test
import tree

GIT = ["git", "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"]
# MAINTAINERS comes in the same series, and is slow to be looked at
CHECKPATCH = ["--strict", "--showfile", "--terse", "--no-summary", "--show-types",
              "--no-tree", "--ignore=FILE_PATH_CHANGES"]
KCONFIG = "drivers/pci/Kconfig"
ASIDE, SWITCH, REMOVE = "aside", "switch", "remove"
LIBRARY = "obj-$(CONFIG_PCI_DOE)"
# Where the former library stands until it is removed
FORMER = {"drivers/pci/doe.c": "drivers/pci/doe-sync.c",
          "include/linux/pci-doe.h": "drivers/pci/doe-sync.h"}
# Lines that a patch may add, but for these
MOST = 700
UNLIMITED = r"drivers/pci/doe-(?:sim/|test|bench)|tools/"


class Patch:
    """One of series.txt.  Without a text of its own it has that of its topic."""

    def __init__(self, text):
        head, _, message = text.partition("\n")
        self.files = re.findall(r"(?:^| )([^+\s]\S*)", head)
        self.topics = re.findall(r"\+(\S+)", head)
        self.subject, self.body = re.split(r"\n+", message.strip(), maxsplit=1) \
            if message.strip() else tree.message(self.topics[0])


def add_arguments(parser):
    parser.add_argument("dir", metavar="DIR", type=Path, help="where the patches go")
    parser.add_argument("--build", action="store_true", help="compile at each patch")
    parser.add_argument("--test", action="store_true", help="run the tests on the result")


def main(args):
    host.install(f"{host.BUILDING} git perl")
    series = Series(args.kernel)
    patches = series.write(args.dir)
    problems = series.apply(patches, args.build) + unused_exports(series.final)
    for line in problems:
        print(line)
    print(f"{args.dir}: {len(patches) - 1} patches for Linux {tree.version(series.tree)}, "
          f"{len(problems)} problems")
    failed = args.test and test.verdict(test.tests(str(series.tree)))
    return int(failed or bool(problems))


class Series:
    """A pristine tree, with git for what is changed in it, and the patches to it."""

    def __init__(self, kernel):
        self.tree = tree.place(kernel).with_name(f"series-{tree.place(kernel).name}") / "tree"
        self.env = {**os.environ, **identity()}
        self.cover, *patches = re.split(r"^=== ", (host.HARNESS / "series.txt").read_text(),
                                        flags=re.M)
        self.plan = [Patch(text) for text in patches]
        if (self.tree / ".git").exists():
            self.git("reset", "-q", "--hard", "base")
        else:
            shutil.rmtree(self.tree, ignore_errors=True)
            tree.unpack(kernel or tree.DEFAULT, self.tree)
            self.git("init", "-q")
        self.final = tree.integrate(self.tree)
        del self.final[tree.STAMP]
        self.final["MAINTAINERS"] = re.sub(
            r"(?<=^PCI DATA OBJECT EXCHANGE \(DOE\)\n)",
            "M:\t{GIT_AUTHOR_NAME} <{GIT_AUTHOR_EMAIL}>\n".format(**self.env),
            self.final["MAINTAINERS"], flags=re.M)
        self.base = {path: (self.tree / path).read_text() for path in self.final
                     if (self.tree / path).exists()}
        self.topics = tree.topics() | tree.topics("mainline/*.patch")
        self.git("add", "-f", *self.base)
        self.git("commit", "-q", "--allow-empty", "-m", f"Linux {tree.version(self.tree)}")
        self.git("tag", "-f", "base")

    def git(self, *args):
        done = host.run([*GIT, *args], cwd=self.tree, env=self.env)
        if done.returncode:
            raise host.Fail(f"git {args[0]} in {self.tree}: {(done.stderr + done.stdout).strip()}")
        return done.stdout

    # What the patches hold

    def holds(self, count):
        """What differs from the kernel with that many patches: {path: text, None if gone}."""
        wanted = [topic for step in self.plan[:count] for topic in step.topics]
        files = tree.patched({name: self.topics[name] for name in wanted if name in self.topics},
                             lambda path, _: self.base.get(path) or self.final[path], self.tree)
        if ASIDE in wanted:
            for old, new in FORMER.items():
                text = files.get(old, self.base[old])
                files[new] = None if REMOVE in wanted else \
                    text.replace("#include <linux/pci-doe.h>\n", "").replace(
                        '\n#include "pci.h"\n', '\n#include "doe-sync.h"\n#include "pci.h"\n')
            files["drivers/pci/doe.c"] = None
        ours = {path: text for path, text in self.final.items()
                if any(fnmatch.fnmatch(path, pattern) for step in self.plan[:count]
                       for pattern in step.files)}
        return files | ours | self.entries(ours, wanted)

    def entries(self, ours, wanted):
        """Kconfig and Makefile: the entries for those files that are there."""
        there = {Path(path).stem for path in ours if path.startswith("drivers/pci/doe")}
        there |= {f"{Path(path).parent.name}/" for path in ours} & {"doe-sim/"}
        makefile = self.final[tree.MAKEFILE]
        composite = re.findall(r"^(doe[\w-]*)-y\s*:=(.*(?:\n\t.*)*)", makefile, re.M)
        there |= {name for name, parts in composite if kept(parts, there)}
        lines, options = [], {f'"{path}"' for path in ours}
        for line in re.findall(r"^(?:.*\\\n)*.*\n", makefile, re.M):
            if re.match(tree.MERGED[tree.MAKEFILE], line, re.M):
                head, objects = re.match(r"(CFLAGS_|.*?[:+]=\s*)(.*)", line, re.S).groups()
                if head == "CFLAGS_":
                    line = line if objects.partition(".o")[0] in there else ""
                else:
                    line = kept(objects, there) and head + kept(objects, there)
                if head.startswith(LIBRARY) and SWITCH not in wanted:
                    former = "doe-sync.o" if ASIDE in wanted else "doe.o"
                    line = f"{LIBRARY}\t\t+= {former}\n" + line.replace("obj-", "always-")
                else:
                    options.update(re.findall(r"CONFIG_(PCI_DOE\w*)", line))
            lines.append(line)
        former = re.search(tree.MERGED[KCONFIG], self.base[KCONFIG], re.M).group()

        def entry(found):
            name = found.group().split()[1]
            return found.group() if name in options else former if name == "PCI_DOE" else ""

        return {tree.MAKEFILE: "".join(lines),
                KCONFIG: re.sub(tree.MERGED[KCONFIG], entry, self.final[KCONFIG], flags=re.M)}

    # Making and trying them

    def write(self, where):
        """Commit by commit; the names of the patches."""
        self.git("checkout", "-q", "-B", "series", "base")
        files = dict(self.base)
        for count, step in enumerate(self.plan, 1):
            before, files = files, self.base | self.holds(count)
            changed = [path for path in files if files[path] != before.get(path)]
            for path in changed:
                if files[path] is None:
                    (self.tree / path).unlink()
            tree.write(self.tree, {path: files[path] for path in changed if files[path]})
            if changed:
                self.git("add", "-A", "-f", *changed)
                self.git("commit", "-q", "-s", "-m", f"{step.subject}\n\n{wrapped(step.body)}")
        missing = [path for path in self.final if files.get(path) != self.final[path]]
        if missing:
            raise host.Fail(f"in no patch of series.txt: {' '.join(missing)}")
        where.mkdir(parents=True, exist_ok=True)
        for old in where.glob("*.patch"):
            old.unlink()
        self.git("format-patch", "-q", "--cover-letter", "--no-signature", "-o", where.absolute(),
                 "base")
        patches = sorted(where.absolute().glob("*.patch"))
        subject, body = self.cover.split("\n\n", 1)
        patches[0].write_text(patches[0].read_text().replace(
            "*** SUBJECT HERE ***", subject).replace(
            "*** BLURB HERE ***", wrapped(body).replace("TABLE", measured())))
        return patches

    def apply(self, patches, build):
        """git am to a pristine tree; what is wrong with a patch."""
        self.git("checkout", "-q", "-B", "applied", "base")
        problems = []
        for patch in patches[1:]:
            self.git("am", "-q", patch)
            problems += self.checkpatch(patch) + self.size(patch)
            if build:
                problems += [f"{patch.name}: {line}" for line in self.build(patch)]
        changed = set(self.git("diff", "--name-only", "base").split())
        return problems + [f"{path} is not what ./run tree makes" for path in
                           sorted(changed | set(self.final)) if path not in self.final or
                           (self.tree / path).read_text() != self.final[path]]

    def checkpatch(self, patch):
        found = check.said([self.tree / "scripts/checkpatch.pl", *CHECKPATCH, patch],
                           r".*:\d+:|\D*:", cwd=self.tree, env={**os.environ, "GIT_DIR": "-"})
        # Without a tree it looks for names in /include
        return [line for line in found
                if not check.ACCEPTED.search(line) and not line.startswith("find: ")]

    def size(self, patch):
        added = sum(int(line.split()[0]) for line in self.git("diff", "--numstat", "HEAD~").
                    splitlines() if not re.search(UNLIMITED, line))
        return [f"{patch.name}: {added} lines, more than {MOST}"] * (added > MOST)

    def build(self, patch):
        """The objects compile, and what one of them needs of ours another one has."""
        make = check.configured(self.tree, "patches", check.ALL, lax=True)
        where = check.directory(self.tree, "patches")
        found = check.compiled(patch.stem[:40], [*make, *check.WHOLE], where)
        symbols = host.run(["nm", *where.glob("drivers/pci/*.a"), *where.glob("drivers/cxl/*.a")],
                           cwd=where).stdout
        needed, had = (set(re.findall(rf" {kind} ((?:pcim?_)?doe_\w+)$", symbols, re.M))
                       for kind in ("U", "[^U]"))
        return found + [f"{name} is undefined" for name in needed - had]


def kept(objects, there):
    """Objects of a Makefile line, less those that are not there yet."""
    lines = []
    for line in objects.replace("\\\n", "\n").splitlines():
        words = [word for word in line.split() if word.removesuffix(".o") in there]
        if words:
            lines.append(re.match(r"\s*", line).group() + " ".join(words))
    return " \\\n".join(lines).lstrip() + "\n" if lines else ""


def identity():
    """The environment that tells git who commits: its user, or who did so here."""
    known = [host.run(["git", "-C", host.ROOT, *command]).stdout for command in (
        ("-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT"),
        ("log", "-1", "--format=%cn <%ce>"))]
    found = re.match(r"\s*(.+?) <(\S+)>", "".join(known))
    if not found:
        raise host.Fail("who sends the patches? Set git's user.name and user.email")
    return {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
            for what, value in zip(("NAME", "EMAIL"), found.groups())}


def measured():
    """The first table of MEASURED.md, as a mail has it."""
    text = (host.HARNESS / "MEASURED.md").read_text()
    rows = [[cell.strip() for cell in row.split("|")[1:-1]]
            for row in re.search(r"(?:^\|.*\n)+", text, re.M).group().splitlines()]
    rows[:2] = [["", *rows[0][1:]]]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def unused_exports(final):
    """An export needs a user in another file."""
    files = {path: text for path, text in final.items() if path.endswith(".c")}
    # One macro uses one, the other users are files
    users = "".join(re.findall(r"^#define .*\n(?:\t.*\n)*", final["include/linux/pci-doe.h"], re.M))
    return [f"{path}: {name} is exported and has no user" for path, text in files.items()
            for name in re.findall(r"EXPORT_SYMBOL_GPL\((\w+)\)", text)
            if path.startswith("drivers/pci/doe") and
            not any(re.search(rf"\b{name}\b", other) for other in
                    [users, *(files[where] for where in files if where != path)])]


def wrapped(text):
    """At 75 columns, with lists; headings stay as they are."""
    def fill(part):
        indent = "  " * bool(re.match(r"\n?\* ", part))
        return part if "\n==" in part else "\n" * part.startswith("\n") + textwrap.fill(
            re.sub(r"\n +", "\n", part.strip()), 75, subsequent_indent=indent)

    return "\n".join(map(fill, re.split(r"\n(?=\n|\* )", text.strip())))
