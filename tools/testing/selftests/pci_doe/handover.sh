#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Mailboxes go to user space and back while the kernel uses them.
. "$(dirname "$0")/doe_lib.sh"

ROUNDS=1000

# Discovery follows each return, at a pace that makes the next hand-over hit
# another moment of it
pace()
{
	case $(($2 % 5)) in
	0) knobs "$1" "proc_ns=0 busy=never" ;;
	1) knobs "$1" "proc_ns=200000 busy=ready" ;;
	2) knobs "$1" "proc_ns=3000000 busy=pulse copy_ns=1000000" ;;
	3) knobs "$1" "proc_ns=20000000 abort_ns=2000000" ;;
	4) knobs "$1" "proc_ns=1000000 abort_ns=0 busy_after_ns=500000" ;;
	esac
}

back_and_forth()
{
	adev=$(doe_aux "$1" "$2") failed=0
	for round in $(seq "$ROUNDS"); do
		pace "$1" "$round"
		echo "$adev" >"$AUX/unbind" && echo "$adev" >"$AUX/bind" ||
			failed=$((failed + 1))
		# The kernel has more or less time to get something done
		[ $((round % 2)) -ne 0 ] || sleep 0.0$((round / 2 % 4))
	done
	pace "$1" 0
	[ $failed -eq 0 ]
}

# All at a time
all_back_and_forth()
{
	for mailbox in $doe_list; do
		dev=${mailbox%@*} off=${mailbox#*@}
		{
			while_reading "$dev" back_and_forth "$dev" "$off"
			echo $? >"$BEFORE.result.$mailbox"
		} &
	done
	wait
}

went_back_and_forth()
{
	settle "$1" "$2" && [ "$(cat "$BEFORE.result.$1@$2")" -eq 0 ]
}

# A driver that wants it gets EBUSY: CXL goes on without a table
driver_refused()
{
	exchanges=$(doe_value "$1" "$2" exchanges)
	if is_memdev "$1"; then
		! cdat_reread "$1" 2>/dev/null && [ -n "$(cdat_port "$1")" ] || return
	fi
	[ "$(doe_value "$1" "$2" exchanges)" = "$exchanges" ] && at_rest "$1" "$2"
}

tests()
{
	for_each "handed over, the kernel keeps off" for_user driver_refused
	act all_back_and_forth
	for_each "$ROUNDS times back and forth" went_back_and_forth
	for_each "the features are still right" same_features
	for_each "what is read afterwards is exact" exact_after
}

doe_list=$OURS
run_tests
