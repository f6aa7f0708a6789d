#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The simulated device refuses what is out of range, says the range, and stays
# as it was.
. "$(dirname "$0")/doe_user.sh"

NS="0 to 3600000000000 or never"
STALE="0 to 63"

# The knobs, and what they may be
ranges()
{
	sed 's/ (\([^)]*\)):.*/ \1/' "$SIM/$dev/help"
}

# refused FILE WHAT TEXT: EINVAL, and a message that says TEXT
refused()
{
	lines=$(dmesg | grep -c "doe_sim: ")
	err=$({ echo "$2" >"$SIM/$dev/$1"; } 2>&1)
	if echo "$err" | grep -q "nvalid argument" &&
	   dmesg | grep "doe_sim: " | tail -n +$((lines + 1)) |
			grep -qF -- "$3"; then
		return
	fi
	echo "# '$2' to $1: $err, $(dmesg | grep "doe_sim: " | tail -n 1)"
	return 1
}

accepted()
{
	echo "$2" >"$SIM/$dev/$1" && grep -q " $2\( \|\$\)" "$SIM/$dev/$1" ||
		! echo "# '$2' to $1 had no effect"
}

# beyond RANGE: values outside of it
beyond()
{
	echo "x" ""
	case $1 in
	*" to "*)
		low=${1%% *} high=${1#* to }
		high=${high%% *}
		echo $((low - 1)) $((high + 1)) ;;
	*)
		echo 99 -1 ;;
	esac
}

# within RANGE: the first and the last value in it
within()
{
	case $1 in
	*" to "*)
		last=${1#* to }
		echo "${1%% *}" "${last%% *}" ;;
	*)
		echo "${1%%,*}" "${1##* }" ;;
	esac
}

all_knobs()
{
	[ "$(ranges | cut -d' ' -f1 | sort)" = \
	  "$(head -n 1 "$SIM/$dev/knobs" | tr ' ' '\n' | sed -n 's/=.*//p' |
	     sort)" ]
}

knob()
{
	before=$(cat "$SIM/$dev/knobs")
	for value in $(beyond "$2"); do
		refused knobs "$1=$value" "$1 must be $2" || return
	done
	refused knobs "$1=" "$1 must be $2" &&
		refused knobs "$1" "$1 must be $2" || return
	[ "$(cat "$SIM/$dev/knobs")" = "$before" ] || return

	for value in $(within "$2"); do
		accepted knobs "$1=$value" || return
	done
	echo "$GOOD" >"$SIM/$dev/knobs"
	[ "$(cat "$SIM/$dev/knobs")" = "$before" ]
}

no_such_knob()
{
	refused knobs "frob=1" "there is no knob 'frob'"
}

no_such_mailbox()
{
	for mailbox in 1000 -1 x; do
		for what in "knobs skip=1" "inject raise" "trigger 1 none"; do
			refused "${what%% *}" "$mailbox: ${what#* }" \
				"mailbox must be 0 to " || return
		done
	done
}

too_long()
{
	refused knobs "$(head -c 1024 /dev/zero | tr '\0' ' ')" \
		"a write must be 0 to 1024 bytes"
}

bad_injections()
{
	for stale in -1 64 x; do
		refused inject "stale=$stale" "stale must be $STALE" || return
	done
	for busy in -1 3600000000001 x; do
		refused inject "busy=$busy" "busy must be $NS" || return
	done
	refused inject "frob" "must be flr, gone-value, gone-error, back" &&
		refused inject "raise=x" "must be flr, gone-value"
}

bad_triggers()
{
	for trigger in "x none" "1" "1 frob" "-1 flr" "1 gone-value 4294967296"; do
		refused trigger "$trigger" "trigger must be: access, none" ||
			return
	done
}

unharmed()
{
	at_rest "$dev" "$(doe_offsets "$dev" | head -n 1)" &&
		[ "$(cat "$SIM/$dev/knobs")" = "$KNOBS" ]
}

tests()
{
	[ -n "$dev" ] || return
	check "every knob is tried" all_knobs
	while read -r name range; do
		check "knob $name: $range" knob "$name" "$range"
	done <<-END
		$(ranges)
	END
	check "no such knob" no_such_knob
	check "no such mailbox" no_such_mailbox
	check "too long a write" too_long
	check "injections" bad_injections
	check "triggers" bad_triggers
	check "after that the device is as it was" unharmed
}

loaded=
[ -n "$(sims)" ] || ! modprobe doe_sim 2>/dev/null || loaded=yes
trap '[ -z "$loaded" ] || rmmod doe_sim' EXIT
dev=$(sims | head -n 1)
KNOBS=$(cat "$SIM/${dev:-none}/knobs" 2>/dev/null)
GOOD=$(echo "$KNOBS" | head -n 1 | cut -d: -f2-)
run_tests
