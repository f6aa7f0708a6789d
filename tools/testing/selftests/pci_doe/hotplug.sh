#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Devices are unplugged and plugged in again, while CXL reads their tables.
. "$(dirname "$0")/doe_monitor.sh"

ROUNDS=3

is_gone()
{
	[ ! -e "$PCI/$1" ]
}

unplugged()
{
	STOP=$BEFORE.$1 failed=0
	reading "$1" &
	reader=$!
	have_done "$1" unplug && wait_for is_gone "$1" || failed=1
	: >"$STOP"
	wait $reader
	[ ! -e "$STOP.bad" ] || failed=1
	rm "$STOP"*
	[ $failed -eq 0 ] && ! grep "^$1 " "$MAILBOXES"
}

# For the host it is gone, and its name free, when the slot has lost power
plugged()
{
	wait_for have_done "$1" plug >/dev/null && wait_for has_table "$1" &&
		cdat_good "$1" && settle "$1" "$2" &&
		doe_line "$1" "$2" | grep -q " phase idle holds - .* errors 0 " &&
		same_features "$1" "$2"
}

tests()
{
	for round in $(seq $ROUNDS); do
		for_each "unplugged, $round" unplugged
		for_each "plugged in again, $round" plugged
	done
}

doe_list=$(for dev in $(can unplug); do
	doe_mailboxes | grep "^$dev " | words
done)
run_tests
