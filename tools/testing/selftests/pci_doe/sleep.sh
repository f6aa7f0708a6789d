#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The system sleeps and wakes while mailboxes are idle, and while they work.
#
# DOE_PM_TEST names a state from which no alarm wakes this machine: devices alone
# sleep, for a moment (needs CONFIG_PM_DEBUG).
. "$(dirname "$0")/doe_lib.sh"

ALARM=/sys/class/rtc/rtc0/wakealarm

# memory bind | unbind: the kernel does not suspend to RAM while CXL memory is in use
memory()
{
	for dev in $(memdevs); do
		mem_driver "$dev" "$1"
	done
}

# Where extended configuration space is (PCIEXBAR): the firmware of QEMU's Q35 forgets
# that when it sleeps, as it should not
HOST_BRIDGE=0000:00:00.0
PCIEXBAR=0x60
is_q35()
{
	[ "$(read32 $HOST_BRIDGE 0)" = $((0x29c08086)) ]
}

# slept STATE: suspend, until an alarm of the clock, which has to come later
slept()
{
	where=$(read32 $HOST_BRIDGE $PCIEXBAR)
	[ "$1" != mem ] || memory unbind
	if [ "$1" = "$DOE_PM_TEST" ]; then
		echo platform >/sys/power/pm_test
	else
		echo 0 >$ALARM
		echo +4 >$ALARM
	fi
	result=0
	echo "$1" >/sys/power/state || result=1
	echo none 2>/dev/null >/sys/power/pm_test
	if [ "$1" = mem ]; then
		! is_q35 || write32 $HOST_BRIDGE $PCIEXBAR "$where"
		memory bind
	fi
	[ $result -eq 0 ] || ! dmesg | tail -n 5 | sed 's/^/# /'
}

# Of the simulated device Discovery is slow enough to be in flight, by then
slept_busy()
{
	for mailbox in $doe_list; do
		dev=${mailbox%@*} off=${mailbox#*@}
		knobs "$dev" proc_ns=500000000
		hand_over "$dev" "$off" && take_back "$dev" "$off" || return
	done
	slept "$1"
	slept=$?
	for dev in $(sims); do
		knobs "$dev" proc_ns=100000
	done
	return $slept
}

# Whoever has used the simulated device while it slept has violated a rule
works_as_before()
{
	used_again "$1" "$2" && exact_after "$1" "$2"
}

tests()
{
	for state in ${OURS:+freeze mem}; do
		if [ ! -e $ALARM ] || ! grep -q "$state" /sys/power/state; then
			continue
		fi
		check "$state, idle: sleeps and wakes" slept "$state"
		for_each "$state, idle: works afterwards" works_as_before
		check "$state, busy: sleeps and wakes" slept_busy "$state"
		for_each "$state, busy: works afterwards" works_as_before
	done
}

doe_list=$OURS
run_tests
