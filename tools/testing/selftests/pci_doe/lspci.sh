#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# lspci shows the same whoever has the mailbox and whatever it is at, but for
# the flags that do change.
. "$(dirname "$0")/doe_user.sh"

show()
{
	lspci -vvv -s "$1" 2>/dev/null
}

# Without the flags of an exchange, and without what CXL changes for one
constant()
{
	show "$1" | sed '/DOECtl:/d; /DOESta:/d; /CXLCtl:/d'
}

same()
{
	[ "$1" = "$2" ] && return
	echo "$1" >/tmp/one
	echo "$2" | diff /tmp/one - | sed 's/^/# /'
	return 1
}

capability()
{
	show "$1" | grep -q "\[$2 v[12]\] Data Object Exchange"
}

# exchange DEVICE OFFSET: at least one, to its end
exchange()
{
	if memdevs | grep -q "^$1$"; then
		cdat_reread "$1"
	else
		hand_over "$1" "$2" && take_back "$1" "$2"
	fi
	settle "$1" "$2"
}

# The first one may leave flags that were not there before
same_after()
{
	exchange "$1" "$2"
	before=$(show "$1")
	exchange "$1" "$2"
	same "$before" "$(show "$1")"
}

# Looked at as often as possible
same_meanwhile()
{
	before=$(constant "$1") looks=0 stop=$(mktemp)
	[ ! -e "$SIM/$1" ] || echo "proc_ns=900000000" >"$SIM/$1/knobs"
	{ exchange "$1" "$2"; rm "$stop"; } &
	while [ -e "$stop" ]; do
		same "$before" "$(constant "$1")" || break
		looks=$((looks + 1))
	done
	[ ! -e "$stop" ]
	result=$?
	wait $!
	[ ! -e "$SIM/$1" ] || echo "proc_ns=0" >"$SIM/$1/knobs"
	echo "# $looks looks"
	return $result
}

same_to_user()
{
	before=$(constant "$1")
	hand_over "$1" "$2"
	theirs=$(constant "$1")
	take_back "$1" "$2"
	settle "$1" "$2"
	same "$before" "$theirs"
}

tests=$(($(doe_mailboxes | wc -l) + $(aux_mailboxes | wc -l) * 3))
command -v lspci >/dev/null || tests=0
plan "$tests"
doe_list=$(doe_mailboxes | words)
for_each "lspci has it" capability
doe_list=$(aux_mailboxes | words)
for_each "the same after an exchange" same_after
for_each "the same in an exchange" same_meanwhile
for_each "the same for user space" same_to_user
rm -f /tmp/one
ktap_finished
