#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A kernel with PCI_TSM keeps mailboxes that may have an SPDM session in them.
. "$(dirname "$0")/doe_lib.sh"

# The auxiliary driver goes, and the mailbox stays with the PCI core
kept()
{
	said=$(dmesg | grep -c "kept by the kernel: -1")
	hand_over "$1" "$2" &&
		doe_line "$1" "$2" | grep -q "owner core phase [a-z]* holds -" &&
		[ "$(dmesg | grep -c "kept by the kernel: -1")" -eq $((said + 1)) ]
}

# Beside the kernel's sessions, with a character device, there are no others
not_touched()
{
	command=discover code=4 why="the kernel owns it"
	if [ -e "$(doe_cdev "$1" "$2")" ]; then
		command=spdm-version code=3 why="the kernel keeps this feature"
	fi
	"$PCIDOE" -q $command "$1@$2" >/dev/null 2>/tmp/err
	[ $? -eq $code ] && grep -q "$why" /tmp/err && at_rest "$1" "$2"
}

bound_again()
{
	take_back "$1" "$2" && owned_by_driver "$1" "$2"
}

# pcidoe has the driver bound again when the kernel keeps the mailbox
not_taken()
{
	"$PCIDOE" -q take "$1@$2" >/dev/null 2>/tmp/err
	[ $? -eq 4 ] && [ "$(wc -l </tmp/err)" -eq 1 ] &&
		grep -q "the kernel keeps it" /tmp/err && owned_by_driver "$1" "$2"
}

tests()
{
	[ -d /sys/class/tsm ] && command -v "$PCIDOE" >/dev/null || return
	for_each "kept" kept
	for_each "and pcidoe leaves it alone" not_touched
	for_each "bound again" bound_again
	for_each "pcidoe cannot take it" not_taken
}

doe_list=$(for mailbox in $OURS; do
	! doe_line "${mailbox%@*}" "${mailbox#*@}" | grep -q "[ ,]0001:0[12][ ,]" ||
		echo "$mailbox"
done)
run_tests
