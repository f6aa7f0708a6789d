#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What user space may do to the registers of a mailbox, and when.  The kernel warns of
# the first write to registers that it has claimed, and taints itself.
. "$(dirname "$0")/doe_lib.sh"

TAINT_USER=6

untainted()
{
	[ $(($(cat /proc/sys/kernel/tainted) >> TAINT_USER & 1)) -eq 0 ] &&
		! dmesg | grep "write to kernel-exclusive"
}

# rewrite DEVICE OFFSET SIZE: what is there anyway, in both files
rewrite()
{
	for file in $(config_files "$1"); do
		dd if="$file" of="$file" bs="$3" count=1 skip=$(($2)) seek=$(($2)) \
			conv=notrunc iflag=skip_bytes oflag=seek_bytes 2>/dev/null ||
			return
	done
}

# Before the mailbox and behind it there may be anything, but not in a simulated device
others_free()
{
	rewrite "$1" 0 4 || return
	if [ -e "$SIM/$1" ] && [ "$(doe_offsets "$1" | wc -l)" -eq 1 ]; then
		rewrite "$1" $((0x$2 - 1)) 1 &&
			rewrite "$1" $((0x$2 + DOE_SIZE)) 1
	fi
}

# All registers at once; what was written must not be the kernel's next request
free()
{
	rewrite "$1" $((0x$2)) $DOE_SIZE || return
	ctrl=$(read32 "$1" $((0x$2 + DOE_CTRL)))
	write32 "$1" $((0x$2 + DOE_CTRL)) $((ctrl | DOE_ABORT))
	[ ! -e "$SIM/$1" ] || echo 1 >"$SIM/$1/counters"
}

# first_write FILE DEVICE OFFSET: sysfs and procfs each warn on their own
first_write()
{
	write_file "$1" "$3" 4 "$(read32 "$2" "$3")"
	dmesg | grep "$2: .*write to kernel-exclusive config offset" | tail -n 1 |
		grep -q " offset $(printf %x $(($3)))\$" && ! untainted >/dev/null
}

# A device that answers at once: look as often as possible, at each size
hidden_always()
{
	reads=$BEFORE.reads
	: >"$BEFORE.go"
	while [ -e "$BEFORE.go" ]; do
		for width in 1 2 4; do
			bytes "$1" $((0x$2 + DOE_READ)) $width $((4 / width))
			echo
		done
	done >"$reads" 2>/dev/null &
	reader=$!
	for _ in 1 2 3; do
		cdat_reread "$1"
	done
	rm "$BEFORE.go"
	wait $reader
	echo "# $(wc -l <"$reads") looks"
	[ -s "$reads" ] && ! grep "[1-9]" "$reads" && cdat_good "$1"
}

# beside DEVICE OFFSET: what is before DOE Control and behind the mailbox, by all sizes
beside()
{
	for size in 1 2 4; do
		bytes "$1" 0 $size $(((0x$2 + DOE_CTRL) / size))
		bytes "$1" $((0x$2 + DOE_SIZE)) $size $((64 / size))
	done
}

# All else reads the same in an exchange, and so lspci shows the same
same_meanwhile()
{
	mine=$(for_user beside "$1" "$2") looks=0 meanwhile=0
	hand_over "$1" "$2"
	knobs "$1" proc_ns=900000000
	take_back "$1" "$2"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(doe_value "$1" "$2" phase)" != response ] || looks=$((looks + 1))
		[ "$(beside "$1" "$2")" = "$mine" ] || meanwhile=1
	done
	knobs "$1" proc_ns=0
	echo "# $looks looks"
	settle "$1" "$2" && [ $looks -ne 0 ] && return $meanwhile
}

# First what leaves no trace
tests()
{
	[ -n "$ALL" ] || return
	doe_list=$ALL
	for_each "registers of others are not claimed" others_free
	doe_list=$OURS
	for_each "handed over, writes are free" for_user free
	doe_list=$(only memdevs "$OURS")
	for_each "what CXL reads cannot be read along" hidden_always
	doe_list=$(only sims "$OURS")
	for_each "all else reads the same in an exchange" same_meanwhile

	check "reads and writes so far were allowed" untainted
	# It was handed over, and is taken back
	set -- ${OURS:-$ALL}
	dev=${1%@*} off=${1#*@}
	check "the kernel warns of a write through sysfs" first_write \
		"$PCI/$dev/config" "$dev" $((0x$off + DOE_CTRL))
	set -- $(config_files "$dev")
	check "the kernel warns of a write through procfs" first_write \
		"$2" "$dev" $((0x$off + DOE_STATUS))
}

run_tests
