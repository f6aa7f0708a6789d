#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The module doe_sim: parameters out of range, loading it twice, unloading it
# while its devices are in use.
. "$(dirname "$0")/doe_user.sh"

MODULE=doe_sim
PARAMETERS="
	devices:0:256
	mailboxes:0:160
	vectors:0:2048
	max_vectors:0:2048
	version:1:15
	max_object:2:262144
	features:0:63
	nr_features:0:256
	cdat_entries:0:9000
	stale:0:63"
OTHERS="
	mailboxes=160,dsn=1:mailboxes must be 0 to 159 with dsn
	cap_list=x:cap_list must be good, loop, reversed
	irq=x:irq must be none, msi, msix, both
	irq=msi,vectors=3:vectors must be a power of 2, 1 to 32, for MSI
	irq=both,vectors=64:vectors must be a power of 2, 1 to 32, for MSI
	knobs=x=1:there is no knob 'x'
	knobs=extra=256:extra must be 0 to 255
	knobs=busy=x:busy must be pulse, ready, drained, never, stuck
	bind=x:invalid for parameter
	devices=x:invalid for parameter
	frob=1:unknown parameter 'frob'"

# said COUNT: the messages of the module after so many lines of the log
said()
{
	dmesg | tail -n +$(($1 + 1)) | grep "$MODULE: "
}

# nothing_left: neither devices, nor files, nor resources
nothing_left()
{
	[ ! -e "/sys/module/$MODULE" ] && [ ! -e "$SIM" ] &&
		! find "$PCI" -name '1[0-9a-f][0-9a-f][0-9a-f][0-9a-f]:*' | grep . &&
		! grep DOE-SIM /proc/iomem
}

# refused TEXT PARAMETER...: EINVAL, and a message with TEXT
refused()
{
	text=$1
	shift
	lines=$(dmesg | wc -l)
	if modprobe "$MODULE" "$@" 2>/tmp/err; then
		rmmod "$MODULE"
	elif grep -qi "invalid argument" /tmp/err &&
	     said "$lines" | grep -q "$text"; then
		nothing_left
		return
	fi
	echo "# $*: $(cat /tmp/err), $(said "$lines")"
	return 1
}

parameter()
{
	name=${1%%:*}
	range=${1#*:}
	low=${range%:*} high=${range#*:}
	for value in $((low - 1)) $((high + 1)) 2147483647; do
		refused "$name must be $low to $high" "$name=$value" || return
	done
}

other()
{
	text=${1#*:}
	arguments=$(echo "${1%%:*}" | tr , ' ')
	# shellcheck disable=SC2086
	case $text in
	unknown*)
		# The kernel only warns of those
		lines=$(dmesg | wc -l)
		modprobe "$MODULE" devices=0 $arguments && rmmod "$MODULE" &&
			said "$lines" | grep -q "$text" && nothing_left ;;
	*)
		refused "$text" $arguments ;;
	esac
}

loaded()
{
	modprobe "$MODULE" devices=2 mailboxes=3 &&
		[ "$(sims | wc -l)" -eq 2 ] &&
		[ "$(doe_offsets "$(sims | tail -n 1)" | wc -l)" -eq 3 ]
}

loaded_twice()
{
	file=$(find "/lib/modules/$(uname -r)/" -name "$MODULE.ko*" | head -n 1)
	before=$(ls "$PCI"; sims)
	insmod "$file" 2>/tmp/err && return 1
	grep -q "File exists" /tmp/err && [ "$(ls "$PCI"; sims)" = "$before" ] &&
		echo skip=1 >"$SIM/$(sims | head -n 1)/knobs"
}

# An open file in debugfs is the module's: it stays
held_by_file()
{
	dev=$(sims | head -n 1)
	exec 3<"$SIM/$dev/knobs"
	rmmod "$MODULE" 2>/dev/null
	kept=$?
	exec 3<&-
	[ $kept -ne 0 ] && [ -e "$PCI/$dev" ] && [ -e "$SIM/$dev/counters" ]
}

# Configuration space is the PCI core's: readers find the device gone
gone_for_readers()
{
	dev=$(sims | head -n 1)
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

# Discovery has begun, and takes longer than it takes to unload
gone_in_exchange()
{
	modprobe "$MODULE" devices=2 scan=0 knobs=proc_ns=300000000 || return
	echo 1 >/sys/bus/pci/rescan &
	rescan=$!
	sleep 0.1
	rmmod "$MODULE"
	result=$?
	wait $rescan
	[ $result -eq 0 ] && nothing_left
}

often()
{
	for round in 1 2 3 4 5 6 7 8 9 10; do
		modprobe "$MODULE" devices=$round mailboxes=$((round % 3)) &&
			rmmod "$MODULE" && nothing_left || return
	done
}

# each FUNCTION LIST: of lines
each()
{
	while read -r line; do
		[ -z "$line" ] || check "$1: $line" "$1" "$line"
	done <<-END
		$2
	END
}

tests()
{
	modprobe -D "$MODULE" >/dev/null 2>&1 && [ ! -e "/sys/module/$MODULE" ] || return
	each parameter "$PARAMETERS"
	each other "$OTHERS"
	check "loaded, there are the devices" loaded
	check "it is not loaded twice" loaded_twice
	check "not unloaded while debugfs is read" held_by_file
	check "unloaded while configuration space is read" gone_for_readers
	check "unloaded in mid-exchange" gone_in_exchange
	check "loaded and unloaded often" often
}

run_tests
