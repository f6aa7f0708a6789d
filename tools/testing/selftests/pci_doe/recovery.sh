#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Errors of PCIe, from which the kernel recovers a device and all below it.
. "$(dirname "$0")/doe_monitor.sh"

CXL_PCI=/sys/bus/pci/drivers/cxl_pci

# below DEVICE: the mailboxes of it, and of those below it
below()
{
	for mailbox in $ALL; do
		case $(readlink -f "$PCI/${mailbox%@*}")/ in
		"$(readlink -f "$PCI/$1")"/*) echo "$mailbox" ;;
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

# recovered DEVICE ACTION
recovered()
{
	before=$(outcomes "$1") good=$(outcomes "$1" successful)
	have_done "$1" "$2" && wait_for has_outcome "$1" &&
		[ "$(outcomes "$1" successful)" -gt "$good" ]
}

# CXL's driver restores what it saved when it was bound, but only once
save_state()
{
	for dev in $(devices "$(below "$1")"); do
		[ -e "$CXL_PCI/$dev" ] || continue
		echo "$dev" >$CXL_PCI/unbind
		echo "$dev" >$CXL_PCI/bind
		[ -z "$CXL_PORTS" ] || wait_for has_table "$dev"
	done
}

# The table of a switch is read anew with that of the memory device below it
table_works()
{
	! is_memdev "$1" || cdat_reread "$1" || return
	wait_for has_table "$1" && cdat_good "$1"
}

works()
{
	{ [ -z "$(doe_aux "$1" "$2")" ] || used_again "$1" "$2"; } &&
		{ [ -z "$CXL_PORTS" ] || table_works "$1"; } &&
		settle "$1" "$2" && same_features "$1" "$2" && idle "$1" "$2" ||
		! doe_line "$1" "$2" | sed 's/^/# /'
}

# discovering DEVICE OFFSET: Discovery follows each return from user space
discovering()
{
	while [ ! -e "$STOP" ]; do
		hand_over "$1" "$2"
		take_back "$1" "$2"
	done
}

# tried DEVICE ACTION HOW: idle or at work.  CXL is not made to read tables meanwhile:
# caught with its memory driver unbound, it refuses to recover.
tried()
{
	STOP=$BEFORE.stop
	save_state "$1"
	for mailbox in $([ "$3" = idle ] || below "$1"); do
		dev=${mailbox%@*} off=${mailbox#*@}
		[ -z "$(doe_aux "$dev" "$off")" ] || discovering "$dev" "$off" &
	done
	sleep 1
	recovered "$1" "$2"
	result=$?
	: >"$STOP"
	wait
	rm "$STOP"
	for mailbox in $(below "$1"); do
		works "${mailbox%@*}" "${mailbox#*@}" || result=1
	done
	return $result
}

# CXL's memory driver may not come back: work of CXL to unbind it still waits
refusals()
{
	dmesg | grep -c "cxl_mem .* failed with error -16"
}

# recovers DEVICE ACTION HOW: tried once more if that made it fail
recovers()
{
	refused=$(refusals)
	tried "$@" && return
	[ "$(refusals)" -gt "$refused" ] && tried "$@"
}

# Newer kernels have CXL below CXL root ports only.  Without it the mailboxes are there
# all the same, but nobody reads tables.
CXL_PORTS=
for dev in $(memdevs | head -n 1); do
	! wait_for has_table "$dev" || CXL_PORTS=y
done
# From a fatal error CXL's driver lets recover only what it has in use
tests()
{
	for action in nonfatal ${CXL_PORTS:+fatal}; do
		for faulty in $(can $action); do
			for how in "idle" "at work"; do
				check "$faulty recovers from a $action error, $how" \
					recovers "$faulty" $action "$how"
			done
		done
	done
}

run_tests
