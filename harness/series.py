# SPDX-License-Identifier: GPL-2.0
"""./run series: patches for the mailing list, applied and built one by one.

What each patch holds is in series_plan.py.  A file of this project comes whole, with the
first patch that names it; Kconfig and Makefile get the entries for what is there by then.
"""
import os
import re
import shutil
import textwrap
from pathlib import Path

import check
import host
import hunks
import series_plan
import test
import tree

GIT = ["git", "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"]
# What checkpatch cannot know of: MAINTAINERS comes in the same series
CHECKPATCH = ["--strict", "--showfile", "--terse", "--no-summary", "--show-types",
              "--ignore=FILE_PATH_CHANGES"]
KCONFIG = "drivers/pci/Kconfig"


def add_arguments(parser):
    tree.add_kernel_argument(parser)
    parser.add_argument("dir", metavar="DIR", type=Path, help="where the patches go")
    parser.add_argument("--author", metavar="'NAME <MAIL>'",
                        help="From, Signed-off-by and maintainer "
                             "(default: git's user.name and user.email)")
    parser.add_argument("--build", action="store_true", help="compile at each patch")
    parser.add_argument("--test", action="store_true", help="run the tests on the result")


def main(args):
    host.install({**host.BUILD_PACKAGES, "git": "git", "perl": "perl"})
    series = Series(args.kernel, args.author)
    patches = series.write(args.dir)
    problems = series.apply(patches, args.build) + unused_exports(series.tree)
    for line in problems:
        print(line)
    print(f"{args.dir}: {len(patches) - 1} patches for Linux {tree.version(series.tree)}, "
          f"{len(problems)} problems")
    if args.test:
        passed, failed = test.tests(str(series.tree))
        print(f"{passed} passed, {failed} failed")
        return int(failed or not passed or bool(problems))
    return int(bool(problems))


class Series:
    """A pristine tree, with git for what is changed in it, and the patches to it."""

    def __init__(self, kernel, author):
        self.tree = tree.place(kernel).with_name(f"series-{tree.place(kernel).name}") / "tree"
        if (self.tree / ".git").exists():
            self.git("reset", "-q", "--hard", "base")
        else:
            shutil.rmtree(self.tree, ignore_errors=True)
            tree.unpack(kernel or tree.DEFAULT, self.tree)
            self.git("init", "-q")
        self.env = identity(author)
        self.final = {path: data.decode() for path, data in tree.integrate(self.tree).items()
                      if path != tree.STAMP}
        self.final["MAINTAINERS"] = re.sub(
            r"(?<=^PCI DATA OBJECT EXCHANGE \(DOE\)\n)",
            "M:\t{GIT_AUTHOR_NAME} <{GIT_AUTHOR_EMAIL}>\n".format(**self.env),
            self.final["MAINTAINERS"], flags=re.M)
        self.base = {path: (self.tree / path).read_text()
                     for path in {*self.final, *hunks.paths()} if (self.tree / path).exists()}
        self.own = set(tree.project_files())
        self.git("add", "-f", *self.base)
        self.git("commit", "-q", "--allow-empty", "-m", f"Linux {tree.version(self.tree)}")
        self.git("tag", "-f", "base")

    def git(self, *args):
        env = {**os.environ, **getattr(self, "env", identity("none <none>"))}
        done = host.run([*GIT, *args], cwd=self.tree, env=env)
        if done.returncode:
            raise host.Fail(f"git {args[0]} in {self.tree}: {(done.stderr + done.stdout).strip()}")
        return done.stdout

    # What the patches hold

    def holds(self, count):
        """The files that differ from the kernel's with that many patches: {path: text}."""
        plan = series_plan.PATCHES[:count]
        files = {path: text for path, text in self.final.items()
                 if any(re.fullmatch(step.files, path) for step in plan)}
        files |= hunks.apply(" ".join(step.topics for step in plan).split(),
                             lambda path, _: self.base.get(path) or files[path], self.tree)
        if "drivers/pci/doe.h" in files:
            self.entries(files)
        for step in series_plan.PATCHES[count:]:
            for path, pattern, until in step.until:
                if path in files:
                    files[path], found = re.subn(pattern, until, files[path], flags=re.M | re.S)
                    if not found:
                        raise host.Fail(f"{path} has no {pattern!r}, see series_plan.py")
        return files

    def entries(self, files):
        """Kconfig and Makefile: the entries for those files that are there."""
        there = {Path(path).stem for path in files if path.startswith("drivers/pci/doe")}
        there |= {"doe-sim/"} & {f"{Path(path).parent.name}/" for path in files}
        makefile = self.final[tree.MAKEFILE]
        composite = re.findall(r"^(doe[\w-]*)-y\s*:=(.*(?:\n\t.*)*)", makefile, re.M)
        there |= {name for name, parts in composite if kept(parts, there)}
        lines, wanted = [], {f'"{path}"' for path in files}
        for line in re.findall(r"^(?:.*\\\n)*.*\n", makefile, re.M):
            if re.match(tree.MERGED[tree.MAKEFILE], line, re.M):
                head, objects = re.match(r"(CFLAGS_|.*?[:+]=\s*)(.*)", line, re.S).groups()
                if head == "CFLAGS_":
                    line = line if objects.partition(".o")[0] in there else ""
                else:
                    line = kept(objects, there) and head + kept(objects, there)
                wanted.update(re.findall(r"CONFIG_(PCI_DOE\w*)", line))
            lines.append(line)
        files[tree.MAKEFILE] = "".join(lines)
        files[KCONFIG] = re.sub(tree.MERGED[KCONFIG], lambda block: block.group() if
                                block.group().split()[1] in wanted else "",
                                self.final[KCONFIG], flags=re.M)

    # Making and trying them

    def write(self, where):
        """Commit by commit; the names of the patches."""
        last = self.holds(len(series_plan.PATCHES))
        missing = [path for path in self.final if last.get(path) != self.final[path]]
        if missing:
            raise host.Fail(f"in no patch of series_plan.py: {' '.join(missing)}")
        self.git("checkout", "-q", "-B", "series", "base")
        for count, step in enumerate(series_plan.PATCHES, 1):
            files = self.holds(count)
            for path, text in files.items():
                (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
                (self.tree / path).write_text(text)
                if path in self.own - set(self.base):
                    shutil.copymode(host.ROOT / path, self.tree / path)
            self.git("add", "-f", *files)
            if self.git("diff", "--cached", "--name-only"):
                self.git("commit", "-q", "-s", "-m", f"{step.subject}\n\n{wrapped(step.body)}")
        where.mkdir(parents=True, exist_ok=True)
        for old in where.glob("*.patch"):
            old.unlink()
        self.git("format-patch", "-q", "--cover-letter", "--no-signature", "-o", where.absolute(),
                 "base")
        patches = sorted(where.absolute().glob("*.patch"))
        cover = patches[0].read_text()
        patches[0].write_text(cover.replace("*** SUBJECT HERE ***", series_plan.SUBJECT).replace(
            "*** BLURB HERE ***", wrapped(series_plan.COVER).replace("TABLE", measured())))
        return patches

    def apply(self, patches, build):
        """git am to a pristine tree; what is wrong with a patch."""
        self.git("checkout", "-q", "-B", "applied", "base")
        problems = []
        for patch in patches[1:]:
            self.git("am", "-q", patch)
            problems += self.checkpatch(patch)
            if build:
                problems += [f"{patch.name}: {line}" for line in self.build(patch)]
        changed = set(self.git("diff", "--name-only", "base").split())
        return problems + [f"{path} is not what ./run tree makes" for path in
                           sorted(changed | set(self.final)) if path not in self.final or
                           (self.tree / path).read_text() != self.final[path]]

    def checkpatch(self, patch):
        found = check.said([self.tree / "scripts/checkpatch.pl", *CHECKPATCH, patch],
                           r".*:\d+:|\D*:", cwd=self.tree, env={**os.environ, "GIT_DIR": "-"})
        return [line for line in found if not check.ACCEPTED.search(line)]

    def build(self, patch):
        """The objects compile, and what one of them needs of ours another one has."""
        make = check.configured(self.tree, "patches", check.options(check.ALL), lax=True)
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
    return " \\\n".join(lines) + "\n" if lines else ""


def identity(author):
    """The environment that tells git who commits."""
    if not author:
        name, mail = (host.run(["git", "-C", host.ROOT, "config", key]).stdout.strip()
                      for key in ("user.name", "user.email"))
        author = f"{name} <{mail}>" if name and mail else \
            host.run(["git", "-C", host.ROOT, "log", "-1", "--format=%cn <%ce>"]).stdout
    found = re.fullmatch(r"\s*(.+?) <(\S+)>\s*", author)
    if not found:
        raise host.Fail("who sends the patches? Give --author 'Name <mail>'")
    return {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
            for what, value in zip(("NAME", "EMAIL"), found.groups())}


def measured():
    """The first table of MEASURED.md, as a mail has it."""
    text = (host.HARNESS / "MEASURED.md").read_text()
    rows = [[cell.strip() for cell in row.split("|")[1:-1]]
            for row in re.search(r"(?:^\|.*\n)+", text, re.M).group().splitlines()]
    widths = [max(map(len, column)) for column in zip(rows[0], *rows[2:])]
    return "\n".join("  " + "  ".join(map(str.ljust, row, widths)).rstrip()
                     for row in [rows[0], *rows[2:]])


def unused_exports(source):
    """An export needs a user in another file."""
    files = {path: (source / path).read_text() for path in tree.project_files()
             if re.fullmatch(r"drivers/.*\.c|include/.*\.h", path)}
    # One macro uses one, the other users are files
    users = "".join(re.findall(r"^#define .*\n(?:\t.*\n)*", files["include/linux/pci-doe.h"], re.M))
    users += "".join((source / path).read_text() for path in hunks.topics()["cxl"])
    found = []
    for path, text in files.items():
        others = users + "".join(other for name, other in files.items()
                                 if name != path and name.endswith(".c"))
        found += [f"{path}: {name} is exported and has no user" for name in
                  re.findall(r"EXPORT_SYMBOL_GPL\((\w+)\)", text)
                  if not re.search(rf"\b{name}\b", others)]
    return found


def wrapped(text):
    """At 75 columns; lists, headings and tables stay as they are."""
    return "\n\n".join(part if re.search(r"^\s*[-*] |^==", part, re.M) else
                       textwrap.fill(part, 75) for part in text.strip().split("\n\n"))
