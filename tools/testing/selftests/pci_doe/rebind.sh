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

set -- $(doe_mailboxes | while read -r dev off; do
	! memdevs | grep -q "$dev" || echo "$dev $off"
done)
plan $(($# * 2))
while [ $# -gt 0 ]; do
	ktap_test_result "$1 $2 goes back to the core" unbound "$1" "$2"
	ktap_test_result "$1 $2 goes to the driver again" bound "$1" "$2"
	ktap_test_result "$1 $2 goes with the device" removed "$1" "$2"
	ktap_test_result "$1 $2 comes with the device" rescanned "$1" "$2"
	shift 2
done
ktap_finished
