# SPDX-License-Identifier: GPL-2.0
"""./run external: the simulated device as a module of Debian's own kernel, under
mainline's library. The module is built outside of a kernel tree, on Debian's
headers, and the kernel is Debian's binary; neither is installed here."""
import re
import shutil

import guest
import host
import kernel
import test
import tree

META = f"linux-headers-{tree.DEFAULT}-amd64"
DEBS = host.BUILD / "cache/debian"
WHERE = host.BUILD / tree.DEFAULT / "external"
SOURCES = ("drivers/pci/doe-sim/*.[ch]", "harness/external/*.c")
TESTS = "mainline,sim_debugfs.sh,sim_module.sh"


def add_arguments(parser):
    pass


def main(_args):
    guest.install({"libssl3": "/usr/lib/*/libssl.so.3"})
    kernel.build_pcidoe()
    abi = newest()
    root = unpacked(abi, [fetched(name) for name in packages(abi)])
    debian = kernel.Kernel(None, WHERE.name)
    debian.image = root / f"boot/vmlinuz-{abi}"
    build(root / "usr/src", abi)
    boot = guest.Boot(debian, "debian", guest.initramfs(debian, (kernel.PCIDOE,)),
                      f"doe_run=test doe_tests={TESTS}", 600)
    passed, failed = test.judged("external", test.results(debian, boot, TESTS))
    print("".join(f"{line}\n" for line in test.failures), end="")
    print(f"Debian's Linux {abi}, console in {boot.log}")
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0 or passed == 0)


# Debian's packages

def newest():
    """The ABI that the metapackage depends on, like 6.12.1+deb12-amd64."""
    for attempt in range(2):
        shown = host.run(["apt-cache", "show", "--no-all-versions", META])
        found = re.search(r"^Depends: linux-headers-(\S+)", shown.stdout, re.M)
        if found:
            return found[1]
        if not attempt:
            host.run([*host.apt_get(), "update"])
    raise host.Fail(f"apt knows no {META}: see what 'apt-get update' says, and whether the "
                    "system's sources have it")


def common(abi):
    return abi.removesuffix("-amd64")


def packages(abi):
    """Each of them by its names: one that is there will do."""
    return ((f"linux-image-{abi}", f"linux-image-{abi}-unsigned"), (f"linux-headers-{abi}",),
            (f"linux-headers-{common(abi)}-common",), (f"linux-kbuild-{common(abi)}",))


def fetched(names):
    """The .deb file, downloaded if need be."""
    DEBS.mkdir(parents=True, exist_ok=True)
    for name in names:
        for cached in DEBS.glob(f"{name}_*.deb"):
            return cached
    for name in names:
        progress = host.Progress(f"downloading {name}")
        got = host.run(["apt-get", "-qq", "-oAPT::Sandbox::User=root", "download", name],
                       cwd=DEBS)
        progress.done("failed" if got.returncode else "done")
        for deb in DEBS.glob(f"{name}_*.deb"):
            return deb
    raise host.Fail(f"apt-get could not download {names[0]}: "
                    f"{(got.stderr.splitlines() or ['no message'])[0]}")


def unpacked(abi, debs):
    root = WHERE / abi
    if root.exists():
        return root
    host.need_space(host.BUILD, 1)
    partial = root.with_name("partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for deb in debs:
        if host.run(["dpkg-deb", "-x", deb, partial]).returncode:
            deb.unlink()
            raise host.Fail(f"{deb} was damaged and is removed now: run this again")
    # It names the common part at the place where it would be installed
    makefile = partial / f"usr/src/linux-headers-{abi}/Makefile"
    makefile.write_text(makefile.read_text().replace("include /usr", f"include {root}/usr"))
    partial.rename(root)
    return root


# The modules

def build(sources, abi):
    """Out of tree, with what these headers lack of the API included first."""
    headers = sources / f"linux-headers-{abi}"
    compiler = re.search(r"\bgcc-\d+", (headers / ".kernelvariables").read_text())[0]
    host.install({compiler: compiler})
    where = WHERE / "drivers/pci"
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    for pattern in SOURCES:
        for path in host.ROOT.glob(pattern):
            shutil.copy2(path, where)
    lacking = tree.missing_api(sources / f"linux-headers-{common(abi)}-common")
    (where / "doe-compat.h").write_text(lacking.get(tree.COMPAT, ""))
    objects = re.search(r"^doe_sim-y.*\n(?:\t.*\n)*", (host.ROOT / tree.SIM_MAKEFILE).read_text(),
                        re.M)
    (where / "Makefile").write_text(f"obj-m := doe_sim.o doe_mainline.o\n{objects[0]}"
                                    "doe_mainline-y := doe-mainline.o\n"
                                    "ccflags-y := -include $(src)/doe-compat.h\n")
    # Without BTF, which would need pahole
    host.build(["make", "-C", headers, f"M={where}", "CONFIG_DEBUG_INFO_BTF_MODULES=",
                kernel.JOBS, "W=1", "modules"],
               "building the modules", where / "make.log", r"\s+(CC|LD)\s")
    warnings = re.findall(r"^.*warning:.*$", (where / "make.log").read_text(), re.M)
    if warnings:
        raise host.Fail(f"the modules were built with warnings: {warnings[0]}")
