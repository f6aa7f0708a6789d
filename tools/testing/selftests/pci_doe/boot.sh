#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# After boot every DOE Capability has a mailbox that knows its features and works
# as it says, by interrupt or polled; the tables that CXL has read arrived byte for
# byte, and nothing was said at error level.
. "$(dirname "$0")/doe_lib.sh"

# Level 3 of 7 is KERN_ERR
silent()
{
	dmesg -r | grep -F "$1" | while IFS='<>' read -r _ level text; do
		[ $((level & 7)) -gt 3 ] || ! echo "# $text" || exit
	done
}

offers_discovery()
{
	doe_value "$1" "$2" features | tr , '\n' | grep -q '^0001:00$'
}

# DOE Interrupt Enable
enabled()
{
	[ $(($(read32 "$1" $((0x$2 + DOE_CTRL))) & 2)) -ne 0 ]
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

tests()
{
	doe_list=$ALL
	for dev in $(devices "$ALL"); do
		check "nothing wrong with $dev" silent "$dev"
	done
	for_each "is idle and had no error" idle_without_errors
	for_each "offers Discovery" offers_discovery
	for_each "holds no object and no error" at_rest
	for_each "is consistent" consistent
	[ -z "$DOE_EXPECT" ] ||
		check "endpoints work as expected: $DOE_EXPECT" as_expected
	for dev in $(devices "$ALL"); do
		! has_table "$dev" ||
			check "table of $dev is what the device serves" cdat_good "$dev"
	done
}

run_tests
