#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Exchanges succeed while the interrupt gets lost, and use it again after.
. "$(dirname "$0")/doe_lib.sh"

BUS_MASTER=4

# without_interrupt DEVICE OFFSET: with bus mastering off, messages are lost
without_interrupt()
{
	command=$(($(read32 "$1" 4) & 65535))
	before=$(irq_count "$1" "$2")
	write16 "$1" 4 $((command & ~BUS_MASTER))
	cdat_reread "$1"
	result=$?
	write16 "$1" 4 "$command"
	[ "$result" -eq 0 ] && cdat_good "$1" &&
		[ "$(irq_count "$1" "$2")" = "$before" ]
}

with_interrupt()
{
	before=$(irq_count "$1" "$2")
	cdat_reread "$1" && cdat_good "$1" &&
		[ "$(irq_count "$1" "$2")" -gt "${before:-0}" ]
}

# Without an interrupt in the first place nothing can be lost
set -- $(doe_mailboxes | while read -r dev off; do
	if [ -n "$(irq_count "$dev" "$off")" ] && memdevs | grep -q "$dev"; then
		echo "$dev $off"
	fi
done)
plan $#
while [ $# -gt 0 ]; do
	ktap_test_result "$1 $2 works without its interrupt" without_interrupt "$1" "$2"
	ktap_test_result "$1 $2 works with it again" with_interrupt "$1" "$2"
	shift 2
done
ktap_finished
