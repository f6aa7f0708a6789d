# SPDX-License-Identifier: GPL-2.0
"""Configure and build the integrated kernel through the kernel's own kunit.py; the suites in one
that runs as a program, User-mode Linux, in virtual time: it stands still while code runs, and a
second of waiting costs nothing."""
import os
import platform
import re
import signal
import subprocess
import sys

import guest
import host
import ktap
import tree

# Options of kernels: NAME, NAME=VALUE, or a file of this repository that has some.
# What is debugged: without it some cases cannot fail
DEBUGGING = ("DEBUG_KERNEL DEBUG_ATOMIC_SLEEP DEBUG_LIST DEBUG_OBJECTS DEBUG_OBJECTS_FREE "
             "DEBUG_OBJECTS_TIMERS DEBUG_OBJECTS_WORK PROVE_LOCKING")
# The suites in QEMU
SUITES = (f"SMP PCI PCI_MSI PCIEPORTBUS SUSPEND HIGH_RES_TIMERS STRICT_DEVMEM FTRACE DEBUG_FS "
          f"DEVTMPFS {DEBUGGING} WQ_WATCHDOG DETECT_HUNG_TASK KUNIT PCI_DOE PCI_DOE_AUX "
          "PCI_DOE_CDEV PCI_DOE_SIM PCI_DOE_KUNIT_TEST SAMPLES SAMPLE_PCI_DOE "
          "SAMPLE_PCI_DOE_KUNIT_TEST")
# The same, the device tests and the demo, on the emulated CXL machine
EMULATED = (f"{SUITES} NR_CPUS=8 NUMA BLK_DEV_INITRD TMPFS PM_DEBUG KEXEC SERIAL_8250 "
            "SERIAL_8250_CONSOLE PRINTK_TIME IPV6=n NETDEVICES=n WIRELESS=n ETHTOOL_NETLINK=n "
            "tools/testing/selftests/pci_doe/config")
# As little as the simulated device and a shell need, for ./run stress, in which all is slow.
# The library is built in, the rest of this project are modules
SMALL = ("64BIT EXPERT SMP NR_CPUS=8 HZ_250 HIGH_RES_TIMERS NO_HZ_IDLE PREEMPT MODULES "
         "MODULE_UNLOAD ACPI PCI PCI_MSI SUSPEND PM PM_DEBUG PM_SLEEP_DEBUG MULTIUSER POSIX_TIMERS "
         "FILE_LOCKING SYSFS PROC_FS DEBUG_FS SHMEM TMPFS DEVTMPFS BLK_DEV_INITRD BINFMT_ELF "
         "BINFMT_SCRIPT VMAP_STACK TTY PRINTK PRINTK_TIME SERIAL_8250 SERIAL_8250_CONSOLE BUG "
         "SLUB_DEBUG KALLSYMS DEBUG_KERNEL DEVMEM STRICT_DEVMEM WQ_WATCHDOG DETECT_HUNG_TASK "
         "KUNIT KUNIT_DEBUGFS PCI_DOE PCI_DOE_AUX=m PCI_DOE_CDEV PCI_DOE_SIM=m "
         "PCI_DOE_KUNIT_TEST=m")
JOBS = f"-j{os.cpu_count()}"
CC = "CC=ccache gcc"
PCIDOE = host.BUILD / "tools/pcidoe"
# Time that a boot may take on the processor, without and with very slow cases, and by the clock
CPU_LIMIT, SLOW, PATIENCE = 120, 1020, 1800
UML = ("mem=1G", "console=tty", *guest.KUNIT.split(), "kunit_shutdown=halt",
       "panic_on_warn=1", "time-travel=inf-cpu")
ENDED = "reboot: System halted"


def make_pcidoe(*targets):
    PCIDOE.parent.mkdir(parents=True, exist_ok=True)
    made = host.run(["make", "-C", host.ROOT / "tools/pci", f"OUTPUT={PCIDOE.parent}/", *targets])
    if made.returncode and "check" not in targets:
        raise host.Fail(f"pcidoe could not be built: {(made.stderr.splitlines() or ['?'])[0]}")
    return made


def iasl():
    """An iasl that knows CDAT, which Debian 12's does not: that of a newer suite, with
    the C library that it was built for."""
    unpacked, wrapper = host.BUILD / "tools/acpica", host.BUILD / "tools/iasl"
    if wrapper.exists():
        return wrapper
    for package in ("acpica-tools", "libc6"):
        tree.newer(package, unpacked, "the tests of pcidoe need it")
    loader = next(unpacked.glob("usr/lib/*/ld-linux-*.so.*"))
    wrapper.write_text(f'#!/bin/sh\nexec {loader} --library-path {loader.parent} '
                       f'{unpacked}/usr/bin/iasl "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def ready(release):
    """The kernel and the tool, built; whatever that needs is installed first."""
    guest.install()
    make_pcidoe()
    kernel = Kernel(release)
    if kernel.has_tsm():
        kernel.options += " PCI_TSM"
    kernel.build()
    return kernel


def library():
    """The sources of the library, from its Makefile."""
    text = (host.ROOT / tree.MAKEFILE).read_text().replace("\\\n", "")
    lines = re.findall(r"^obj-\$\(CONFIG_PCI_DOE(?:_AUX|_CDEV)?\)\s*\+=(.*)", text, re.M)
    return [host.ROOT / f"drivers/pci/{name[:-2]}.c" for line in lines for name in line.split()]


def fragment(where, options):
    """A file in a directory with those options."""
    where.mkdir(parents=True, exist_ok=True)
    path = where / "fragment.config"
    path.write_text(lines(options))
    return path


def lines(options):
    return "".join((host.ROOT / word).read_text() if "/" in word else
                   f"CONFIG_{word if '=' in word else f'{word}=y'}\n" for word in options.split())


def configure(make, where, options, goal="allnoconfig", optional=""):
    """Configure.  By allnoconfig all options but what is optional are to be there then."""
    done = host.run([*make, f"KCONFIG_ALLCONFIG={fragment(where, options)}", *goal.split()])
    if done.returncode:
        raise host.Fail(f"make {goal} failed in {where}")
    wanted, there = (set(re.findall(r"^CONFIG_\w+=[^n\n].*", path.read_text(), re.M))
                     for path in (where / "fragment.config", where / ".config"))
    lacking = wanted - there - set(lines(optional).splitlines())
    if lacking and goal == "allnoconfig":
        raise host.Fail(f"{where}: the kernel does not take {' '.join(sorted(lacking))}")


class Kernel:
    """A tree, a build directory beside it and the image in that.

    What options do not name is as the kernel has it by default, with minimal it is off.
    linux is the architecture."""

    def __init__(self, release, name="kernel", options=EMULATED, minimal=False, linux="x86_64"):
        self.name, self.options, self.minimal = name, options, minimal
        self.linux, self.cross = linux, "aarch64-linux-gnu-" * (linux == "arm64")
        self.dir = tree.place(release) / name
        self.image = self.dir / "arch/x86/boot/bzImage"
        if not self.image.exists():
            host.need_space(host.BUILD, 3)
        self.tree = tree.prepared(release)

    def kunit(self, command, *options):
        """The command line of kunit.py for this kernel."""
        return [sys.executable, "-B", self.tree / "tools/testing/kunit/kunit.py", command,
                f"--arch={self.linux}", f"--cross_compile={self.cross}",
                f"--build_dir={self.dir}", *options]

    def has_tsm(self):
        """From 6.19 on."""
        return "config PCI_TSM\n" in (self.tree / "drivers/pci/Kconfig").read_text()

    def make(self, *targets):
        return ["make", "-C", self.tree, f"O={self.dir}", f"ARCH={self.linux}",
                f"CROSS_COMPILE={self.cross}", f"CC=ccache {self.cross}gcc", *targets]

    def build(self, *targets):
        self.dir.mkdir(parents=True, exist_ok=True)
        self.configure()
        host.build(self.make(JOBS, *targets),
                   f"building Linux {tree.version(self.tree)}, {self.name},",
                   self.dir / "make.log", r"\s+(CC|AS|LD|AR)\s")

    def configure(self):
        if self.minimal:
            configure(self.make(), self.dir, self.options)
            return
        done = host.run(self.kunit("config", f"--make_options=CC=ccache {self.cross}gcc",
                                   f"--kunitconfig={fragment(self.dir, self.options)}"),
                        cwd=self.tree)
        if done.returncode:
            raise host.Fail("kunit.py config failed: " + "".join(
                re.findall(r"(?:Missing|error).*", done.stderr + done.stdout)[:1]))


class Uml(Kernel):
    """The suites built in, as drivers/pci/.kunitconfig has them, and further options."""

    def __init__(self, release, name="uml", options=""):
        if platform.machine() not in ("x86_64", "i686"):
            raise host.Fail(f"User-mode Linux does not run on {platform.machine()}")
        host.install(host.UML)
        super().__init__(release, name, f"drivers/pci/.kunitconfig {options}", linux="um")
        self.image = self.dir / "linux"


def boot(image, log, *parameters, machine=UML, cpu=CPU_LIMIT, patience=PATIENCE):
    """Run it: what came through its console, and what is wrong with how it ended."""
    problem = ""
    command = ["prlimit", f"--cpu={cpu}:{cpu + 5}", "--core=0", image, *machine, *parameters]
    with open(log, "w") as out, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                                 stderr=subprocess.STDOUT) as linux:
        try:
            code = linux.wait(patience)
        except subprocess.TimeoutExpired:
            linux.kill()
            problem = f"no end after {patience} s"
    console = guest.read(log)
    if not problem and ENDED not in console:
        problem = f"no end after {cpu} s of processor time" \
            if code == -signal.SIGXCPU else f"went down with {code}"
    return console, problem


def suites(built, log, *parameters, glob="", slow=False, cpu=0):
    """Run the cases that match, with the very slow ones or without: the same results each time."""
    chosen = ["doe_tests.seed=1", *["kunit.filter=speed>very_slow"] * (not slow),
              *[f"kunit.filter_glob={glob}"] * bool(glob)]
    console, problem = boot(built.image, log, *chosen, *parameters,
                            cpu=cpu or (SLOW if slow else CPU_LIMIT))
    return ktap.Results(built.tree, console, ktap.cases(glob or "*", slow)).ended(problem, log)
