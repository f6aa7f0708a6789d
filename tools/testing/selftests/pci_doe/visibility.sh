#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What sysfs, debugfs, uevents and the tracepoints say about mailboxes.
. "$(dirname "$0")/doe_lib.sh"

KOBJ_CHANGE=2
EVENTS="abort complete interrupt request response state submit"
ID="[0-9a-f]{4}:[0-9a-f]{2}"
AT="[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7] \[[0-9a-f]+\]"
PHASES="idle|wake|busy|response|abort"
HOLDS="-|(dead|reset|frozen|user|gone)(,(reset|frozen|user|gone))*"
TRACE=$TRACING/instances/pci_doe_test

# trace_on EVENTS: into a buffer of its own
trace_on()
{
	mkdir "$TRACE" && echo 16384 >"$TRACE/buffer_size_kb" &&
		echo 1 >"$TRACE/events/$1/enable"
}

# only_like PATTERN: there are lines, and each is one of those
only_like()
{
	tee "$BEFORE.lines" | grep -Evx "$1" | sed 's/^/# /'
	[ -s "$BEFORE.lines" ] && ! grep -Evqx "$1" "$BEFORE.lines"
}

# doe_features is what 6.15 has: names, mode, contents; one file for each feature that
# any mailbox of the device offers
features_abi()
{
	for file in "$PCI/$1/doe_features"/*; do
		name=${file##*/}
		[ "$name" != doe_discovery ] || name=0001:00
		[ "$(stat -c %a "$file")" = 444 ] && [ "$(cat "$file")" = "$name" ] &&
			[ "${file##*/}" != 0001:00 ] || return
		echo "$name"
	done | sort >"$BEFORE.features"
	grep "^$1 " "$MAILBOXES" | sed 's/.* features \([^ ]*\).*/\1/' | tr , '\n' |
		sort -u | cmp - "$BEFORE.features"
}

no_features_elsewhere()
{
	for path in "$PCI"/*/doe_features; do
		path=${path%/*}
		devices "$ALL" | grep -qx "${path##*/}" || return
	done
}

debugfs_format()
{
	line="[^ ]+ [0-9a-f]+ owner (core|driver|user) phase ($PHASES)"
	line="$line holds ($HOLDS)"
	line="$line (irq [0-9]+|polled) features (-|$ID(,$ID)*)"
	for counter in exchanges errors aborts interrupts spurious polls; do
		line="$line $counter [0-9]+"
	done
	only_like "$line" <"$MAILBOXES" && [ "$(stat -c %a "$MAILBOXES")" = 400 ] &&
		[ "$(cut -d' ' -f1,2 "$MAILBOXES" | tr ' ' @ | sort)" = \
		  "$(echo "$ALL" | sort)" ]
}

event_lines()
{
	sed -n "s/.*: pci_doe_$1: *//p" "$TRACE/trace"
}

# All there is in a line: where, what, how much; no room for a payload.  And no
# field of a record, which perf and trace-cmd get, holds one either.
event_format()
{
	case $1 in
	abort | interrupt) line="$AT" ;;
	complete) line="$AT $ID rv -?[0-9]+" ;;
	state) line="$AT ($PHASES) -> ($PHASES) holds ($HOLDS)" ;;
	*) line="$AT $ID [0-9]+ bytes" ;;
	esac
	event_lines "$1" | only_like "$line" || return
	allowed="(unsigned short|unsigned char|int) common_"
	allowed="$allowed(type|flags|preempt_count|pid)"
	allowed="$allowed|__data_loc char\[\] (dev|from|to)"
	allowed="$allowed|size_t size|int rv|u16 (off|vid)|u8 type"
	allowed="$allowed|unsigned long holds"
	sed -n 's/.*field:\(.*\);\toffset.*/\1/p' \
		"$TRACE/events/pci_doe/pci_doe_$1/format" | only_like "$allowed"
}

# traced DEVICE OFFSET FEATURE EVENT...: each exchange is there, there were some
traced()
{
	feature="$1 \[$2\] $3"
	shift 3
	n=$(event_lines complete | grep -c "^$feature ")
	for event; do
		[ "$(event_lines "$event" | grep -c "^$feature ")" -eq "$n" ] || return
	done
	[ "$n" -ge 2 ]
}

# A mailbox goes and comes, and so do its features
discovery_traced()
{
	used_again "$1" "$2" && traced "$1" "$2" 0001:00 request response
}

cdat_traced()
{
	cdat_reread "$1" && traced "$1" "$2" 1e98:02 submit request response
}

# The files come back when Discovery has ended, with a uevent for each mailbox
announced()
{
	# shellcheck disable=SC2016
	echo 'p:doe_probe kobject_uevent action=$arg2:u32 name=+0(+0($arg1)):string' \
		>>"$TRACING/kprobe_events"
	trace_on kprobes/doe_probe
	echo 1 >"$PCI/$1/remove"
	echo 1 >/sys/bus/pci/rescan
	for off in $(doe_offsets "$1"); do
		settle "$1" "$off"
	done
	changes=$(grep -c "action=$KOBJ_CHANGE name=\"$1\"" "$TRACE/trace")
	rmdir "$TRACE"
	echo "-:doe_probe" >>"$TRACING/kprobe_events"
	features_abi "$1" && [ "$changes" -eq "$(doe_offsets "$1" | wc -l)" ] ||
		! echo "# $changes uevents"
}

tests()
{
	[ -n "$ALL" ] || return
	for dev in $(devices "$ALL"); do
		check "$dev: doe_features has what Discovery found" features_abi "$dev"
	done
	check "no doe_features where there is no mailbox" no_features_elsewhere
	check "debugfs has a line for each mailbox, for root" debugfs_format

	act trace_on pci_doe
	doe_list=$OURS
	for_each "Discovery is traced" discovery_traced
	doe_list=$(only memdevs "$OURS")
	for_each "reading a table is traced" cdat_traced
	for event in $EVENTS; do
		check "pci_doe_$event is traced, without payload" event_format "$event"
	done
	act rmdir "$TRACE"
	for dev in $([ ! -e "$TRACING/kprobe_events" ] || sims); do
		check "$dev: user space is told when Discovery ends" announced "$dev"
	done
}

run_tests
