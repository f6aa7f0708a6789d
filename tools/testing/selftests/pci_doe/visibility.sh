#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What sysfs, debugfs and the tracepoints say about mailboxes.
. "$(dirname "$0")/doe_user.sh"

KOBJ_CHANGE=2
EVENTS="abort complete interrupt request response state submit"
ID="[0-9a-f]{4}:[0-9a-f]{2}"
AT="[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7] \[[0-9a-f]+\]"
PHASES="idle|wake|busy|response|abort"
HOLDS="-|(dead|reset|frozen|user|gone)(,(reset|frozen|user|gone))*"

# sysfs

# doe_features is what 6.15 has: names, mode, contents, and nothing else
features_abi()
{
	cd "$PCI/$1/doe_features" || return
	for file in *; do
		name=$file
		[ "$file" != doe_discovery ] || name=0001:00
		if [ "$file" = 0001:00 ] || ! echo "$name" | grep -Eqx "$ID" ||
		   [ "$(stat -c %a "$file")" != 444 ] ||
		   [ "$(cat "$file")" != "$name" ]; then
			break
		fi
		name=
	done
	cd - >/dev/null || return
	[ -z "$name" ]
}

# One file for each feature that any mailbox of the device offers
features_complete()
{
	[ "$(cat "$PCI/$1/doe_features"/* | sort)" = \
	  "$(grep "^$1 " "$MAILBOXES" | sed 's/.* features \([^ ]*\).*/\1/' |
	     tr , '\n' | sort -u)" ]
}

no_features_elsewhere()
{
	for path in "$PCI"/*; do
		dev=${path##*/}
		if [ -e "$path/doe_features" ]; then
			doe_mailboxes | grep -q "^$dev " || return
		fi
	done
}

# Auxiliary devices: one for each mailbox of a device that has any
aux_abi()
{
	set -- "$PCI/$1"/doe_aux.mailbox.*
	[ $# -eq "$(doe_offsets "$dev" | wc -l)" ] || return
	for adev; do
		[ "$(stat -c %a "$adev/offset")" = 444 ] || return
	done
	for off in $(doe_offsets "$dev"); do
		[ "$(doe_aux "$dev" "$off" | wc -l)" -eq 1 ] || return
	done
}

# debugfs

debugfs_mode()
{
	[ "$(stat -c %a "$MAILBOXES")" = 400 ]
}

debugfs_lines()
{
	[ "$(cut -d' ' -f1,2 "$MAILBOXES" | sort)" = "$(doe_mailboxes | sort)" ]
}

debugfs_format()
{
	line="[^ ]+ [0-9a-f]+ owner (core|driver|user) phase ($PHASES)"
	line="$line holds ($HOLDS)"
	line="$line (irq [0-9]+|polled) features (-|$ID(,$ID)*)"
	for counter in exchanges errors aborts interrupts spurious polls; do
		line="$line $counter [0-9]+"
	done
	! grep -Evx "$line" "$MAILBOXES" | sed 's/^/# /' | grep .
}

# Tracepoints

event_lines()
{
	sed -n "s/.*: pci_doe_$1: *//p" "$TRACE/trace"
}

# All there is in a line: where, what, how much; no room for a payload
event_format()
{
	case $1 in
	abort | interrupt) line="$AT" ;;
	complete) line="$AT $ID rv -?[0-9]+" ;;
	state) line="$AT ($PHASES) -> ($PHASES) holds ($HOLDS)" ;;
	*) line="$AT $ID [0-9]+ bytes" ;;
	esac
	event_lines "$1" | grep -q . &&
		! event_lines "$1" | grep -Evx "$line" | sed 's/^/# /' | grep .
}

# And no field of a record, which perf and trace-cmd get, holds one either
event_fields()
{
	allowed="(unsigned short|unsigned char|int) common_"
	allowed="$allowed(type|flags|preempt_count|pid)"
	allowed="$allowed|__data_loc char\[\] (dev|from|to)"
	allowed="$allowed|size_t size|int rv|u16 (off|vid)|u8 type"
	allowed="$allowed|unsigned long holds"
	format=$TRACE/events/pci_doe/pci_doe_$1/format
	[ -e "$format" ] &&
		! sed -n 's/.*field:\(.*\);\toffset.*/\1/p' "$format" |
		grep -Evx "$allowed" |
		sed 's/^/# /' | grep .
}

# events EVENT DEVICE OFFSET FEATURE: how many there are
events()
{
	event_lines "$1" | grep -c "^$2 \[$3\] $4 "
}

# Each exchange is there from its begin to its end
discovery_traced()
{
	n=$(events request "$1" "$2" 0001:00)
	[ "$n" -ge 2 ] && [ "$(events response "$1" "$2" 0001:00)" -eq "$n" ] &&
		[ "$(events complete "$1" "$2" 0001:00)" -eq "$n" ]
}

cdat_traced()
{
	cdat_reread "$1" || return
	n=$(events submit "$1" "$2" 1e98:02)
	[ "$n" -ge 2 ] || return
	for event in request response complete; do
		[ "$(events "$event" "$1" "$2" 1e98:02)" -eq "$n" ] || return
	done
}

# The states of a mailbox make a chain
states_chained()
{
	event_lines state | grep "^$1 \[$2\] " | {
		last=
		while read -r _ _ from _ to _; do
			[ "${last:-$from}" = "$from" ] || exit 1
			last=$to
		done
		[ "$last" = idle ]
	}
}

# trace_event= at boot: Discovery of every mailbox
boot_traced()
{
	grep "pci_doe_request: $1 \[$2\] 0001:00 4 bytes" "$TRACING/trace" |
		grep -q .
}

# The files come back when Discovery has ended, with a uevent for each mailbox
announced()
{
	before=$(cat "$PCI/$1/doe_features"/*)
	# shellcheck disable=SC2016
	echo 'p:doe_uevent kobject_uevent action=$arg2:u32 name=+0(+0($arg1)):string' \
		>>"$TRACING/kprobe_events" && trace_on kprobes/doe_uevent || return
	echo 1 >"$PCI/$1/remove"
	echo 1 >/sys/bus/pci/rescan
	for off in $(doe_offsets "$1"); do
		settle "$1" "$off"
	done
	changes=$(grep -c "action=$KOBJ_CHANGE name=\"$1\"" "$TRACE/trace")
	trace_off
	echo '-:doe_uevent' >>"$TRACING/kprobe_events"
	[ "$(cat "$PCI/$1/doe_features"/*)" = "$before" ] &&
		[ "$changes" -eq "$(doe_offsets "$1" | wc -l)" ] ||
		! echo "# $changes uevents"
}

# A mailbox goes and comes, which its trace tells
exchanged()
{
	hand_over "$1" "$2"
	take_back "$1" "$2"
	settle "$1" "$2"
	discovery_traced "$1" "$2"
}

tests()
{
	for dev in $(doe_devices); do
		check "$dev: names and contents of doe_features" features_abi "$dev"
		check "$dev: doe_features has what Discovery found" features_complete "$dev"
	done
	check "no doe_features where there is no mailbox" no_features_elsewhere
	for dev in $(aux_mailboxes | cut -d' ' -f1 | sort -u); do
		check "$dev: offset of each auxiliary device" aux_abi "$dev"
	done
	check "debugfs is for root" debugfs_mode
	check "debugfs has a line for each mailbox" debugfs_lines
	check "debugfs has the words that it should" debugfs_format

	doe_list=$(doe_mailboxes | words)
	! grep -q trace_event=pci_doe /proc/cmdline ||
		for_each "traced at boot" boot_traced
	act trace_on pci_doe
	doe_list=$(aux_mailboxes | words)
	for_each "Discovery is traced" exchanged
	for_each "each state is traced" states_chained
	doe_list=$(for mailbox in $doe_list; do
		! memdevs | grep -q "^${mailbox%@*}$" || echo "$mailbox"
	done)
	for_each "reading a table is traced" cdat_traced
	for event in $EVENTS; do
		check "pci_doe_$event is traced, without payload" event_format "$event"
		check "pci_doe_$event has no field for it" event_fields "$event"
	done
	act trace_off
	for dev in $([ ! -e "$TRACING/kprobe_events" ] || sims); do
		check "$dev: user space is told when Discovery ends" announced "$dev"
	done
}

mount_tracefs
run_tests
