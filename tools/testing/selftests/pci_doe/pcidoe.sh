#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The tool pcidoe beside a kernel: each command, refusals, and what it leaves behind.
#
# PCIDOE names it if it is not in $PATH.
. "$(dirname "$0")/doe_lib.sh"

TMP=$(mktemp -d)
trap 'rm -r "$TMP"' EXIT
ECHO=d0e5:00

# works ARGUMENT...: leaves the output in files
works()
{
	"$PCIDOE" -q "$@" >"$TMP/out" 2>"$TMP/err" && [ ! -s "$TMP/err" ] ||
		! echo "# pcidoe $*: $(cat "$TMP/err")"
}

has()
{
	grep -q "$1" "$TMP/out" || ! sed "s/^/# no '$1': /" "$TMP/out"
}

# table: the features, as debugfs has them
table()
{
	doe_value "$dev" "$off" features | tr , '\n' | sort
}

# discovers ARGUMENT...: just these
discovers()
{
	works "$@" discover "$at" &&
		[ "$(grep -Eo '^ *[0-9a-f]{4}:[0-9a-f]{2}( |$)' "$TMP/out" |
		     tr -d ' ' | sort)" = "$(table)" ] || ! sed 's/^/# /' "$TMP/out"
}

# test_idle DESCRIPTION COMMAND...: and the mailbox that is tested must be idle
left_idle()
{
	"$@" && at_rest "$dev" "$off"
}

test_idle()
{
	name=$1
	shift
	check "$dev $off: $name" left_idle "$@"
}

# What needs no mailbox of one's own

lists_all()
{
	works list && [ "$(grep -c "@0x" "$TMP/out")" -eq "$(echo "$ALL" | wc -l)" ]
}

lists()
{
	works list "$dev" && has "^$dev@0x$off .*status=idle[, ].*owner=$1" &&
		[ "$(sed -n 's/.*@0x'"$off"' .* features=//p' "$TMP/out" |
		     tr , '\n' | sort)" = "$(table)" ]
}

# Beside the kernel, whose mailbox it stays, and which finds it idle
beside()
{
	works list "$dev" && has "@0x$off .* cdev=$(doe_cdev "$dev" "$off")" &&
		discovers && works list "$dev" && has "@0x$off .*owner=kernel" &&
		{ ! table | grep -q 1e98:02 || works cdat "$at"; }
}

# A report only reads, and says what there is
reports()
{
	counters=$(doe_line "$dev" "$off")
	works report -o "$TMP/report" "$at" && [ ! -s "$TMP/out" ] &&
		grep -q "^  status *value=0x" "$TMP/report" &&
		grep -q "^  kernel .*exchanges=" "$TMP/report" &&
		[ "$(doe_line "$dev" "$off")" = "$counters" ]
}

# A mailbox of the PCI core
forced()
{
	discovers --force && works --force cdat "$at" && settle "$dev" "$off" &&
		idle "$dev" "$off"
}

# With a mailbox that was taken

takes()
{
	works take "$at" && has "owner=user" &&
		doe_line "$dev" "$off" | grep -q "owner user phase idle holds user" &&
		lists user
}

reads_cdat()
{
	works cdat -o "$TMP/table" "$at" && [ -s "$TMP/out" ] || return
	if [ -e "${CDAT_DIR:-/none}/$dev" ]; then
		cmp "$CDAT_DIR/$dev" "$TMP/table" || return
	fi
	cp "$TMP/out" "$TMP/decoded"
	works cdat --decode "$TMP/table" && cmp "$TMP/decoded" "$TMP/out" &&
		works cdat "$dev"
}

# Request and response of a CDAT read, bytes as they are on the wire
exchanges_cdat()
{
	works exchange "$at" 1e98:02 00 00 0000 && has "length=" &&
		printf '\0\0\0\0' >"$TMP/request" &&
		works exchange -o "$TMP/first" "$at" 1e98:02 "@$TMP/request" &&
		[ "$(od -An -tx1 -N 2 "$TMP/first")" = " 00 00" ]
}

gives()
{
	works give "$at" && has "owner=kernel" && owned_by_driver "$dev" "$off"
}

# What only the simulated device does

echoes()
{
	works exchange "$at" "$ECHO" 0102030405 && has "length=8" &&
		has "01 \?02 \?03 \?04 \?05 \?00 \?00 \?00"
}

complies()
{
	works compliance "$at" && has "meaning=ok available=0x3 enabled=0x3" &&
		has "capabilities=0x3" && works compliance "$dev"
}

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
	type=$(table | grep -x 0001:01 || echo "$ECHO")
	ip link set lo up 2>/dev/null || ifconfig lo up
	"$PCIDOE" -q serve -l 127.0.0.1:0 "$at" >"$TMP/served" 2>&1 &
	pid=$!
	until grep -q "listen=" "$TMP/served" 2>/dev/null; do
		kill -0 "$pid" || return
	done
	port=$(sed -n 's/.*listen=.*://p' "$TMP/served")
	served 4096 && served 65528 || return
	kill -TERM "$pid"
	wait "$pid"
	[ $? -eq $((128 + 15)) ]
}

test_taken()
{
	test_idle "take" takes
	test_idle "discover" discovers
	test_idle "cdat" reads_cdat
	test_idle "exchange" exchanges_cdat
	[ ! -e "$SIM/$dev" ] || test_sim
	test_idle "give" gives
	! is_memdev "$dev" ||
		test_idle "the kernel reads its table again" cdat_reread "$dev"
}

test_sim()
{
	test_idle "exchange, bytes" echoes
	test_idle "compliance" complies
	test_idle "serve" serves
	test_idle "no rule of the host was violated" no_violations "$dev"
}

tests()
{
	command -v "$PCIDOE" >/dev/null && [ -n "$ALL" ] || return
	check "list of all" lists_all
	for at in $ALL; do
		dev=${at%@*} off=${at#*@} owner=kernel
		[ -n "$(doe_aux "$dev" "$off")" ] || owner=kernel-core
		test_idle "list says owner $owner" lists $owner
		[ ! -e "$(doe_cdev "$dev" "$off")" ] ||
			test_idle "exchanges beside the kernel" beside
		test_idle "report" reports
		if [ $owner = kernel ]; then
			test_taken
		else
			test_idle "discover and cdat by force" forced
		fi
	done
}

run_tests
