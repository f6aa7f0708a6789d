#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The tables that CXL read through DOE at boot arrived byte for byte.
. "$(dirname "$0")/doe_lib.sh"

set -- $(cdat_devices)
plan $#
for dev; do
	ktap_test_result "table of $dev is what the device serves" cdat_good "$dev"
done
ktap_finished
