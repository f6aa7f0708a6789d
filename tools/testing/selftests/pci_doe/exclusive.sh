#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What user space may do to the registers of a mailbox, and when.
#
# The kernel warns of the first write to registers that it has claimed, and
# taints itself each time.  Where there are kprobes, one counts that; elsewhere
# only the first write can be told from one to registers that are free.
. "$(dirname "$0")/doe_user.sh"

DOE_SIZE=24
TAINT_USER=6
RESULTS=$(mktemp)

# proc_file DEVICE: its configuration space in procfs
proc_file()
{
	bus=${1#0000:}
	echo "/proc/bus/pci/${bus%:*}/${1##*:}"
}

tainted()
{
	echo $(($(cat /proc/sys/kernel/tainted) >> TAINT_USER & 1))
}

# taints: how often the kernel has tainted itself
taints()
{
	if [ -z "$KPROBES" ]; then
		tainted
		return
	fi
	while read -r name hits _; do
		[ "$name" != doe_taint ] || echo "$hits"
	done <"$TRACING/kprobe_profile"
}

# write_at FILE OFFSET ESCAPES: in one system call, at any alignment
write_at()
{
	# shellcheck disable=SC2059
	{ [ "$2" -eq 0 ] || dd bs="$2" count=1 of=/dev/null 2>/dev/null
	  printf "$3"; } <>"$1" >&0
}

# escapes FILE OFFSET COUNT: what is there, as words that printf understands
escapes()
{
	dd if="$1" bs=1 skip="$2" count="$3" 2>/dev/null | od -An -v -to1 |
		sed 's/ /\\/g' | tr -d '\n'
}

# slice ESCAPES FROM COUNT: as many bytes of them
slice()
{
	rest=$1 slice=
	skip=$2 count=$3
	while [ "$skip" -gt 0 ]; do
		rest=${rest#????} skip=$((skip - 1))
	done
	while [ "$count" -gt 0 ]; do
		slice=$slice${rest%"${rest#????}"}
		rest=${rest#????} count=$((count - 1))
	done
}

# miscounted SIZE OFFSET FILE: what a failed test says
miscounted()
{
	echo "# $1 bytes at $2 through $3: $((after - before)) taints"
}

# taints_once NUMBER FILE OFFSET SIZE: a write of what is there anyway
taints_once()
{
	before=$(taints)
	write_at "$2" "$3" "$(escapes "$2" "$3" "$4")"
	after=$(taints)
	[ "$((after - before))" -eq "$1" ] || ! miscounted "$4" "$3" "$2"
}

# writes NUMBER DEVICE OFFSET: at every offset and every size, whole mailbox
# included, of what is there anyway; the next test is of all of them
writes()
{
	for file in "$PCI/$2/config" "$(proc_file "$2")"; do
		there=$(escapes "$file" $((0x$3)) $DOE_SIZE)
		before=$(taints) at=0
		while [ $at -lt $DOE_SIZE ]; do
			for size in 1 2 4 $DOE_SIZE; do
				[ $((at + size)) -le $DOE_SIZE ] || continue
				slice "$there" $at $size
				write_at "$file" $((0x$3 + at)) "$slice"
				after=$(taints)
				[ $((after - before)) -eq "$1" ] ||
					! miscounted $size "$3 + $at" "$file" ||
					return
				before=$after
			done
			at=$((at + 1))
		done
	done
}

# warned DEVICE OFFSET: of a write there, and it was the last one
warned()
{
	dmesg | grep "$1: .*write to kernel-exclusive config offset" | tail -n 1 |
		grep -q " offset $(printf %x $(($2)))\$"
}

# first_write FILE DEVICE OFFSET: sysfs and procfs each warn on their own
first_write()
{
	write_file "$1" "$3" 4 "$(read32 "$2" "$3")"
	warned "$2" "$3" && [ "$(tainted)" -eq 1 ]
}

untainted()
{
	[ "$(tainted)" -eq 0 ] && ! dmesg | grep "write to kernel-exclusive"
}

# 0 is the Vendor ID; around a mailbox there may be anything, but not here
others_free()
{
	for file in "$PCI/$1/config" "$(proc_file "$1")"; do
		taints_once 0 "$file" 0 4 || return
		if [ ! -e "$SIM/$1" ] || [ "$(doe_offsets "$1" | wc -l)" -ne 1 ]; then
			continue
		fi
		taints_once 0 "$file" $((0x$2 - 1)) 1 &&
			taints_once 0 "$file" $((0x$2 + DOE_SIZE)) 1 || return
	done
}

# clean DEVICE OFFSET: what was written must not be the kernel's next request
clean()
{
	ctrl=$(read32 "$1" $((0x$2 + DOE_CTRL)))
	write32 "$1" $((0x$2 + DOE_CTRL)) $((ctrl | DOE_ABORT))
	[ ! -e "$SIM/$1" ] || echo 1 >"$SIM/$1/counters"
}

claimed()
{
	writes 1 "$1" "$2"
	result=$?
	clean "$1" "$2"
	! grep "doe_taint:" "$TRACE/trace" | grep -v " flag=$TAINT_USER\$" ||
		result=1
	return "$result"
}

free_when_handed_over()
{
	hand_over "$1" "$2" && writes 0 "$1" "$2"
	result=$?
	clean "$1" "$2"
	take_back "$1" "$2" && settle "$1" "$2" && return "$result"
}

claimed_again()
{
	taints_once 1 "$PCI/$1/config" $((0x$2 + DOE_CTRL)) 4
}

# request DEVICE OFFSET: DOE Discovery, index 0; the answer is there after it
request()
{
	for dw in 0x00000001 3 0; do
		write32 "$1" $((0x$2 + DOE_WRITE)) "$dw"
	done
	write32 "$1" $((0x$2 + DOE_CTRL)) $DOE_GO
	for _ in 1 2 3 4 5; do
		status=$(read32 "$1" $((0x$2 + DOE_STATUS)))
		[ $((status & DOE_READY)) -eq 0 ] || return 0
		sleep 0.1
	done
	return 1
}

# read_data DEVICE OFFSET SIZE: the Read Data Mailbox, in accesses of that size
read_data()
{
	set -- $(bytes "$1" $((0x$2 + DOE_READ)) "$3" $((4 / $3)))
	echo "$*"
}

shown_when_handed_over()
{
	hand_over "$1" "$2" && request "$1" "$2"
	result=$?
	# Emulated devices give nothing to accesses smaller than this
	now=$(read_data "$1" "$2" 4)
	[ "$now" = "1 0 0 0" ] || ! echo "# read $now" || result=1
	clean "$1" "$2"
	take_back "$1" "$2" && settle "$1" "$2" && return "$result"
}

# snapshot DEVICE OFFSET SIZE: everything but DOE Status and DOE Control, which
# an exchange changes, and the Read Data Mailbox
snapshot()
{
	start=$((0x$2))
	bytes "$1" 0 "$3" $((4096 / $3)) | tr ' ' '\n' | grep . |
		sed "$((start + DOE_CTRL + 1)),$((start + DOE_STATUS + 4))d;
		     $((start + DOE_READ + 1)),$((start + DOE_READ + 4))d"
}

# Control to Read Data, in this order, in one go: "STATUS DATA"
look()
{
	dd if="$PCI/$1/config" bs=4 skip=$(((0x$2 + DOE_STATUS) / 4)) count=3 \
		2>/dev/null | od -An -v -tx4 | {
		read -r status _ data
		echo "$status $data"
	}
}

ready()
{
	case $1 in
	[89a-f]*) ;;
	*) return 1 ;;
	esac
}

# Under way: an interrupt that is lost leaves a response in the mailbox until
# the kernel's timer finds it
hidden_in_response()
{
	seen=0 round=0
	while [ $seen -lt 5 ] && [ $round -lt 60 ]; do
		hand_over "$1" "$2"
		echo "irq_lose=1 proc_ns=5000000" >"$SIM/$1/knobs"
		take_back "$1" "$2"
		for _ in 1 2 3 4 5 6 7 8; do
			now=$(look "$1" "$2")
			ready "$now" || continue
			seen=$((seen + 1))
			[ "${now#* }" = 00000000 ] || ! echo "# read $now" || return
		done
		round=$((round + 1))
	done
	echo "irq_lose=0 proc_ns=0" >"$SIM/$1/knobs"
	settle "$1" "$2"
	echo "# $seen responses in $round rounds"
	[ $seen -ge 5 ]
}

# around DEVICE OFFSET AT SIZE: a read of SIZE bytes that begins AT bytes from
# the Read Data Mailbox; the bytes of the mailbox among them
around()
{
	start=$((0x$2 + DOE_READ + $3))
	set -- $3 $4 $({ dd bs=$start count=1 of=/dev/null 2>/dev/null
		dd bs="$4" count=1 2>/dev/null; } <"$PCI/$1/config" |
		od -An -v -tu1)
	at=$1 size=$2 mailbox=
	shift 2
	[ $# -eq "$size" ] || return
	for byte; do
		[ $at -lt 0 ] || [ $at -gt 3 ] || mailbox="$mailbox $byte"
		at=$((at + 1))
	done
	echo $mailbox
}

# abort_again DEVICE OFFSET: a response for something else is aborted, which
# this device ignores: for a second its rest is there while the kernel tries
abort_again()
{
	hand_over "$1" "$2"
	echo "hdr_xor0=0xffffffff abort_ignored=1" >"$SIM/$1/knobs"
	take_back "$1" "$2"
}

abort_no_more()
{
	hand_over "$1" "$2"
	echo "hdr_xor0=0 abort_ignored=0" >"$SIM/$1/knobs"
	take_back "$1" "$2"
	settle "$1" "$2"
}

# After that second the mailbox is dead, and the response still there
hidden_in_abort()
{
	before=$(snapshot "$1" "$2" 4)
	abort_again "$1" "$2"
	looks=0 hidden=0 dead=0 shown=0 during=
	while [ $looks -lt 200 ] && [ $dead -lt 3 ]; do
		now=$(look "$1" "$2")
		line=$(doe_line "$1" "$2")
		looks=$((looks + 1))
		ready "$now" || continue
		case ${now#* }/$line in
		00000000/*" phase abort "*) hidden=$((hidden + 1)) ;;
		00000000/*" holds dead "*) dead=$((dead + 1)) ;;
		00000000/*) ;;
		*) echo "# read $now in $line"; shown=1; break ;;
		esac
		[ $hidden -eq 0 ] || [ -n "$during" ] ||
			during=$(snapshot "$1" "$2" 4)
	done
	abort_no_more "$1" "$2"
	echo "# hidden $hidden times, then $dead times while dead"
	[ $hidden -gt 0 ] && [ $dead -ge 3 ] && [ $shown -eq 0 ] &&
		[ "$during" = "$before" ]
}

# hidden_at DEVICE OFFSET AT SIZE: while the kernel aborts, and not later
hidden_at()
{
	for _ in 1 2 3 4 5; do
		while [ "$(doe_value "$1" "$2" phase)" = abort ]; do
			now=$(around "$@")
			[ "$(doe_value "$1" "$2" phase)" = abort ] || break
			case $now in
			*[1-9]*) ! echo "# $4 bytes at $3: $now"; return ;;
			[0-9]*) return 0 ;;
			esac
		done
		abort_again "$1" "$2"
	done
	echo "# no look at $4 bytes at $3"
	return 1
}

# At every alignment and size that has a byte of the mailbox
hidden_at_all()
{
	result=0 tried=0
	for size in 1 2 4 8; do
		at=$((1 - size))
		while [ $at -le 3 ]; do
			hidden_at "$1" "$2" $at $size || result=1
			tried=$((tried + 1)) at=$((at + 1))
		done
	done
	abort_no_more "$1" "$2"
	echo "# $tried reads"
	return $result
}

# A device that answers at once: look as often as possible, at each size
hidden_always()
{
	: >"$RESULTS"
	while [ -e "$RESULTS" ]; do
		for size in 1 2 4; do
			read_data "$1" "$2" $size
		done
	done >"$RESULTS.read" 2>/dev/null &
	reader=$!
	for _ in 1 2 3; do
		cdat_reread "$1"
	done
	rm "$RESULTS"
	wait $reader
	echo "# $(wc -l <"$RESULTS.read") looks"
	[ -s "$RESULTS.read" ] && ! grep -v "^0 0 0 0$" "$RESULTS.read" &&
		cdat_good "$1"
}

# Every byte at every size, while the kernel has the mailbox and while not
same_to_both()
{
	for size in 1 2 4; do
		mine=$(snapshot "$1" "$2" $size)
		[ "$(echo "$mine" | wc -l)" -eq $((4096 - 12)) ] || return
		hand_over "$1" "$2"
		theirs=$(snapshot "$1" "$2" $size)
		take_back "$1" "$2"
		settle "$1" "$2"
		[ "$mine" = "$theirs" ] || return
	done
}

all=$(doe_mailboxes | words)
aux=$(aux_mailboxes | words)
simulated=$(for mailbox in $aux; do
	[ ! -e "$SIM/${mailbox%@*}" ] || echo "$mailbox"
done)
memory=$(for mailbox in $aux; do
	! memdevs | grep -q "^${mailbox%@*}$" || echo "$mailbox"
done)
probes=$TRACING/kprobe_events
mount_tracefs
tests=$(($(echo $all | wc -w) + $(echo $aux | wc -w) * 3 +
	 $(echo $memory | wc -w) + $(echo $simulated | wc -w) * 3 + 3))
if [ -e "$probes" ]; then
	tests=$((tests + $(echo $all | wc -w) + $(echo $aux | wc -w)))
	KPROBES=y
fi
[ -n "$all" ] || tests=0
plan "$tests"

trace_on
if [ -n "$KPROBES" ]; then
	# shellcheck disable=SC2016
	echo 'p:doe_taint add_taint flag=$arg1:u32' >>"$probes"
	trace_on kprobes/doe_taint
fi

# First what leaves no trace
doe_list=$all
for_each "registers of others are not claimed" others_free
doe_list=$aux
for_each "handed over, writes are free" free_when_handed_over
for_each "handed over, the response can be read" shown_when_handed_over
for_each "all else reads the same" same_to_both
doe_list=$memory
for_each "what CXL reads cannot be read along" hidden_always
doe_list=$simulated
for_each "a response is hidden" hidden_in_response
for_each "one that is aborted is hidden, nothing else" hidden_in_abort
for_each "at every size and alignment" hidden_at_all

set -- $all
dev=${1%@*} status=$((0x${1#*@} + DOE_STATUS)) ctrl=$((0x${1#*@} + DOE_CTRL))
ktap_test_result "reads and writes so far were allowed" untainted
ktap_test_result "$dev: the kernel warns of a write through sysfs" \
	first_write "$PCI/$dev/config" "$dev" $ctrl
ktap_test_result "$dev: the kernel warns of a write through procfs" \
	first_write "$(proc_file "$dev")" "$dev" $status
if [ -n "$KPROBES" ]; then
	doe_list=$all
	for_each "all registers are claimed" claimed
	doe_list=$aux
	for_each "taken back, they are claimed again" claimed_again
else
	ktap_print_msg "no kprobes: not every register was tried"
fi

trace_off
[ -z "$KPROBES" ] || echo '-:doe_taint' >>"$probes"
rm -f "$RESULTS"*
ktap_finished
