#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Every DOE Capability has a mailbox that knows its features.
. "$(dirname "$0")/doe_lib.sh"

listed()
{
	doe_line "$1" "$2" | grep -q " phase idle holds - .* errors 0 "
}

offers_discovery()
{
	case ,$(doe_value "$1" "$2" features), in
	*,0001:00,*) ;;
	*) return 1 ;;
	esac
}

in_sysfs()
{
	for feature in $(doe_value "$1" "$2" features | tr , ' '); do
		name=$feature
		[ "$feature" != 0001:00 ] || name=doe_discovery
		[ "$(cat "$PCI/$1/doe_features/$name")" = "$feature" ] || return 1
	done
}

# DOE Error and Data Object Ready
at_rest()
{
	status=$(read32 "$1" $((0x$2 + 12)))
	[ $((status & 0x80000004)) -eq 0 ]
}

set -- $(doe_mailboxes)
plan $(($# * 2))
while [ $# -gt 0 ]; do
	ktap_test_result "$1 $2 is idle and had no error" listed "$1" "$2"
	ktap_test_result "$1 $2 offers Discovery" offers_discovery "$1" "$2"
	ktap_test_result "$1 $2 has its features in sysfs" in_sysfs "$1" "$2"
	ktap_test_result "$1 $2 holds no object and no error" at_rest "$1" "$2"
	shift 2
done
ktap_finished
