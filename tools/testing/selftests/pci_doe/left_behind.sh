#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What a kernel before this one has left in mailboxes does no harm.
#
# DOE_LEFT lists them, DEVICE@OFFSET,...: there was an unread response in the
# first one, and the beginning of a request in others.
. "$(dirname "$0")/doe_lib.sh"

cleared()
{
	idle_without_errors "$1" "$2" && at_rest "$1" "$2" &&
		[ "$(doe_value "$1" "$2" aborts)" -gt 0 ]
}

# DOE Discovery was not answered with what was left of the former one
has_features()
{
	doe_line "$1" "$2" | grep -q " features 0001:00,1e98:"
}

tests()
{
	for_each "was cleared" cleared
	for_each "offers what it should" has_features
	for_each "exact data" cdat_good
}

doe_list=$(echo "$DOE_LEFT" | tr , ' ')
run_tests
