#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The system sleeps and wakes while mailboxes are idle, and while they work.
#
# DOE_STATES says in which states of /sys/power/state, by default freeze and mem.
# DOE_PM_TEST names a state from which no alarm wakes this machine: devices alone
# sleep, for a moment (needs CONFIG_PM_DEBUG).
. "$(dirname "$0")/doe_user.sh"

ALARM=/sys/class/rtc/rtc0/wakealarm

# memory bind | unbind: the kernel does not suspend to RAM while CXL memory is in use
memory()
{
	for dev in $(memdevs); do
		basename "$PCI/$dev"/mem* >"$CXL/drivers/cxl_mem/$1"
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

# to_ram: suspend to RAM
to_ram()
{
	memory unbind
	where=$(read32 $HOST_BRIDGE $PCIEXBAR)
	result=0
	echo mem >/sys/power/state || result=1
	! is_q35 || write32 $HOST_BRIDGE $PCIEXBAR "$where"
	memory bind
	return $result
}

# sleep_for_a_while STATE: suspend, until an alarm of the clock
sleep_for_a_while()
{
	if [ "$1" = "$DOE_PM_TEST" ]; then
		echo platform >/sys/power/pm_test
	else
		echo 0 >$ALARM
		echo +4 >$ALARM
	fi
	slept=1
	if [ "$1" = mem ]; then
		to_ram
	else
		echo "$1" >/sys/power/state
	fi || slept=0
	echo none 2>/dev/null >/sys/power/pm_test
	[ $slept -eq 1 ] || ! dmesg | tail -n 5 | sed 's/^/# /'
}

slept_idle()
{
	sleep_for_a_while "$1"
}

# Of the simulated device Discovery is slow enough to be in flight, by then
slept_busy()
{
	for mailbox in $doe_list; do
		dev=${mailbox%@*} off=${mailbox#*@}
		[ ! -e "$SIM/$dev" ] ||
			echo "proc_ns=500000000" >"$SIM/$dev/knobs"
		hand_over "$dev" "$off" && take_back "$dev" "$off" || return
	done
	sleep_for_a_while "$1"
	result=$?
	for dev in $(sims); do
		echo "proc_ns=100000" >"$SIM/$dev/knobs"
	done
	return $result
}

# Nobody has used the simulated device while it slept
kept_off()
{
	[ ! -e "$SIM/$1" ] || [ "$(sim_count "$1" violation-go-not-in-d0)" -eq 0 ]
}

doe_list=$(aux_mailboxes | words)
STATES=
for state in ${DOE_STATES:-freeze mem}; do
	if [ -e $ALARM ] && grep -q $state /sys/power/state; then
		STATES="$STATES $state"
	fi
done
tests()
{
	for state in ${doe_list:+$STATES}; do
		for what in idle busy; do
			how="$state, $what"
			check "$how: sleeps and wakes" slept_$what "$state"
			for_each "$how: not used while it slept" kept_off
			for_each "$how: works afterwards" used_again
			for_each "$how: same features" same_features
			for_each "$how: exact data" exact_after
		done
	done
}

run_tests
