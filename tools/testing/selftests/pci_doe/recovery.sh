#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Errors of PCIe, from which the kernel recovers a device and all below it.
. "$(dirname "$0")/doe_monitor.sh"

CXL_PCI=/sys/bus/pci/drivers/cxl_pci

# below DEVICE: "DEVICE OFFSET" of the mailboxes of it, and of those below it
below()
{
	doe_mailboxes | while read -r dev off; do
		case $(readlink -f "$PCI/$dev")/ in
		"$(readlink -f "$PCI/$1")"/*) echo "$dev $off" ;;
		esac
	done
}

# outcomes DEVICE [RESULT]: how often it was recovered, or could not be
outcomes()
{
	# The kernel names the port above it
	port=$(basename "$(readlink -f "$PCI/$1/..")")
	dmesg | grep -c "$port: AER: device recovery $2"
}

has_outcome()
{
	[ "$(outcomes "$1")" -gt "$before" ]
}

# Newer kernels have CXL below CXL root ports only.  Without it the mailboxes are there
# all the same, but nobody reads tables.
has_cxl()
{
	[ -n "$CXL_PORTS" ]
}

# CXL's driver restores what it saved when it was bound, but only once
save_state()
{
	below "$1" | while read -r dev _; do
		[ -e "$CXL_PCI/$dev" ] || continue
		echo "$dev" >$CXL_PCI/unbind
		echo "$dev" >$CXL_PCI/bind
		! has_cxl || wait_for has_table "$dev"
	done
}

# recovered DEVICE ACTION
recovered()
{
	before=$(outcomes "$1") good=$(outcomes "$1" successful)
	have_done "$1" "$2" && wait_for has_outcome "$1" || return
	[ "$(outcomes "$1" successful)" -gt "$good" ]
}

each_works()
{
	below "$1" | {
		result=0
		while read -r dev off; do
			works "$dev" "$off" || result=1
		done
		return $result
	}
}

# The table of a switch is read anew with that of the memory device below it
table_works()
{
	! memdevs | grep -q "^$1$" || cdat_reread "$1" || return
	wait_for has_table "$1" && cdat_good "$1"
}

works()
{
	{ [ -z "$(doe_aux "$1" "$2")" ] || used_again "$1" "$2"; } &&
		{ ! has_cxl || table_works "$1"; } &&
		settle "$1" "$2" && same_features "$1" "$2" &&
		doe_line "$1" "$2" | grep -q " phase idle holds - " ||
		! doe_line "$1" "$2" | sed 's/^/# /'
}

# CXL's memory driver may not come back: work of CXL to unbind it still waits
refusals()
{
	dmesg | grep -c "cxl_mem .* failed with error -16"
}

# unless_refused TEST...: once more if that made it fail
unless_refused()
{
	refused=$(refusals)
	"$@" && return
	[ "$(refusals)" -gt "$refused" ] && "$@"
}

recovered_idle()
{
	save_state "$1"
	recovered "$1" "$2" && each_works "$1"
}

# Discovery follows each return from user space
discovering()
{
	while [ ! -e "$STOP" ]; do
		hand_over "$1" "$2"
		take_back "$1" "$2"
	done
}

# CXL is not made to read tables meanwhile: caught with its memory driver
# unbound, it refuses to recover
recovered_at_work()
{
	STOP=$BEFORE.stop
	save_state "$1"
	for mailbox in $(below "$1" | words); do
		dev=${mailbox%@*} off=${mailbox#*@}
		[ -z "$(doe_aux "$dev" "$off")" ] || discovering "$dev" "$off" &
	done
	sleep 1
	recovered "$1" "$2"
	result=$?
	: >"$STOP"
	wait
	rm "$STOP"
	[ $result -eq 0 ] && each_works "$1"
}

CXL_PORTS=
for dev in $(memdevs | head -n 1); do
	! wait_for has_table "$dev" || CXL_PORTS=y
done
# From a fatal error CXL's driver lets recover only what it has in use
FAULTS=$(for action in nonfatal $(! has_cxl || echo fatal); do
	for dev in $(can $action); do
		echo "$dev@$action"
	done
done)
tests()
{
	for fault in $FAULTS; do
		dev=${fault%@*} how=${fault#*@}
		check "$dev recovers from a $how error, idle" \
			unless_refused recovered_idle "$dev" "$how"
		check "$dev recovers from a $how error, at work" \
			unless_refused recovered_at_work "$dev" "$how"
	done
}

run_tests
