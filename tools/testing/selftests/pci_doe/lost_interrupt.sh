#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Exchanges succeed while the interrupt gets lost, and use it again after.
. "$(dirname "$0")/doe_user.sh"

BUS_MASTER=4

# without_interrupt DEVICE OFFSET: with bus mastering off, messages are lost
without_interrupt()
{
	command=$(($(read32 "$1" 4) & 65535))
	before=$(irq_count "$1" "$2")
	write_file "$PCI/$1/config" 4 2 $((command & ~BUS_MASTER))
	cdat_reread "$1"
	result=$?
	write_file "$PCI/$1/config" 4 2 "$command"
	[ "$result" -eq 0 ] && cdat_good "$1" &&
		[ "$(irq_count "$1" "$2")" = "$before" ]
}

with_interrupt()
{
	before=$(irq_count "$1" "$2")
	cdat_reread "$1" && cdat_good "$1" &&
		[ "$(irq_count "$1" "$2")" -gt "${before:-0}" ]
}

tests()
{
	for_each "works without its interrupt" without_interrupt
	for_each "works with it again" with_interrupt
}

# Without an interrupt in the first place nothing can be lost
doe_list=$(doe_mailboxes | while read -r dev off; do
	if [ -n "$(irq_count "$dev" "$off")" ] && memdevs | grep -q "$dev"; then
		echo "$dev $off"
	fi
done | words)
run_tests
