#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The interrupt goes and comes with the driver; exchanges succeed while it gets
# lost, and use it again after.
. "$(dirname "$0")/doe_lib.sh"

DRIVER=/sys/bus/pci/drivers/cxl_pci
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
	[ "$result" -eq 0 ] && [ "$(irq_count "$1" "$2")" = "$before" ]
}

with_interrupt()
{
	before=$(irq_count "$1" "$2")
	cdat_reread "$1" && [ "$(irq_count "$1" "$2")" -gt "${before:-0}" ]
}

unbound()
{
	before=$(irq_count "$1" "$2")
	echo "$1" >$DRIVER/unbind &&
		[ -z "$(irq_count "$1" "$2")" ] &&
		doe_line "$1" "$2" | grep -q "owner core .* polled"
}

bound()
{
	echo "$1" >$DRIVER/bind || return
	[ -n "$(irq_count "$1" "$2")" ] || [ -z "$before" ] && cdat_good "$1"
}

tests()
{
	for doe_list in $(only memdevs "$ALL"); do
		# Without an interrupt in the first place nothing can be lost
		if grep -q "^${doe_list%@*} .* irq " "$MAILBOXES"; then
			for_each "works without its interrupt" without_interrupt
			for_each "works with it again" with_interrupt
		fi
		for_each "goes back to the core" unbound
		for_each "goes to the driver again" bound
	done
}

run_tests
