# SPDX-License-Identifier: GPL-2.0
"""The commands of ./run: each is a module with main() and, if it has options, add_arguments(),
whose comment at its head is the help text."""
import argparse
import importlib
import sys

import host
import tree

COMMANDS = ("demo", "test", "stress", "check", "coverage", "mutate", "bench", "explore",
            "external", "deb", "series", "tree")
ANY_KERNEL = set(COMMANDS) - {"explore", "external"}


def main():
    parser = argparse.ArgumentParser(prog="./run", description="Build, test and measure "
                                     "the PCIe DOE library. Start with ./run demo and ./run test.")
    sub = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = importlib.import_module(name)
        text = " ".join(module.__doc__.split("\n\n")[0].split()).removeprefix(f"./run {name}: ")
        command = sub.add_parser(name, help=text, description=text)
        if name in ANY_KERNEL:
            command.add_argument("--kernel", metavar="SRC", help="pristine kernel: a directory, a "
                                 "tarball, or the version of one of Debian's linux-source "
                                 f"packages (default {tree.DEFAULT})")
        if hasattr(module, "add_arguments"):
            module.add_arguments(command)
    args = parser.parse_args()
    try:
        return importlib.import_module(args.command).main(args)
    except (host.Fail, OSError) as err:
        print(f"run {args.command}: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"run {args.command}: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
