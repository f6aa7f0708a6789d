#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The tool pcidoe: each command, each refusal, and what it leaves behind.
#
# PCIDOE names it if it is not in $PATH.
. "$(dirname "$0")/doe_user.sh"

PCIDOE=${PCIDOE:-pcidoe}
TMP=$(mktemp -d)
ECHO=d0e5:00

# run ARGUMENT...: leaves rc, and the output in files
run()
{
	"$PCIDOE" "$@" >"$TMP/out" 2>"$TMP/err"
	rc=$?
}

# fails CODE TEXT ARGUMENT...: the exit code, and one line that says it
fails()
{
	want=$1 text=$2
	shift 2
	run -q "$@"
	[ "$rc" -eq "$want" ] && [ "$(wc -l <"$TMP/err")" -eq 1 ] &&
		grep -q "^pcidoe: .*$text" "$TMP/err" && return
	echo "# pcidoe $*: $rc, not $want: $(cat "$TMP/err")"
	return 1
}

# works ARGUMENT...: a harness may want to check "# json:" lines
works()
{
	run -q "$@"
	case " $* " in
	*" --json "*) printf "# json: %s\n" "$(tr -d "\n" <"$TMP/out")" ;;
	esac
	[ "$rc" -eq 0 ] && [ ! -s "$TMP/err" ] && return
	echo "# pcidoe $*: $rc: $(cat "$TMP/err")"
	return 1
}

has()
{
	grep -q "$1" "$TMP/out" || ! sed "s/^/# no '$1': /" "$TMP/out"
}

# count TEXT NUMBER
count()
{
	[ "$(grep -c "$1" "$TMP/out")" -eq "$2" ]
}

# table DEVICE OFFSET: the features, as debugfs has them
table()
{
	doe_value "$1" "$2" features | tr , '\n' | sort
}

# discovered: the output has just these
discovered()
{
	[ "$(grep -Eo '^ *[0-9a-f]{4}:[0-9a-f]{2}( |$)' "$TMP/out" |
	     tr -d ' ' | sort)" = "$(table "$dev" "$off")" ] ||
		! sed 's/^/# /' "$TMP/out"
}

# test DESCRIPTION COMMAND...: and the mailbox that is tested must be idle
TESTS=0
test_idle()
{
	name=$1
	shift
	if [ -n "$counting" ]; then
		TESTS=$((TESTS + 1))
		return
	fi
	if "$@" && at_rest "$dev" "$off"; then
		ktap_test_pass "$dev $off: $name"
	else
		ktap_test_fail "$dev $off: $name"
	fi
}

# What needs no mailbox of one's own

helps()
{
	works --help && has "EXIT STATUS"
}

lists_all()
{
	works list && count "@0x" "$(doe_mailboxes | wc -l)" &&
		works list --json &&
		count '"device": ' "$(doe_mailboxes | wc -l)"
}

lists()
{
	works list "$dev" && has "^$dev@0x$off .*status=idle[, ].*owner=$1" &&
		[ "$(sed -n 's/.*@0x'"$off"' .* features=//p' "$TMP/out" |
		     tr , '\n' | sort)" = "$(table "$dev" "$off")" ]
}

shows_features()
{
	works features "$dev" &&
		count : "$(find "$PCI/$dev/doe_features" -type f | wc -l)" &&
		has "^0001:00 .*DOE Discovery"
}

# Whatever it is asked for, it asks back before it touches the registers
refuses()
{
	before=$(read32 "$dev" $((0x$off + DOE_CTRL)))
	counters=$(doe_line "$dev" "$off")
	for command in discover cdat compliance spdm-version "exchange $ECHO 00"; do
		# shellcheck disable=SC2086
		set -- $command
		command=$1
		shift
		fails 4 "the kernel owns it.*$hint.*--force" "$command" "$at" "$@" ||
			return 1
	done
	[ "$(doe_line "$dev" "$off")" = "$counters" ] &&
		[ "$(read32 "$dev" $((0x$off + DOE_CTRL)))" = "$before" ]
}

# Beside the kernel, whose mailbox it stays, and which finds it idle
beside()
{
	works list "$dev" && has "@0x$off .* cdev=$(doe_cdev "$dev" "$off")" &&
		works discover "$at" && discovered &&
		works discover --json "$at" && works list "$dev" &&
		has "@0x$off .*owner=kernel" || return
	! table "$dev" "$off" | grep -q 1e98:02 || works cdat "$at"
}

# With a character device, all that is not refused
owned()
{
	if [ -e "$(doe_cdev "$dev" "$off")" ]; then
		beside
	else
		refuses
	fi
}

# A report only reads, and says what there is
reports()
{
	counters=$(doe_line "$dev" "$off")
	works report -o "$TMP/report" "$at" && [ ! -s "$TMP/out" ] &&
		grep -q "^  status *value=0x" "$TMP/report" &&
		grep -q "^  kernel .*exchanges=" "$TMP/report" &&
		works report --json "$at" &&
		[ "$(doe_line "$dev" "$off")" = "$counters" ]
}

bad_input()
{
	fails 1 "no command" &&
	fails 1 "no such command" frobnicate &&
	fails 1 "wrong arguments" discover &&
	fails 1 "wrong arguments" cdat "$at" more &&
	fails 1 "not .domain" list 12 &&
	fails 1 "not .domain" list "$dev@xyz" &&
	fails 1 "not .domain" list "$dev@102" &&
	fails 2 "no DOE Capability at 0xffc" list "$dev@ffc" &&
	fails 2 "no such device" list 7fff:1f:1f.7 &&
	fails 2 "no DOE Capability" list 0000:00:00.0
}

# With a mailbox that was taken

takes()
{
	works take "$at" && has "owner=user" &&
		doe_line "$dev" "$off" | grep -q "owner user phase idle holds user" &&
		works take --json "$at" && lists user
}

discovers()
{
	works discover "$at" && discovered || return
	works features --json "$dev" && works discover --json "$at" &&
		count '"feature": ' "$(table "$dev" "$off" | wc -l)"
}

reads_cdat()
{
	works cdat -o "$TMP/table" "$at" && [ -s "$TMP/out" ] || return
	if [ -e "${CDAT_DIR:-/none}/$dev" ]; then
		cmp "$CDAT_DIR/$dev" "$TMP/table" || return
	fi
	cp "$TMP/out" "$TMP/decoded"
	works cdat --decode "$TMP/table" && cmp "$TMP/decoded" "$TMP/out" &&
		works cdat "$dev" && works cdat --json "$at" && has '"checksum'
}

# Request and response of a CDAT read, bytes as they are on the wire
exchanges_cdat()
{
	works exchange "$at" 1e98:02 00 00 0000 && has "length=" &&
		printf '\0\0\0\0' >"$TMP/request" &&
		works exchange -o "$TMP/first" "$at" 1e98:02 "@$TMP/request" &&
		[ "$(od -An -tx1 -N 2 "$TMP/first")" = " 00 00" ]
}

lacks()
{
	fails 2 "no mailbox offers 0001:01" spdm-version "$dev"
}

bad_request()
{
	fails 1 "pairs of hex digits" exchange "$at" "$ECHO" 123 &&
	fails 1 "pairs of hex digits" exchange "$at" "$ECHO" 0x12 &&
	fails 1 "not VID:TYPE" exchange "$at" 1e98-02 00 &&
	fails 1 "more than 1048568 bytes" exchange "$at" "$ECHO" @/dev/zero &&
	fails 8 "No such file" exchange "$at" "$ECHO" @/none
}

gives()
{
	works give "$at" && has "owner=kernel" && settle "$dev" "$off" &&
		doe_line "$dev" "$off" | grep -q "owner driver phase idle holds -" &&
		works give --json "$at"
}

kernel_reads()
{
	cdat_reread "$dev" && cdat_good "$dev"
}

# Mailboxes of the PCI core

forced()
{
	works --force discover "$at" && discovered &&
		works --force cdat "$at" && settle "$dev" "$off" &&
		doe_line "$dev" "$off" | grep -q "phase idle holds -"
}

not_handed_over()
{
	fails 4 "no auxiliary device" take "$at" &&
		fails 4 "no auxiliary device" give "$at"
}

# What only the simulated device does

echoes()
{
	works exchange --json "$at" "$ECHO" 0102030405 &&
		works exchange "$at" "$ECHO" 0102030405 &&
		has "length=8" && has "01 \?02 \?03 \?04 \?05 \?00 \?00 \?00"
}

complies()
{
	works compliance "$at" && has "meaning=ok available=0x3 enabled=0x3" &&
		has "capabilities=0x3" && works compliance "$dev" &&
		works compliance --json "$at" && has '"available": "0x3"'
}

# An echo is no SPDM VERSION; what is not offered is not answered
spdm_malformed()
{
	if table "$dev" "$off" | grep -q 0001:01; then
		fails 7 "SPDM VERSION" spdm-version "$at"
	else
		fails 5 "no response" spdm-version "$at"
	fi
}

# with KNOBS COMMAND...: a device that misbehaves meanwhile
with()
{
	knobs=$1
	shift
	echo "$knobs" >"$SIM/$dev/knobs"
	"$@"
	result=$?
	echo "$GOOD" >"$SIM/$dev/knobs"
	return "$result"
}

says_progress()
{
	run exchange "$at" "$ECHO" 01
	[ "$rc" -eq 5 ] && grep -q "working for 1.* s" "$TMP/err"
}

# left_over WHAT ARGUMENT...: it is aborted, and nobody notices
left_over()
{
	echo "$1" >"$SIM/$dev/inject"
	shift
	works "$@"
}

gone()
{
	echo gone-value >"$SIM/$dev/inject"
	fails 2 "gone" exchange "$at" "$ECHO" 01
	result=$?
	echo back >"$SIM/$dev/inject"
	return "$result"
}

# It comes back with the rest of the response, which the next exchange aborts
gone_in_response()
{
	echo "read_event=gone-value read_dw=2" >"$SIM/$dev/knobs"
	fails 2 "gone" exchange "$at" "$ECHO" 01
	result=$?
	echo "$GOOD" >"$SIM/$dev/knobs"
	echo back >"$SIM/$dev/inject"
	echoes && return "$result"
}

# hold: have another process use the mailbox, for as long as $pid
hold()
{
	before=$(sim_count "$dev" gos)
	"$PCIDOE" -q exchange "$at" "$ECHO" 01 >/dev/null 2>"$TMP/held" &
	pid=$!
	while [ "$(sim_count "$dev" gos)" -eq "$before" ]; do
		[ -e "/proc/$pid" ] || return
	done
}

one_at_a_time()
{
	hold
	fails 4 "another process" exchange "$at" "$ECHO" 02
	one=$?
	wait "$pid"
	[ $? -eq 5 ] && hold
	fails 4 "another process" give "$at"
	two=$?
	wait "$pid"
	[ $? -eq 5 ] && [ "$one" -eq 0 ] && [ "$two" -eq 0 ]
}

interrupted()
{
	hold
	kill -TERM "$pid"
	wait "$pid"
	[ $? -eq $((128 + 15)) ] && grep -q "interrupted" "$TMP/held"
}

# unprivileged ARGUMENT...: as a user who sees little of configuration space
unprivileged()
{
	if setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
		setpriv --reuid 65534 --clear-groups "$PCIDOE" "$@"
	else
		start-stop-daemon -S -c nobody -x "$(command -v "$PCIDOE")" -- "$@"
	fi >"$TMP/out" 2>"$TMP/err"
	rc=$?
	[ "$rc" -eq 3 ] && [ "$(wc -l <"$TMP/err")" -eq 1 ] &&
		grep -q "no permission" "$TMP/err" && return
	echo "# as a user: $rc: $(cat "$TMP/err")"
	return 1
}

test_kernel_owned()
{
	test_idle "list says owner $1" lists "$1"
	test_idle "features" shows_features
	test_idle "what the kernel owns" owned
	test_idle "report" reports
	test_idle "an unprivileged user is refused" unprivileged discover "$at"
}

test_taken()
{
	test_idle "take" takes
	test_idle "discover" discovers
	test_idle "cdat" reads_cdat
	test_idle "exchange" exchanges_cdat
	test_idle "requests that make no sense" bad_request
}

test_core()
{
	hint="hand it over"
	test_kernel_owned kernel-core
	test_idle "take and give, without auxiliary device" not_handed_over
	test_idle "discover and cdat by force" forced
}

test_memdev()
{
	hint="pcidoe take"
	test_kernel_owned kernel
	test_taken
	test_idle "what is not offered" lacks
	test_idle "give" gives
	test_idle "the kernel reads its table again" kernel_reads
}

test_sim()
{
	hint="pcidoe take"
	GOOD=$(cut -d: -f2- "$SIM/$dev/knobs")
	: >"$SIM/$dev/counters" && echo 1 >"$SIM/$dev/counters"
	test_kernel_owned kernel
	test_taken
	test_idle "exchange, bytes" echoes
	test_idle "compliance" complies
	test_idle "spdm-version" spdm_malformed
	set -- exchange "$at" "$ECHO" 01
	test_idle "two at once" with "proc_ns=never abort_ns=500000000" one_at_a_time
	test_idle "interrupted" with proc_ns=never interrupted
	test_idle "no response" with proc_ns=never fails 5 "no response" "$@"
	test_idle "progress" with proc_ns=never says_progress
	test_idle "DOE Error" with error_at=go fails 6 "DOE Error" "$@"
	test_idle "Error late" with error_at=drained fails 6 "DOE Error" "$@"
	test_idle "foreign response" with hdr_xor0=1 fails 7 "is of type" "$@"
	test_idle "short response" with length=9 fails 7 "cut at DW" "$@"
	test_idle "long response" with length=2 works "$@"
	test_idle "second response" with extra=1 works "$@"
	test_idle "Busy for good" with "busy=stuck proc_ns=never" fails 5 "no response" "$@"
	test_idle "Busy left over" left_over busy=never "$@"
	test_idle "Error left over" left_over error "$@"
	test_idle "response left over" left_over stale=1 "$@"
	test_idle "device gone" gone
	test_idle "device gone in mid-response" gone_in_response
	test_idle "exchange after all that" echoes
	test_idle "no rule of the host was violated" no_violations
	test_idle "give" gives
}

no_violations()
{
	[ "$(sim_count "$dev" violations)" -eq 0 ] ||
		! grep "^violation-.* [1-9]" "$SIM/$dev/counters"
}

all_tests()
{
	set -- $(doe_mailboxes)
	dev=$1 off=$2 at=$1@$2
	test_idle "help" helps
	test_idle "list of all" lists_all
	test_idle "arguments that make no sense" bad_input

	# Every mailbox has its own list of tests
	while [ $# -gt 0 ]; do
		dev=$1 off=$2 at=$1@$2
		if [ -z "$(doe_aux "$dev" "$off")" ]; then
			test_core
		elif [ -e "$SIM/$dev" ]; then
			test_sim
		else
			test_memdev
		fi
		shift 2
	done
}

ktap_print_header
if ! command -v "$PCIDOE" >/dev/null || [ -z "$(doe_mailboxes)" ]; then
	ktap_skip_all "no pcidoe, or no device to test"
	exit "$KSFT_SKIP"
fi
# The plan comes first
counting=yes
all_tests
counting=
ktap_set_plan "$TESTS"
all_tests
rm -r "$TMP"
ktap_finished
