#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The interrupt goes and comes with the driver, the mailbox with the device.
. "$(dirname "$0")/doe_lib.sh"

DRIVER=/sys/bus/pci/drivers/cxl_pci

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
	after=$(irq_count "$1" "$2")
	[ -n "$after" ] || [ -z "$before" ] && cdat_good "$1"
}

removed()
{
	echo 1 >"$PCI/$1/remove" && ! doe_line "$1" "$2"
}

rescanned()
{
	echo 1 >/sys/bus/pci/rescan
	wait_for has_table "$1" || return
	doe_line "$1" "$2" | grep -q "errors 0 " && cdat_good "$1"
}

tests()
{
	for mailbox in $MEMORY; do
		doe_list=$mailbox
		for_each "goes back to the core" unbound
		for_each "goes to the driver again" bound
		for_each "goes with the device" removed
		for_each "comes with the device" rescanned
	done
}

MEMORY=$(doe_mailboxes | while read -r dev off; do
	! memdevs | grep -q "$dev" || echo "$dev $off"
done | words)
run_tests
