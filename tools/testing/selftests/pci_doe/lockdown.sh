#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Kernel lockdown keeps user space from the registers of all mailboxes, those
# that it was handed included.  The kernel goes on using them, and reads are
# allowed.
#
# DOE_LOCK_DOWN=integrity or confidentiality locks the kernel down first if it
# is not, which only a reboot undoes.
. "$(dirname "$0")/doe_user.sh"

LOCKDOWN=/sys/kernel/security/lockdown
PCIDOE=${PCIDOE:-pcidoe}

level()
{
	sed -n 's/.*\[\(.*\)\].*/\1/p' "$LOCKDOWN" 2>/dev/null
}

# refused DEVICE OFFSET: a write to any register, in either file
refused()
{
	bus=${1#????:}
	for file in "$PCI/$1/config" "/proc/bus/pci/${bus%:*}/${1##*:}"; do
		at=$((0x$2))
		while [ $at -lt $((0x$2 + 24)) ]; do
			for size in 1 2 4; do
				[ $((at % size)) -eq 0 ] || continue
				printf '\0\0\0\0' | head -c $size |
					dd of="$file" bs=$size seek=$((at / size)) \
						conv=notrunc 2>/tmp/err &&
					! echo "# $size bytes at $at were written" ||
					grep -q "not permitted" /tmp/err || return
			done
			at=$((at + 1))
		done
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

kernel_goes_on()
{
	for dev in $(memdevs); do
		cdat_reread "$dev" && cdat_good "$dev" || return
	done
}

not_tainted()
{
	[ "$(cat /proc/sys/kernel/tainted)" = "$TAINTED" ]
}

owners_as_before()
{
	[ "$(cut -d' ' -f1-4 "$MAILBOXES")" = "$OWNERS" ]
}

if [ ! -e "$LOCKDOWN" ]; then
	mount -t securityfs nodev /sys/kernel/security 2>/dev/null
fi
if [ "$(level)" = none ] && [ -n "$DOE_LOCK_DOWN" ]; then
	echo "$DOE_LOCK_DOWN" >"$LOCKDOWN"
fi
TAINTED=$(cat /proc/sys/kernel/tainted)
OWNERS=$(cut -d' ' -f1-4 "$MAILBOXES")

tests()
{
	case $(level) in
	integrity | confidentiality) ;;
	*) return ;;
	esac
	command -v "$PCIDOE" >/dev/null && [ -n "$(doe_mailboxes)" ] || return
	doe_list=$(doe_mailboxes | words)
	for_each "writes are refused" refused
	for_each "reads are not" readable
	for_each "pcidoe says so" tool_refused
	for_each "the character device is closed" closed
	doe_list=$(aux_mailboxes | words)
	for_each "handed over, writes are refused" for_user all_refused
	check "the kernel still reads tables" kernel_goes_on
	check "what is refused does not taint" not_tainted
	check "owners are as before" owners_as_before
}

run_tests
