#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The tool pcidoe beside a kernel: each command, refusals, and what it leaves behind.
#
# PCIDOE names it if it is not in $PATH.
. "$(dirname "$0")/doe_user.sh"

PCIDOE=${PCIDOE:-pcidoe}
TMP=$(mktemp -d)
trap 'rm -r "$TMP"' EXIT
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

left_idle()
{
	"$@" && at_rest "$dev" "$off"
}

# test_idle DESCRIPTION COMMAND...: and the mailbox that is tested must be idle
test_idle()
{
	name=$1
	shift
	check "$dev $off: $name" left_idle "$@"
}

# What needs no mailbox of one's own

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

# Beside the kernel, whose mailbox it stays, and which finds it idle
beside()
{
	works list "$dev" && has "@0x$off .* cdev=$(doe_cdev "$dev" "$off")" &&
		works discover "$at" && discovered &&
		works discover --json "$at" && works list "$dev" &&
		has "@0x$off .*owner=kernel" || return
	! table "$dev" "$off" | grep -q 1e98:02 || works cdat "$at"
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

gives()
{
	works give "$at" && has "owner=kernel" && owned_by_driver "$dev" "$off" &&
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

# What only the simulated device does

# served SIZE: there and back
served()
{
	head -c "$1" /dev/urandom >"$TMP/request"
	works exchange -o "$TMP/response" "tcp:127.0.0.1:$port" "$type" \
		"@$TMP/request" && cmp "$TMP/request" "$TMP/response"
}

# Over a socket: CMA-SPDM if there is any, 4,104 bytes as OCP has them, 64 KiB
serves()
{
	type=$(table "$dev" "$off" | grep -x 0001:01 || echo "$ECHO")
	ip link set lo up 2>/dev/null || ifconfig lo up
	"$PCIDOE" -q serve -l 127.0.0.1:0 "$at" >"$TMP/served" 2>&1 &
	pid=$!
	until grep -q "listen=" "$TMP/served" 2>/dev/null; do
		kill -0 "$pid" || return
	done
	port=$(sed -n 's/.*listen=.*://p' "$TMP/served")
	served 4096 && served 65528
	result=$?
	kill -TERM "$pid"
	wait "$pid"
	[ $? -eq $((128 + 15)) ] && return "$result"
}

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

# left_over WHAT ARGUMENT...: it is aborted, and nobody notices
left_over()
{
	echo "$1" >"$SIM/$dev/inject"
	shift
	works "$@"
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

interrupted()
{
	hold
	kill -TERM "$pid"
	wait "$pid"
	[ $? -eq $((128 + 15)) ] && grep -q "interrupted" "$TMP/held"
}

test_kernel_owned()
{
	test_idle "list says owner $1" lists "$1"
	test_idle "features" shows_features
	[ ! -e "$(doe_cdev "$dev" "$off")" ] ||
		test_idle "exchanges beside the kernel" beside
	test_idle "report" reports
}

test_taken()
{
	test_idle "take" takes
	test_idle "discover" discovers
	test_idle "cdat" reads_cdat
	test_idle "exchange" exchanges_cdat
}

test_core()
{
	test_kernel_owned kernel-core
	test_idle "discover and cdat by force" forced
}

test_memdev()
{
	test_kernel_owned kernel
	test_taken
	test_idle "what is not offered" lacks
	test_idle "give" gives
	test_idle "the kernel reads its table again" kernel_reads
}

test_sim()
{
	GOOD=$(cut -d: -f2- "$SIM/$dev/knobs")
	: >"$SIM/$dev/counters" && echo 1 >"$SIM/$dev/counters"
	test_kernel_owned kernel
	test_taken
	test_idle "exchange, bytes" echoes
	test_idle "compliance" complies
	test_idle "serve" serves
	test_idle "spdm-version" spdm_malformed
	set -- exchange "$at" "$ECHO" 01
	test_idle "interrupted" with proc_ns=never interrupted
	test_idle "no response" with proc_ns=never fails 5 "no response" "$@"
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
	test_idle "exchange after all that" echoes
	test_idle "no rule of the host was violated" no_violations
	test_idle "give" gives
}

no_violations()
{
	[ "$(sim_count "$dev" violations)" -eq 0 ] ||
		! grep "^violation-.* [1-9]" "$SIM/$dev/counters"
}

tests()
{
	command -v "$PCIDOE" >/dev/null && [ -n "$(doe_mailboxes)" ] || return
	set -- $(doe_mailboxes)
	dev=$1 off=$2 at=$1@$2
	test_idle "list of all" lists_all

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

run_tests
