#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Mailboxes work as they say: by interrupt or polled.
. "$(dirname "$0")/doe_lib.sh"

# DOE Interrupt Enable
enabled()
{
	[ $(($(read32 "$1" $((0x$2 + 8))) & 2)) -ne 0 ]
}

consistent()
{
	irq=$(doe_value "$1" "$2" irq)
	if [ -n "$irq" ]; then
		enabled "$1" "$2" && [ "$(irq_count "$1" "$2")" -gt 0 ] &&
			grep -q "^ *$irq:.*DOE\[$2:$1\]" /proc/interrupts &&
			[ -e "$PCI/$1/msi_irqs/$irq" ]
	else
		! enabled "$1" "$2" && [ -z "$(irq_count "$1" "$2")" ]
	fi
}

as_expected()
{
	for dev in $(memdevs); do
		for off in $(doe_offsets "$dev"); do
			irq=$(doe_value "$dev" "$off" irq)
			[ "${irq:+irq}" = "${DOE_EXPECT#polled}" ] || return 1
		done
	done
}

set -- $(doe_mailboxes)
plan $(($# / 2 + 1))
while [ $# -gt 0 ]; do
	how=$(doe_line "$1" "$2" | grep -o ' irq [0-9]*\| polled')
	ktap_test_result "$1 $2 is consistent:$how" consistent "$1" "$2"
	shift 2
done
if [ -n "$DOE_EXPECT" ]; then
	ktap_test_result "endpoints work as expected: $DOE_EXPECT" as_expected
else
	ktap_test_skip "nothing said in DOE_EXPECT"
fi
ktap_finished
