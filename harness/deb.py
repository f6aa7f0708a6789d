# SPDX-License-Identifier: GPL-2.0
"""./run deb: Debian packages of a kernel with the library, by its own bindeb-pkg, and of pcidoe.
With --test those of a small kernel are installed in a fresh Debian, which is booted in QEMU."""
import shutil
from pathlib import Path

import guest
import host
import kernel
import test

# Arguments of scripts/config.  Debian's keys are not at hand.
OPTIONS = (*"-e PCI_DOE -e PCI_DOE_CDEV -m PCI_DOE_SIM".split(),
           "--set-str", "SYSTEM_TRUSTED_KEYS", "", "--set-str", "SYSTEM_REVOCATION_KEYS", "",
           *"-e DEBUG_INFO_NONE -d DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT".split())
# Of the kernel for --test: what apt needs, and QEMU's devices
FOR_APT = "FUTEX EPOLL UNIX NET PCI_MMCONFIG"
CONTROL = """Package: pcidoe
Version: {version}
Architecture: {arch}
Maintainer: Linux PCI <linux-pci@vger.kernel.org>
Depends: libc6, libpci3
Description: exchange data objects with PCIe devices
 Lists DOE mailboxes, exchanges data objects with them and decodes CDATs, beside
 the kernel and its drivers.  pcidoe --help is its manual.
"""
INSTALL = "apt-get -y install"
# apt drops its rights for downloads, which nothing is gained by here
MMDEBSTRAP = ("mmdebstrap", "--variant=apt", "--include=busybox-static,kmod",
              "--hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr",
              '--aptopt=APT::Sandbox::User "root"', "--dpkgopt=force-unsafe-io")


def add_arguments(parser):
    parser.add_argument("--config", metavar="FILE", type=Path,
                        help="configuration to which DOE is added (default: that of the kernel "
                        "which runs here, with the modules that it has loaded)")
    parser.add_argument("--test", action="store_true",
                        help="make packages of a small kernel, install them in a fresh Debian "
                        "and boot that")


def main(args):
    host.install(f"{host.BUILDING} debhelper dpkg-dev kmod perl libssl-dev rsync")
    if args.test:
        guest.install("mmdebstrap")
        small = kernel.Kernel(args.kernel, "deb-small", f"{kernel.SMALL} {FOR_APT}", minimal=True)
        small.configure()
        args.config = small.dir / ".config"
    built = Kernel(args.kernel, "deb-test" if args.test else "deb", args.config)
    built.build("bindeb-pkg", "LOCALVERSION=-doe")
    image = next(built.dir.parent.glob(f"linux-image-{built.release()}_*.deb"))
    debs = image, tool(image.parent, built.release())
    if args.test:
        return tested(built, debs)
    print("\nTo install them, and to remove them again:\n")
    print("".join(f"    sudo {INSTALL} {deb}\n" for deb in debs) +
          f"    sudo apt-get -y purge linux-image-{built.release()} pcidoe")
    return 0


class Kernel(kernel.Kernel):
    """The kernel to be packaged; the packages stand beside its build directory."""

    def __init__(self, release, name, config):
        super().__init__(release, f"{name}/linux")
        self.config = config

    def configure(self):
        target = self.dir / ".config"
        target.unlink(missing_ok=True)
        if self.config:
            shutil.copy(self.config, target)
        elif host.run(self.make("localmodconfig")).returncode:
            raise host.Fail("the configuration of the running kernel is not to be found: give "
                            "one with --config")
        host.run([self.tree / "scripts/config", "--file", target, *OPTIONS])
        host.run(self.make("olddefconfig"))
        if "CONFIG_PCI_DOE_CDEV=y\n" not in target.read_text():
            raise host.Fail("this configuration does not take CONFIG_PCI_DOE_CDEV")
        for old in self.dir.parent.glob("*.deb"):
            old.unlink()

    def release(self):
        return (self.dir / "include/config/kernel.release").read_text().strip()


def tool(where, version):
    """The package of pcidoe."""
    root = where / "pcidoe"
    shutil.rmtree(root, ignore_errors=True)
    (root / "DEBIAN").mkdir(parents=True)
    kernel.make_pcidoe(f"DESTDIR={root}", "install")
    arch = host.run(["dpkg", "--print-architecture"]).stdout.strip()
    (root / "DEBIAN/control").write_text(CONTROL.format(version=version, arch=arch))
    made = host.run(["dpkg-deb", "--root-owner-group", "--build", root, where])
    if made.returncode:
        raise host.Fail(f"the package of pcidoe could not be built: {made.stderr.strip()}")
    return next(where.glob("pcidoe_*.deb"))


def tested(built, debs):
    root = installed(built, debs)
    guest.furnish(built.tree, root)
    built.image = root / f"boot/vmlinuz-{built.release()}"
    initrd = guest.pack(root, root.with_name("initramfs.cpio"))
    return test.verdict([test.scripted(built, "packages", initrd, "packages")])


def installed(built, debs):
    """A new Debian of this system's release, from its mirrors, with the packages."""
    root = host.BUILD / "boots/deb/root"
    shutil.rmtree(root, ignore_errors=True)
    (root / "modules").mkdir(parents=True)
    tarball = root.with_name("root.tar")
    sources = host.run(["apt-get", "indextargets", "--format", "deb $(REPO_URI) $(RELEASE) "
                        "$(COMPONENT)", "Created-By: Packages"]).stdout.splitlines()
    hooks = [f"--customize-hook=copy-in {' '.join(map(str, debs))} /tmp",
             *(f'--customize-hook=chroot "$1" {INSTALL} /tmp/{deb.name}' for deb in debs)]
    progress = host.Progress("installing the packages in a fresh Debian")
    made = host.run([*MMDEBSTRAP, *hooks, sources[0].split()[2], tarball, *sources])
    if made.returncode:
        raise host.Fail(f"mmdebstrap failed: {(made.stderr.splitlines() or ['no message'])[-1]}")
    progress.done()
    if host.run(["tar", "-xf", tarball, "-C", root, "--exclude=./dev/*"]).returncode:
        raise host.Fail(f"{tarball} could not be unpacked")
    tarball.unlink()
    return root
