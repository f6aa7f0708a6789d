#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Kernel lockdown keeps user space from the registers of all mailboxes, those
# that it was handed included.  The kernel goes on using them, and reads are
# allowed.
#
# DOE_LOCK_DOWN=integrity or confidentiality locks the kernel down first if it
# is not, which only a reboot undoes.
. "$(dirname "$0")/doe_lib.sh"

LOCKDOWN=/sys/kernel/security/lockdown

# refused DEVICE OFFSET: a write to DOE Control, in either file
refused()
{
	for file in $(config_files "$1"); do
		! dd if=/dev/zero of="$file" bs=4 count=1 conv=notrunc \
			seek=$(((0x$2 + DOE_CTRL) / 4)) 2>/tmp/err &&
			grep -q "not permitted" /tmp/err || return
	done
}

readable()
{
	[ $(($(read32 "$1" $((0x$2))) & 0xffff)) -eq $((0x2e)) ] && at_rest "$1" "$2"
}

# tool_refused DEVICE OFFSET: by the kernel, in one line
tool_refused()
{
	"$PCIDOE" -q --force discover "$1@$2" >/dev/null 2>/tmp/err
	[ $? -eq 3 ] && [ "$(wc -l </tmp/err)" -eq 1 ] &&
		grep -q "^pcidoe: .*not permitted\|^pcidoe: .*ermission" /tmp/err ||
		! sed 's/^/# /' /tmp/err
}

# closed DEVICE OFFSET: the character device, if the kernel has any
closed()
{
	[ -e "$(doe_cdev "$1" "$2")" ] || return 0
	! dd if="$(doe_cdev "$1" "$2")" of=/dev/null count=1 2>/tmp/err &&
		grep -q "not permitted" /tmp/err
}

all_refused()
{
	refused "$1" "$2" && tool_refused "$1" "$2"
}

# unchanged: what is refused does not taint, and owners are as before
unchanged()
{
	cut -d' ' -f1-4 "$MAILBOXES" | cat - /proc/sys/kernel/tainted
}

same_as_before()
{
	[ "$(unchanged)" = "$UNCHANGED" ]
}

[ -e "$LOCKDOWN" ] || mount -t securityfs nodev /sys/kernel/security 2>/dev/null
if [ -n "$DOE_LOCK_DOWN" ] && grep -q "\[none\]" "$LOCKDOWN"; then
	echo "$DOE_LOCK_DOWN" >"$LOCKDOWN"
fi
UNCHANGED=$(unchanged)

tests()
{
	grep -qs "\[integrity\]\|\[confidentiality\]" "$LOCKDOWN" &&
		command -v "$PCIDOE" >/dev/null && [ -n "$ALL" ] || return
	doe_list=$ALL
	for_each "writes are refused" refused
	for_each "reads are not" readable
	for_each "pcidoe says so" tool_refused
	for_each "the character device is closed" closed
	doe_list=$OURS
	for_each "handed over, writes are refused" for_user all_refused
	for dev in $(memdevs); do
		check "the kernel still reads the table of $dev" cdat_reread "$dev"
	done
	check "not tainted, owners as before" same_as_before
}

run_tests
