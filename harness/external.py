# SPDX-License-Identifier: GPL-2.0
"""./run external: the simulated device as a module of Debian's own kernel, under
mainline's library, built on Debian's headers.  Neither is installed here."""
import re
import shutil

import guest
import host
import kernel
import test
import tree

META = f"linux-headers-{tree.DEFAULT}-amd64"
WHERE = host.BUILD / tree.DEFAULT / "external"


def main(_args):
    guest.install("libssl3")
    kernel.make_pcidoe()
    abi = newest()
    root = unpacked(abi)
    debian = kernel.Kernel(None, WHERE.name)
    debian.image = root / f"boot/vmlinuz-{abi}"
    build(root / "usr/src", abi)
    initrd = guest.initramfs(debian, (kernel.PCIDOE,))
    return test.verdict([test.scripted(debian, f"debian-{abi}", initrd, "mainline,sim.sh")])


def newest():
    """The ABI that the metapackage depends on, like 6.12.1+deb12-amd64."""
    for _ in range(2):
        shown = host.run(["apt-cache", "show", "--no-all-versions", META])
        if found := re.search(r"^Depends: linux-headers-(\S+)", shown.stdout, re.M):
            return found[1]
        host.run([*host.apt_get(), "update"])
    raise host.Fail(f"apt knows no {META}: see what 'apt-get update' says, and whether the "
                    "system's sources have it")


def unpacked(abi):
    """A directory with Debian's kernel, its headers, and what builds modules on them."""
    root, version = WHERE / abi, abi.removesuffix("-amd64")
    if root.exists():
        return root
    host.need_space(host.BUILD, 1)
    partial = root.with_name("partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    progress = host.Progress(f"downloading Debian's Linux {abi}")
    got = host.run(["apt-get", "-qq", "-oAPT::Sandbox::User=root", "download",
                    f"linux-image-{abi}", f"linux-headers-{abi}",
                    f"linux-headers-{version}-common", f"linux-kbuild-{version}"], cwd=partial)
    debs = list(partial.glob("*.deb"))
    if got.returncode or any(host.run(["dpkg-deb", "-x", deb, partial]).returncode
                             for deb in debs):
        raise host.Fail(f"Linux {abi} could not be downloaded and unpacked: {got.stderr.strip()}")
    progress.done()
    for deb in debs:
        deb.unlink()
    # It names the common part at the place where it would be installed
    makefile = partial / f"usr/src/linux-headers-{abi}/Makefile"
    makefile.write_text(makefile.read_text().replace("include /usr", f"include {root}/usr"))
    partial.rename(root)
    return root


def build(sources, abi):
    """Out of tree, with what these headers lack of the API included first."""
    headers = sources / f"linux-headers-{abi}"
    compiler = re.search(r"\bgcc-\d+", (headers / ".kernelvariables").read_text())[0]
    host.install(compiler)
    where = WHERE / "drivers/pci/doe-sim"
    shutil.rmtree(where, ignore_errors=True)
    shutil.copytree((host.ROOT / tree.SIM_MAKEFILE).parent, where)
    lacking = tree.missing_api(sources / f"linux-headers-{abi.removesuffix('-amd64')}-common")
    (where / "doe-compat.h").write_text(lacking.get(tree.COMPAT, ""))
    # Without BTF, which would need pahole
    host.build(["make", "-C", headers, f"M={where}", "CONFIG_PCI_DOE_SIM=m",
                f"KCFLAGS=-include {where}/doe-compat.h", "CONFIG_DEBUG_INFO_BTF_MODULES=",
                kernel.JOBS, "W=1", "modules"],
               "building the module", where / "make.log", r"\s+(CC|LD)\s")
    warnings = re.findall(r"^.*warning:.*$", (where / "make.log").read_text(), re.M)
    if warnings:
        raise host.Fail(f"the module was built with warnings: {warnings[0]}")
