#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The simulated device refuses what is out of range, says the range, and stays as it
# was.  So does its module, which leaves nothing behind.
. "$(dirname "$0")/doe_lib.sh"

MODULE=doe_sim
# Of knobs of each kind: WRITTEN|SAID
KNOBS="times=-1|times must be 0 to 4294967295
times=4294967296|times must be 0 to 4294967295
times=x|times must be 0 to 4294967295
times=|times must be 0 to 4294967295
times|times must be 0 to 4294967295
length=-2|length must be -1 to 262143
length=262144|length must be -1 to 262143
abort_ignored=2|abort_ignored must be 0 to 1
proc_ns=-1|proc_ns must be 0 to 3600000000000 or never
proc_ns=3600000000001|proc_ns must be 0 to 3600000000000 or never
busy=x|busy must be pulse, ready, drained, never, stuck
busy=5|busy must be pulse, ready, drained, never, stuck
frob=1|there is no knob 'frob'"
# The same of parameters of the module
PARAMETERS="devices=x|invalid for parameter
devices=-1|devices must be 0 to 256
devices=257|devices must be 0 to 256
mailboxes=-1|mailboxes must be 0 to 160
mailboxes=161|mailboxes must be 0 to 160
mailboxes=160 dsn=1|mailboxes must be 0 to 159 with dsn
version=0|version must be 1 to 15
cap_list=x|cap_list must be good, loop, reversed
irq=msi vectors=3|vectors must be a power of 2, 1 to 32, for MSI
irq=both vectors=64|vectors must be a power of 2, 1 to 32, for MSI
bind=x|invalid for parameter
knobs=x=1|there is no knob 'x'
knobs=extra=256|extra must be 0 to 255"

# refused TEXT COMMAND...: EINVAL, and the module says TEXT
refused()
{
	text=$1
	shift
	lines=$(dmesg | wc -l)
	"$@" 2>/tmp/err
	grep -qi "invalid argument" /tmp/err &&
		dmesg | tail -n +$((lines + 1)) | grep "$MODULE: " | grep -qF -- "$text" ||
		! echo "# $*: $(cat /tmp/err), $(dmesg | tail -n 1)"
}

put_knobs()
{
	echo "$1" >"$SIM/$dev/knobs"
}

knobs_refused()
{
	before=$(cat "$SIM/$dev/knobs")
	refused "$1" put_knobs "$2" && [ "$(cat "$SIM/$dev/knobs")" = "$before" ]
}

unharmed()
{
	at_rest "$dev" "$(doe_offsets "$dev" | head -n 1)" && no_violations "$dev"
}

debugfs_tests()
{
	while IFS="|" read -r what text; do
		check "knobs $what" knobs_refused "$text" "$what"
	done <<-END
		$KNOBS
	END
	check "too long a write" knobs_refused "a write must be 0 to 1024 bytes" \
		"$(head -c 1024 /dev/zero | tr '\0' ' ')"
	check "after that the device is as it was" unharmed
}

# nothing_left: neither devices, nor files, nor resources
nothing_left()
{
	[ ! -e "/sys/module/$MODULE" ] && [ ! -e "$SIM" ] &&
		! find "$PCI" -name '1[0-9a-f][0-9a-f][0-9a-f][0-9a-f]:*' | grep . &&
		! grep DOE-SIM /proc/iomem
}

# not_loaded TEXT PARAMETER...
not_loaded()
{
	text=$1
	shift
	refused "$text" modprobe "$MODULE" "$@" && nothing_left
}

loaded()
{
	modprobe "$MODULE" devices=2 mailboxes=3 && dev=$(sims | tail -n 1) &&
		[ "$(sims | wc -l)" -eq 2 ] && [ "$(doe_offsets "$dev" | wc -l)" -eq 3 ]
}

# An open file in debugfs is the module's: it stays
held_by_file()
{
	exec 3<"$SIM/$dev/knobs"
	rmmod "$MODULE" 2>/dev/null
	kept=$?
	exec 3<&-
	[ $kept -ne 0 ] && [ -e "$PCI/$dev" ] && [ -e "$SIM/$dev/counters" ]
}

# Configuration space is the PCI core's: readers find the device gone
gone_for_readers()
{
	exec 3<"$PCI/$dev/config"
	while [ -e "$PCI/$dev/config" ]; do
		od -An -v -tx4 "$PCI/$dev/config" >/dev/null 2>&1
	done &
	reader=$!
	sleep 0.2
	rmmod "$MODULE"
	result=$?
	wait $reader
	cat <&3 >/dev/null 2>&1 && result=1
	exec 3<&-
	[ $result -eq 0 ] && nothing_left
}

module_tests()
{
	while IFS="|" read -r what text; do
		check "parameters $what" not_loaded "$text" $what
	done <<-END
		$PARAMETERS
	END
	check "loaded, there are the devices" loaded
	check "not unloaded while debugfs is read" held_by_file
	check "unloaded while configuration space is read" gone_for_readers
}

tests()
{
	[ -z "$dev" ] || debugfs_tests
	[ -z "$LOADED" ] || act rmmod "$MODULE"
	[ -z "$LOADED" ] || module_tests
}

LOADED=
[ -n "$(sims)" ] || ! modprobe "$MODULE" 2>/dev/null || LOADED=yes
dev=$(sims | head -n 1)
run_tests
