# SPDX-License-Identifier: GPL-2.0
"""./run demo: every DOE mailbox of an emulated CXL topology, as the guest sees it."""
import re
import struct

import guest
import host
import kernel
import ktap
import tree

FEATURES = {"0001:00": "DOE Discovery", "0001:01": "CMA-SPDM", "0001:02": "Secured CMA-SPDM",
            "1e98:00": "CXL Compliance", "1e98:02": "CXL Table Access (CDAT)",
            "d0e5:00": "echo", "d0e5:01": "sized response"}
SHOWN = 9
INT_SUP = 1


def add_arguments(parser):
    tree.add_kernel_argument(parser)
    parser.add_argument("--all", action="store_true", help="show every entry of each CDAT")


def main(args):
    built = kernel.ready(args.kernel)
    boot = guest.Boot(built, "demo", guest.initramfs(built, (kernel.PCIDOE,)),
                      "doe_run=show doe_sim.devices=1")
    report = sections(boot.output)
    if "end" not in report:
        raise host.Fail(f"the guest did not come to its end ({boot.problem}): see {boot.log}")
    failures = [show(line, report, args.all) for line in report["mailboxes"]]
    failed = [show_tool(title, report) for title in report if re.match("say |pcidoe ", title)]
    irqs = sum(" irq " in line for line in report["mailboxes"])
    print(f"\n{len(failures)} mailboxes: {irqs} by interrupt, {len(failures) - irqs} polled; "
          f"Linux {tree.version(built.tree)}, console in {boot.log}")
    splats = ktap.splats(boot.console)
    for line in splats:
        print(f"kernel: {line}")
    return int(any(failures + failed) or bool(splats) or not failures or not failed)


def sections(text):
    """The guest's output: {title: lines}."""
    return {head: body.splitlines() for head, _, body in
            (part.partition("\n") for part in text.split("== ")[1:])}


def show(line, report, everything):
    """One mailbox, from its line in debugfs; True if its table is not right."""
    dev, off = line.split()[:2]
    driver, *msi = report[f"driver {dev}"]
    header, caps = struct.unpack_from("<II", unhex(report[f"config {dev} {off}"]), int(off, 16))
    words = line.replace(" polled ", " polled yes ").split()[2:]
    value = dict(zip(words[::2], words[1::2]))
    print(f"\n{dev}  {guest.NAMES.get(dev, 'simulated device')}, driver {driver}")
    print(f"  mailbox    at {off}h, capability version {header >> 16 & 15}, {value['phase']}, "
          f"{value['exchanges']} exchanges, {value['errors']} errors")
    print(f"  works      {how(dev, off, value, caps, msi, report['interrupts'])}")
    print("  features   " + ", ".join(f"{name} {FEATURES.get(name, 'unknown')}"
                                      for name in value["features"].split(",")))
    if dev not in guest.CDATS:
        return False
    return show_table(dev, unhex(report[f"cdat {dev}"]), everything)


def show_tool(title, report):
    """What the tool said, or a heading; True if it failed."""
    kind, _, text = title.partition(" ")
    if kind == "say":
        print(f"\n{text}")
        return False
    *lines, result = report[title] or ["no output"]
    print(f"  # {title}")
    for line in lines:
        print(f"  {line}")
    if result == ": ok":
        return False
    print(f"  {result}")
    return True


def how(dev, off, value, caps, msi, interrupts):
    message = caps >> 1 & 0x7ff
    if "irq" in value:
        kind = next(entry.split(":")[-1] for entry in msi if f"/{value['irq']}:" in entry)
        row = next(row for row in interrupts if f"DOE[{off}:{dev}]" in row)
        fired = sum(int(n) for n in re.match(r"\s*\d+:((?:\s+\d+)+)\s", row).group(1).split())
        kind = {"msix": "MSI-X", "msi": "MSI"}[kind]
        return f"by interrupt: {kind} vector {message} (IRQ {value['irq']}), fired {fired} times"
    if not caps & INT_SUP:
        return "polled: the device has no DOE interrupt"
    if value["owner"] != "driver":
        return "polled: no driver asked for its interrupt, the PCI core holds it"
    return f"polled: vector {message} was not granted, the driver has {len(msi)}"


def show_table(dev, table, everything):
    path = host.BUILD / "boots" / f"{dev}.cdat"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(table)
    same = table == guest.CDATS[dev]
    decoded = host.run([kernel.PCIDOE, "cdat", "--decode", path])
    lines = decoded.stdout.splitlines()
    print(f"  CDAT       {len(table)} bytes, {'identical to' if same else 'DIFFERENT FROM'} "
          "the file served")
    shown = lines if everything else lines[:SHOWN]
    for entry in shown:
        print(f"             {entry}")
    if len(lines) > len(shown):
        print(f"             ... {len(lines) - len(shown)} more (./run demo --all)")
    return not same or decoded.returncode != 0


def unhex(lines):
    return bytes.fromhex("".join(lines))
