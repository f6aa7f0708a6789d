#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Nothing at error level about the devices with DOE Capabilities.
. "$(dirname "$0")/doe_lib.sh"

# Level 3 of 7 is KERN_ERR
errors_of()
{
	dmesg -r | grep -F "$1" | while IFS='<>' read -r _ level text; do
		[ $((level & 7)) -gt 3 ] || echo "# $text"
	done
}

silent()
{
	errors=$(errors_of "$1")
	[ -z "$errors" ] || ! echo "$errors"
}

set -- $(doe_mailboxes | cut -d' ' -f1 | sort -u)
plan $#
for dev; do
	ktap_test_result "nothing wrong with $dev" silent "$dev"
done
ktap_finished
