# SPDX-License-Identifier: GPL-2.0
"""Make an integrated kernel tree: this project's files, merged entries, patches."""
import hashlib
import os
import re
import shutil
from collections import Counter
from pathlib import Path

import host

DEFAULT = "6.12"
SUITES = ("sid", "trixie-backports")
STAMP = ".doe-hooks"
MAKEFILE = "drivers/pci/Makefile"
SIM_MAKEFILE = "drivers/pci/doe-sim/Makefile"
COMPAT = "drivers/pci/doe-compat.h"
FORCED = f"ccflags-y += -include $(srctree)/{COMPAT}\n"
# Ours only where the kernel has none; a patch tells the kernel's own of our part.
YIELDS = ("tools/pci/Makefile", "tools/pci/.gitignore")
# Since 6.15 the kernel describes doe_features/ in its own file.
ABI = "Documentation/ABI/testing/sysfs-bus-pci"
# Entries of ours in a file of the kernel's: what they take the place of there.
MERGED = {
    "drivers/pci/Kconfig": r"^(?:config PCI_DOE(?:_\w+)?|source .*/doe-sim/Kconfig.)\n"
                           r"(?:(?:[ \t].*)?\n)*",
    MAKEFILE: r"^(?:obj-\$\(CONFIG_PCI_DOE(?:_\w+)?\)|(?:CFLAGS_)?doe).*\n(?:\t.*\n)*",
    "MAINTAINERS": r"(?:^PCI DATA OBJECT EXCHANGE.*\n(?:.+\n)*\n)?(?=^PCI DRIVER FOR AARDVARK)",
}


def add_arguments(parser):
    parser.add_argument("dir", metavar="DIR", type=Path, help="the tree to make or to update")


def main(args):
    changed = make(args.dir, args.kernel)
    print(f"{args.dir}: Linux {version(args.dir)} with the DOE library, {changed} files written")
    return 0


def place(kernel):
    """Where under build/ things for this kernel stand."""
    return host.BUILD / re.sub(r"[^\w.]+", "-", kernel or DEFAULT).strip("-")


def prepared(kernel):
    """The tree under build/ for this kernel, made or brought up to date."""
    tree = place(kernel) / "tree"
    if is_outdated(tree):
        shutil.rmtree(tree)
    make(tree, kernel)
    return tree


def is_outdated(tree):
    """Patches are never taken out again: a tree made with others is of no use."""
    return (tree / STAMP).exists() and (tree / STAMP).read_text() != stamp()


def make(tree, kernel):
    """Make the tree, or bring it up to date; return how many files were written."""
    if tree.is_dir() and any(tree.iterdir()):
        if not is_kernel(tree):
            raise host.Fail(f"{tree} holds something that is no kernel tree: "
                            "remove it or give another directory")
        check_same(tree, kernel)
        if is_outdated(tree):
            raise host.Fail(f"{tree} was made by another version of this project: remove it")
        return write(tree, integrate(tree))
    partial = tree.absolute().with_name(f"{tree.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        unpack(kernel or DEFAULT, partial)
        changed = write(partial, integrate(partial, shown=kernel))
        if tree.exists():
            tree.rmdir()
        partial.rename(tree)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return changed


def is_kernel(tree):
    return all((tree / name).is_file() for name in ("Kbuild", "drivers/pci/probe.c"))


def is_release(kernel):
    return re.fullmatch(r"\d+\.\d+", kernel) and not os.path.exists(kernel)


def version(tree):
    text = (tree / "Makefile").read_text()
    return ".".join(re.findall(r"^(?:VERSION|PATCHLEVEL|SUBLEVEL) = (\d+)", text, re.M))


def check_same(tree, kernel):
    """The tree that is there should come from the kernel that was asked for."""
    here, path = version(tree), Path(kernel or DEFAULT)
    if kernel is None or path.is_file() or path.is_dir() and is_kernel(path) and \
            version(path) == here or is_release(kernel) and f"{here}.".startswith(f"{kernel}."):
        return
    raise host.Fail(f"{tree} is Linux {here}, not {kernel}: remove it or give another DIR")


# Where the source comes from

def unpack(kernel, into):
    if is_release(kernel):
        kernel = fetch(kernel)
    source = Path(kernel)
    if not source.exists():
        raise host.Fail(f"--kernel {source}: no such directory, tarball or version")
    if source.is_dir() and not is_kernel(source):
        raise host.Fail(f"{source} is no kernel tree: it has no drivers/pci/probe.c")
    host.need_space(into.parent, 2)
    into.mkdir(parents=True)
    progress = host.Progress(f"unpacking {source.name}")
    if host.run(["cp", "-a", "--reflink=auto", f"{source}/.", into] if source.is_dir() else
                ["tar", "-xf", source, "-C", into, "--strip-components=1"]).returncode:
        raise host.Fail(f"{source} could not be unpacked: is it whole?")
    progress.done()
    if not is_kernel(into):
        raise host.Fail(f"{source} holds no kernel: no drivers/pci/probe.c in it")


def fetch(release):
    """The tarball of Debian's linux-source package, installed or downloaded."""
    package = f"linux-source-{release}"
    installed = Path(f"/usr/src/{package}.tar.xz")
    cached = host.BUILD / "cache" / installed.name
    if release == DEFAULT:
        host.install(package)
    for tarball in (installed, cached):
        if tarball.exists():
            return tarball
    unpacked = newer(package, cached.with_name("unpacked"), "give a tree with --kernel")
    (unpacked / f"usr/src/{installed.name}").rename(cached)
    shutil.rmtree(unpacked)
    return cached


def newer(package, into, advice):
    """A package of a newer suite of the mirrors that this system uses, unpacked, by apt's
    own rules but with lists and cache of our own, so that the system's are not touched.
    advice: for one who has no such package."""
    if not shutil.which("apt-get"):
        raise host.Fail(f"no {package} and no apt-get here: {advice}")
    progress = host.Progress(f"downloading {package}")
    apt = host.BUILD / "cache/apt"
    shutil.rmtree(apt, ignore_errors=True)
    for part in ("lists/partial", "cache/archives/partial"):
        (apt / part).mkdir(parents=True)
    (apt / "status").touch()
    options = [f"-oDir::State::lists={apt}/lists", f"-oDir::State::status={apt}/status",
               f"-oDir::Cache={apt}/cache", f"-oDir::Etc::sourcelist={apt}/sources.list",
               "-oDir::Etc::sourceparts=/dev/null", "-oAPT::Sandbox::User=root"]
    mirrors = host.run(["apt-get", "indextargets", "--format", "$(REPO_URI)",
                        "Created-By: Packages"]).stdout.split()
    for suite in SUITES:
        for mirror in dict.fromkeys(mirrors):
            (apt / "sources.list").write_text(f"deb {mirror} {suite} main\n")
            host.run(["apt-get", "-qq", *options, "update"])
            host.run(["apt-get", "-qq", *options, "download", package], cwd=apt)
            for deb in apt.glob("*.deb"):
                host.run(["dpkg-deb", "-x", deb, into])
                shutil.rmtree(apt)
                progress.done()
                return into
    progress.done("failed")
    raise host.Fail(f"apt finds no {package}: {advice}")


# What goes into it

def integrate(tree, shown=None):
    """What each file should hold, all worked out before the first is written: {path: text}."""
    new = {STAMP: stamp()}

    def text(path, why=""):
        try:
            return new[path] if path in new else (tree / path).read_text()
        except FileNotFoundError:
            raise host.Fail(f"{shown or tree} is not understood: {path}{why} is missing") from None

    def has_own(path):
        return (path in YIELDS and (tree / path).exists() or
                path == f"{ABI}-doe_features" and "/doe_features" in text(ABI))

    compat = missing_api(tree)
    for path in project_files():
        if path not in MERGED and not has_own(path):
            new[path] = (host.ROOT / path).read_text() + compat.get(path, "")
    for path, pattern in MERGED.items():
        old, entries = text(path), (host.ROOT / path).read_text()
        entries = re.sub(r"\A#.*\n+", "", entries) + compat.get(path, "\n")
        place = re.search(pattern, old, re.M)
        if not place:
            raise host.Fail(f"{shown or tree} is not understood: {path} has no {pattern!r}")
        new[path] = (old[:place.start()] + entries +
                     re.sub(pattern, "", old[place.end():], flags=re.M))
    if COMPAT in compat:
        new[COMPAT] = compat[COMPAT]
    return new | patched(topics(), text, shown or tree)


def write(tree, files):
    """Those that differ; each beside its place first, so that a full disk changes nothing."""
    host.need_space(tree, 0.1)
    files = {path: text for path, text in files.items()
             if not (tree / path).exists() or (tree / path).read_text() != text}
    partial = {tree / path: (tree / path).with_name(f".{Path(path).name}.partial")
               for path in files}
    for path, text in files.items():
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        partial[target].write_text(text)
        mode = target if target.exists() else host.ROOT / path
        if mode.exists():
            shutil.copymode(mode, partial[target])
    for target, written in partial.items():
        written.rename(target)
    return len(files)


def project_files():
    """The files of this repository that stand at their place in a kernel tree."""
    tops = ("Documentation", "drivers", "include", "samples", "tools")
    if shutil.which("git"):
        listed = host.run(["git", "-C", host.ROOT, "ls-files", "-co", "--exclude-standard",
                           *tops])
        if not listed.returncode:
            return [path for path in listed.stdout.split() if (host.ROOT / path).is_file()]
    return [str(path.relative_to(host.ROOT)) for top in tops
            for path in (host.ROOT / top).rglob("*") if path.is_file()]


def stamp():
    return hashlib.sha256(b"".join(path.read_bytes() for path in patches())).hexdigest() + "\n"


def missing_api(tree):
    """What this kernel lacks of the newest one's API: {path: text}."""
    snippets = {path.stem: path for path in sorted((host.HARNESS / "compat").glob("*.h"))}
    lacking = set(snippets)
    for header in (tree / "include/linux").rglob("*.h"):
        if lacking:
            lacking -= set(re.findall(r"\w+", header.read_text(errors="replace")))
    header = "/* SPDX-License-Identifier: GPL-2.0 */\n" + "\n".join(
        snippets[symbol].read_text() for symbol in sorted(lacking))
    rules = "".join(f"CFLAGS_{name}.o += -include $(src)/doe-compat.h\n"
                    for name in re.findall(r"([\w-]+)\.o\b", (host.ROOT / MAKEFILE).read_text()))
    return {COMPAT: header, MAKEFILE: rules, SIM_MAKEFILE: FORCED} if lacking else {MAKEFILE: ""}


# What is changed in other kernel files: TESTING.md says how a patch is added.  No fuzz: what a
# hunk changes has to stand exactly once in its file, at whatever line.

def patches(pattern="*.patch"):
    return sorted((host.HARNESS / "patches").glob(pattern))


def topics(pattern="*.patch"):
    """{topic: {path: [hunk]}}, in order."""
    found = {}
    for file in patches(pattern):
        changes = found.setdefault(file.stem.partition("-")[2], {})
        for part in re.split(r"^diff --git ", file.read_text(), flags=re.M)[1:]:
            head, *hunks = re.split(r"^@@.*\n", part, flags=re.M)
            changes[re.search(r"^\+\+\+ b/(.*)", head, re.M)[1]] = hunks
    return found


def message(topic):
    """Subject and body of the commit."""
    text = patches(f"**/*-{topic}.patch")[0].read_text()
    return text.partition("\n---\n")[0].removeprefix("Subject: ").split("\n\n", 1)


def patched(known, text, where):
    """What topics make of the files of a tree: {path: text}.  text(path, why) has one as it is."""
    changed = {}
    for path in dict.fromkeys(path for changes in known.values() for path in changes):
        steps = {topic: changes[path] for topic, changes in known.items() if path in changes}
        new = f"\n{text(path, f', which {list(steps)[0]} changes,')}"
        there = standing(new, steps)
        for topic, hunks in steps.items():
            for hunk in hunks:
                old = side(hunk, " -")
                if there.issuperset(added(hunk)):
                    continue
                if new.count(old) != 1:
                    raise host.Fail(f"{where} is not understood: {path} does not take the patch "
                                    f"of {topic}")
                new = new.replace(old, side(hunk, " +"))
        changed[path] = new[1:]
    return changed


def standing(text, steps):
    """The blocks of lines that the text has as often as all patches together bring them:
    this kernel has them itself, or the patches are in it."""
    brought = Counter(block for hunks in steps.values() for hunk in hunks for block in added(hunk))
    return {block for block, count in brought.items() if text.count(block) >= count}


def added(hunk):
    """The blocks of lines that a hunk brings; of one that only removes, what it leaves."""
    return [side(block, "+") for block in re.findall(r"(?:^\+.*\n)+", hunk, re.M)] or \
        [side(hunk, " ")]


def side(hunk, signs):
    return "\n" + "".join(line[1:] for line in hunk.splitlines(True) if line[0] in signs)
