#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The simulated device refuses what is out of range, says the range, and stays as it
# was.  So does its module, which leaves nothing behind.
. "$(dirname "$0")/doe_lib.sh"

MODULE=doe_sim
NS="0 to 3600000000000 or never"
INJECTIONS="must be flr, gone-value, gone-error, back"
# FILE|WHAT IS WRITTEN|WHAT IS SAID
WRITES="knobs|frob=1|there is no knob 'frob'
knobs|1000: skip=1|mailbox must be 0 to
inject|-1: raise|mailbox must be 0 to
trigger|x: 1 none|mailbox must be 0 to
inject|stale=-1|stale must be 0 to 63
inject|busy=3600000000001|busy must be $NS
inject|frob|$INJECTIONS
inject|raise=x|$INJECTIONS
trigger|x none|trigger must be: access, none
trigger|-1 flr|trigger must be: access, none
trigger|1 gone-value 4294967296|trigger must be: access, none"
# Parameters of the module that are numbers, and how they are combined
NUMBERS="devices 0 to 256
mailboxes 0 to 160
vectors 0 to 2048
max_vectors 0 to 2048
version 1 to 15
max_object 2 to 262144
features 0 to 63
nr_features 0 to 256
cdat_entries 0 to 9000
stale 0 to 63"
PARAMETERS="mailboxes=160 dsn=1|mailboxes must be 0 to 159 with dsn
cap_list=x|cap_list must be good, loop, reversed
irq=x|irq must be none, msi, msix, both
irq=msi vectors=3|vectors must be a power of 2, 1 to 32, for MSI
irq=both vectors=64|vectors must be a power of 2, 1 to 32, for MSI
knobs=x=1|there is no knob 'x'
knobs=extra=256|extra must be 0 to 255
knobs=busy=x|busy must be pulse, ready, drained, never, stuck
bind=x|invalid for parameter
devices=x|invalid for parameter"

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

# put FILE TEXT
put()
{
	echo "$2" >"$SIM/$dev/$1"
}

# beyond RANGE: values outside of it
beyond()
{
	case $1 in
	*" to "*)
		last=${1#* to }
		echo x $((${1%% *} - 1)) $((${last%% *} + 1)) ;;
	*)
		echo x 99 -1 ;;
	esac
}

knob()
{
	before=$(cat "$SIM/$dev/knobs")
	for value in $(beyond "$2" | sed "s/[^ ]*/$1=&/g") "$1=" "$1"; do
		refused "$1 must be $2" put knobs "$value" || return
	done
	[ "$(cat "$SIM/$dev/knobs")" = "$before" ]
}

all_knobs()
{
	[ "$(sed 's/ .*//' "$SIM/$dev/help" | sort)" = \
	  "$(head -n 1 "$SIM/$dev/knobs" | tr ' ' '\n' | sed -n 's/=.*//p' | sort)" ]
}

unharmed()
{
	at_rest "$dev" "$(doe_offsets "$dev" | head -n 1)" && no_violations "$dev"
}

debugfs_tests()
{
	check "every knob is tried" all_knobs
	while read -r name range; do
		check "knob $name: $range" knob "$name" "$range"
	done <<-END
		$(sed 's/ (\([^)]*\)):.*/ \1/' "$SIM/$dev/help")
	END
	while IFS="|" read -r file what text; do
		check "$file: $what, $text" refused "$text" put "$file" "$what"
	done <<-END
		$WRITES
	END
	check "too long a write" refused "a write must be 0 to 1024 bytes" \
		put knobs "$(head -c 1024 /dev/zero | tr '\0' ' ')"
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

number()
{
	for value in $(beyond "$2") 2147483647; do
		case $value in
		x) not_loaded "invalid for parameter" "$1=x" ;;
		*) not_loaded "$1 must be $2" "$1=$value" ;;
		esac || return
	done
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
	while read -r name range; do
		check "parameter $name: $range" number "$name" "$range"
	done <<-END
		$NUMBERS
	END
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
