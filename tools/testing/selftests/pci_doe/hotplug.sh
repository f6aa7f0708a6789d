#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Devices are unplugged and plugged in again, while CXL reads their tables.
. "$(dirname "$0")/doe_monitor.sh"

is_gone()
{
	[ ! -e "$PCI/$1" ]
}

unplug()
{
	have_done "$1" unplug && wait_for is_gone "$1"
}

unplugged()
{
	while_reading "$1" unplug "$1" && ! grep "^$1 " "$MAILBOXES"
}

# For the host it is gone, and its name free, when the slot has lost power
plugged()
{
	wait_for have_done "$1" plug >/dev/null && wait_for has_table "$1" &&
		cdat_good "$1" && settle "$1" "$2" &&
		idle_without_errors "$1" "$2" && same_features "$1" "$2"
}

tests()
{
	for round in 1 2 3; do
		for_each "unplugged, $round" unplugged
		for_each "plugged in again, $round" plugged
	done
}

doe_list=$(only "can unplug" "$ALL")
run_tests
