#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Devices are reset in each way that they know, idle and at work.
#
# DOE_RESETS says how often at work, 8 by default.
. "$(dirname "$0")/doe_user.sh"

RESETS=${DOE_RESETS:-8}

# reset_by DEVICE METHOD
reset_by()
{
	echo "$2" >"$PCI/$1/reset_method" && echo 1 >"$PCI/$1/reset"
}

each_works_as_before()
{
	for off in $(doe_offsets "$1"); do
		exact_after "$1" "$off" && used_again "$1" "$off" &&
			same_features "$1" "$off" ||
			! doe_line "$1" "$off" | sed 's/^/# /' || return
	done
}

reset_idle()
{
	reset_by "$1" "$2" && each_works_as_before "$1"
}

reset_at_work()
{
	STOP=$BEFORE.$1 reader='' round=0 failed=0
	if memdevs | grep -q "^$1$"; then
		reading "$1" &
		reader=$!
	fi
	[ ! -e "$SIM/$1" ] || echo "proc_ns=3000000" >"$SIM/$1/knobs"
	while [ $round -lt "$RESETS" ]; do
		for off in $(doe_offsets "$1"); do
			hand_over "$1" "$off"
			take_back "$1" "$off"
		done
		sleep 0.0$((round % 10))
		reset_by "$1" "$2" || failed=$((failed + 1))
		round=$((round + 1))
	done
	: >"$STOP"
	[ -z "$reader" ] || wait "$reader"
	[ ! -e "$STOP.bad" ] || failed=$((failed + 1))
	rm "$STOP"*
	[ ! -e "$SIM/$1" ] || echo "proc_ns=0" >"$SIM/$1/knobs"
	[ $failed -eq 0 ] && each_works_as_before "$1"
}

WAYS=$(aux_mailboxes | cut -d' ' -f1 | sort -u | while read -r dev; do
	methods=$(cat "$PCI/$dev/reset_method" 2>/dev/null)
	for method in $methods; do
		case "$method $methods" in
		# Below a CXL port that masks it, the one without cxl_ is refused
		"bus "*cxl_bus*) ;;
		*) echo "$dev@$method" ;;
		esac
	done
done)
tests()
{
	for way in $WAYS; do
		check "${way%@*} is reset by ${way#*@}, idle" \
			reset_idle "${way%@*}" "${way#*@}"
		check "${way%@*} is reset by ${way#*@}, at work" \
			reset_at_work "${way%@*}" "${way#*@}"
	done
}

run_tests
