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

# taints_once NUMBER FILE OFFSET SIZE: a write of what is there anyway, in one
# system call, at any alignment
taints_once()
{
	before=$(taints)
	dd if="$2" of="$2" bs="$4" count=1 skip=$(($3)) seek=$(($3)) conv=notrunc \
		iflag=skip_bytes oflag=seek_bytes 2>/dev/null
	after=$(taints)
	[ "$((after - before))" -eq "$1" ] ||
		! echo "# $4 bytes at $3 of $2: $((after - before)) taints"
}

# writes NUMBER DEVICE OFFSET: at every offset and every size, whole mailbox
# included
writes()
{
	for file in "$PCI/$2/config" "$(proc_file "$2")"; do
		at=0
		while [ $at -lt $DOE_SIZE ]; do
			for size in 1 2 4 $DOE_SIZE; do
				[ $((at + size)) -gt $DOE_SIZE ] ||
					taints_once "$1" "$file" $((0x$3 + at)) $size ||
					return
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

free()
{
	writes 0 "$1" "$2"
	free=$?
	clean "$1" "$2"
	return $free
}

claimed_again()
{
	taints_once 1 "$PCI/$1/config" $((0x$2 + DOE_CTRL)) 4
}

# read_data DEVICE OFFSET SIZE: the Read Data Mailbox, in accesses of that size
read_data()
{
	set -- $(bytes "$1" $((0x$2 + DOE_READ)) "$3" $((4 / $3)))
	echo "$*"
}

shown()
{
	request "$1" "$2"
	shown=$?
	# Emulated devices give nothing to accesses smaller than this
	now=$(read_data "$1" "$2" 4)
	[ "$now" = "1 0 0 0" ] || ! echo "# read $now" || shown=1
	clean "$1" "$2"
	return $shown
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

# around DEVICE OFFSET AT SIZE: a read of SIZE bytes that begins AT bytes from
# the Read Data Mailbox; the bytes of the mailbox among them
around()
{
	start=$((0x$2 + DOE_READ + $3))
	set -- $3 $4 $(dd if="$PCI/$1/config" bs="$4" count=1 skip=$start \
		iflag=skip_bytes 2>/dev/null | od -An -v -tu1)
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
	reads=$BEFORE.reads
	: >"$BEFORE.go"
	while [ -e "$BEFORE.go" ]; do
		for width in 1 2 4; do
			read_data "$1" "$2" $width
		done
	done >"$reads" 2>/dev/null &
	reader=$!
	for _ in 1 2 3; do
		cdat_reread "$1"
	done
	rm "$BEFORE.go"
	wait $reader
	echo "# $(wc -l <"$reads") looks"
	[ -s "$reads" ] && ! grep -v "^0 0 0 0$" "$reads" &&
		cdat_good "$1"
}

same()
{
	[ "$(snapshot "$1" "$2" $size)" = "$mine" ]
}

# Every byte at every size, while the kernel has the mailbox and while not
same_to_both()
{
	for size in 1 2 4; do
		mine=$(snapshot "$1" "$2" $size)
		[ "$(echo "$mine" | wc -l)" -eq $((4096 - 12)) ] &&
			for_user same "$1" "$2" || return
	done
}

# All else reads the same in an exchange, and so lspci shows the same
same_meanwhile()
{
	size=4
	mine=$(snapshot "$1" "$2" $size)
	hand_over "$1" "$2"
	echo "proc_ns=900000000" >"$SIM/$1/knobs"
	take_back "$1" "$2"
	looks=0 meanwhile=0
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(doe_value "$1" "$2" phase)" != response ] || looks=$((looks + 1))
		same "$1" "$2" || meanwhile=1
	done
	echo "proc_ns=0" >"$SIM/$1/knobs"
	echo "# $looks looks"
	settle "$1" "$2" && [ $looks -ne 0 ] && return $meanwhile
}

trace_taints()
{
	# shellcheck disable=SC2016
	echo 'p:doe_taint add_taint flag=$arg1:u32' >>"$probes"
	trace_on kprobes/doe_taint
}

no_more_taints()
{
	trace_off
	echo '-:doe_taint' >>"$probes"
}

# those COMMAND...: mailboxes that can be handed over, of such devices
those()
{
	aux_mailboxes | while read -r dev off; do
		! "$@" | grep -q "^$dev$" || echo "$dev@$off"
	done
}

# First what leaves no trace
tests()
{
	doe_list=$(doe_mailboxes | words)
	[ -n "$doe_list" ] || return
	[ -z "$KPROBES" ] || act trace_taints
	for_each "registers of others are not claimed" others_free
	doe_list=$(aux_mailboxes | words)
	for_each "handed over, writes are free" for_user free
	for_each "handed over, the response can be read" for_user shown
	for_each "all else reads the same" same_to_both
	doe_list=$(those memdevs)
	for_each "what CXL reads cannot be read along" hidden_always
	doe_list=$(those sims)
	for_each "all else reads the same in an exchange" same_meanwhile
	for_each "a response that is aborted is hidden, at every size" hidden_at_all

	check "reads and writes so far were allowed" untainted
	doe_list=$(doe_mailboxes | words)
	set -- $(doe_mailboxes)
	check "the kernel warns of a write through sysfs" \
		first_write "$PCI/$1/config" "$1" $((0x$2 + DOE_CTRL))
	check "the kernel warns of a write through procfs" \
		first_write "$(proc_file "$1")" "$1" $((0x$2 + DOE_STATUS))
	[ -n "$KPROBES" ] || return
	for_each "all registers are claimed" claimed
	doe_list=$(aux_mailboxes | words)
	for_each "taken back, they are claimed again" claimed_again
	act no_more_taints
}

mount_tracefs
probes=$TRACING/kprobe_events
[ ! -e "$probes" ] || KPROBES=y
run_tests
