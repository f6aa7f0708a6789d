#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Mailboxes go to user space and back while the kernel uses them.
#
# DOE_ROUNDS says how often, 1000 by default.
. "$(dirname "$0")/doe_user.sh"

ROUNDS=${DOE_ROUNDS:-1000}
ECANCELED=-125
EBUSY=-16

# Discovery follows each return, at a pace that makes the next hand-over hit
# another moment of it
pace()
{
	[ -e "$SIM/$1" ] || return 0
	case $(($2 % 5)) in
	0) echo "proc_ns=0 busy=never" ;;
	1) echo "proc_ns=200000 busy=ready" ;;
	2) echo "proc_ns=3000000 busy=pulse copy_ns=1000000" ;;
	3) echo "proc_ns=20000000 abort_ns=2000000" ;;
	4) echo "proc_ns=1000000 abort_ns=0 busy_after_ns=500000" ;;
	esac >"$SIM/$1/knobs"
}

back_and_forth()
{
	STOP=$BEFORE.$1.$2 reader=
	if memdevs | grep -q "^$1$"; then
		reading "$1" &
		reader=$!
	fi
	adev=$(doe_aux "$1" "$2") failed=0 round=0
	while [ "$round" -lt "$ROUNDS" ]; do
		pace "$1" "$round"
		echo "$adev" >"$AUX/drivers/doe_aux/unbind" &&
			echo "$adev" >"$AUX/drivers/doe_aux/bind" ||
			failed=$((failed + 1))
		# The kernel has more or less time to get something done
		[ $((round % 2)) -ne 0 ] || sleep 0.0$((round / 2 % 4))
		round=$((round + 1))
	done
	: >"$STOP"
	[ -z "$reader" ] || wait "$reader"
	pace "$1" 0
	echo "$failed" >"$STOP.failed"
}

went_back_and_forth()
{
	while [ ! -e "$BEFORE.$1.$2.failed" ]; do
		sleep 0.5
	done
	failed=$(cat "$BEFORE.$1.$2.failed")
	[ ! -e "$BEFORE.$1.$2.bad" ] || failed=$((failed + 1))
	rm "$BEFORE.$1.$2"*
	settle "$1" "$2" && [ "$failed" -eq 0 ]
}

# of_mailbox DEVICE OFFSET EVENT: what follows the offset
of_mailbox()
{
	sed -n "s/.*: pci_doe_$3: $1 \[$2\] //p" "$TRACE/trace"
}

# A task ends once, and an object is not sent before the last one was done with
ended_once()
{
	! trace_lost || return
	sed -n "s/.*: pci_doe_\([a-z]*\): $1 \[$2\] \([^ ]*\) .*/\1 \2/p" \
		"$TRACE/trace" | awk '
		$1 == "submit" { submitted[$2]++ }
		$1 == "request" { if (running++) bad++; requests++ }
		$1 == "response" { if (running != 1) bad++ }
		$1 == "complete" {
			running = 0
			ended++
			if (submitted[$2]-- < 1)
				bad++
		}
		END {
			for (feature in submitted)
				if (submitted[feature])
					bad++
			printf "# %d requests, %d tasks ended, %d wrongly\n",
				requests, ended, bad
			exit bad || running || !requests
		}'
}

# A response, ECANCELED, or EBUSY.  A mailbox goes only when Discovery has ended, so
# that a fast device may well be done with all that was in flight.
ended_well()
{
	of_mailbox "$1" "$2" complete |
		awk -v cancelled=$ECANCELED -v busy=$EBUSY '
		{ rv = $3 }
		rv >= 0 { good++; next }
		rv == cancelled { cut++; next }
		rv != busy { bad++; print "# " $0 }
		END {
			printf "# %d responses, %d cut\n", good, cut
			exit bad || !good
		}'
}

# The kernel does not write to what it has handed over
kept_off()
{
	sed -n "s/.*: pci_doe_\([a-z]*\): $1 \[$2\] \(.*\)/\1 \2/p" "$TRACE/trace" |
		awk '
		$1 == "state" { yielded = /-> idle holds user$/ }
		yielded && ($1 == "request" || $1 == "abort") { bad++ }
		$1 == "state" && yielded { times++ }
		END { print "# handed over " times " times"; exit bad || !times }'
}

handed_over()
{
	hand_over "$1" "$2" &&
		doe_line "$1" "$2" | grep -q "owner user phase idle holds user polled" &&
		[ -z "$(irq_count "$1" "$2")" ] && at_rest "$1" "$2" &&
		[ "$(read32 "$1" $((0x$2 + DOE_CTRL)))" -eq 0 ]
}

# A driver that wants it gets EBUSY: CXL goes on without a table
driver_refused()
{
	exchanges=$(doe_value "$1" "$2" exchanges)
	if memdevs | grep -q "^$1$"; then
		cdat_reread "$1" && ! cdat_good "$1" 2>/dev/null || return
	fi
	[ "$(doe_value "$1" "$2" exchanges)" = "$exchanges" ] && at_rest "$1" "$2"
}

taken_back()
{
	take_back "$1" "$2" && owned_by_driver "$1" "$2" &&
		[ -n "$(irq_count "$1" "$2")" ] ||
		! grep -q "^$1 $2 .* irq " "$BEFORE"
}

# The parent goes and comes: to the core and to the driver, never to the user
parent_rebound()
{
	driver=$(readlink -f "$PCI/$1/driver")
	hand_over "$1" "$2" && echo "$1" >"$driver/unbind" && settle "$1" "$2" &&
		doe_line "$1" "$2" | grep -q "owner core phase idle holds - polled" ||
		return
	echo "$1" >"$driver/bind" && owned_by_driver "$1" "$2"
}

# All at a time
begin()
{
	trace_on pci_doe/pci_doe_submit pci_doe/pci_doe_request \
		pci_doe/pci_doe_response pci_doe/pci_doe_complete \
		pci_doe/pci_doe_abort pci_doe/pci_doe_state
	for mailbox in $doe_list; do
		back_and_forth "${mailbox%@*}" "${mailbox#*@}" &
	done
}

tests()
{
	for_each "handed over, it is idle and silent" handed_over
	for_each "handed over, the kernel keeps off" driver_refused
	for_each "taken back, it works as before" taken_back
	act begin
	for_each "$ROUNDS times back and forth" went_back_and_forth
	for_each "each exchange ended once" ended_once
	for_each "with a response, or cut" ended_well
	for_each "nothing was sent while user space had it" kept_off
	act trace_off
	for_each "the features are still right" same_features
	for_each "what is read afterwards is exact" exact_after
	for_each "the driver of the device goes and comes" parent_rebound
}

doe_list=$(aux_mailboxes | words)
run_tests
