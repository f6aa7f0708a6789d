#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Devices are reset in each way that they know, idle and at work.
. "$(dirname "$0")/doe_lib.sh"

# reset_by DEVICE METHOD
reset_by()
{
	echo "$2" >"$PCI/$1/reset_method" && echo 1 >"$PCI/$1/reset"
}

each_works_as_before()
{
	for off in $(doe_offsets "$1"); do
		exact_after "$1" "$off" && used_again "$1" "$off" ||
			! doe_line "$1" "$off" | sed 's/^/# /' || return
	done
}

reset_idle()
{
	reset_by "$1" "$2" && each_works_as_before "$1"
}

# reading DEVICE: for while_reading, instead of CXL's driver, which does not find its
# device usable any more if a reset meets its probe().  A program reads beside it
reading()
{
	whole=0
	while [ ! -e "$STOP" ]; do
		"$PCIDOE" -q cdat -o "$STOP.table" "$1" >/dev/null 2>&1 || continue
		whole=$((whole + 1))
		cmp "$STOP.table" "$(cdat_port "$1")/CDAT" || : >"$STOP.bad"
	done
	echo "# the table of $1 was read $whole times"
}

# reset_often DEVICE METHOD: with hand-overs if nobody reads
reset_often()
{
	failed=0
	for round in 1 2 3 4 5 6 7 8; do
		is_memdev "$1" || for off in $(doe_offsets "$1"); do
			hand_over "$1" "$off"
			take_back "$1" "$off"
		done
		sleep 0.$round
		reset_by "$1" "$2" || failed=1
	done
	return $failed
}

reset_at_work()
{
	knobs "$1" proc_ns=3000000
	while_reading "$1" reset_often "$1" "$2"
	result=$?
	knobs "$1" proc_ns=0
	[ $result -eq 0 ] && each_works_as_before "$1"
}

tests()
{
	for dev in $(devices "$OURS"); do
		methods=$(cat "$PCI/$dev/reset_method" 2>/dev/null)
		for method in $methods; do
			case "$method $methods" in
			# Below a CXL port that masks it, the one without cxl_ is refused
			"bus "*cxl_bus*) continue ;;
			esac
			check "$dev is reset by $method, idle" reset_idle "$dev" "$method"
			check "$dev is reset by $method, at work" \
				reset_at_work "$dev" "$method"
		done
	done
}

run_tests
