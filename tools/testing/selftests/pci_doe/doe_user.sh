# SPDX-License-Identifier: GPL-2.0
# Mailboxes that user space takes, writes to and traces; simulated devices.

. "$(dirname "$0")/doe_lib.sh"

AUX=/sys/bus/auxiliary
SIM=/sys/kernel/debug/doe-sim
TRACING=/sys/kernel/tracing

# Registers of a DOE Capability, and bits
DOE_CTRL=8
DOE_STATUS=12
DOE_WRITE=16
DOE_READ=20
DOE_ABORT=1
DOE_GO=0x80000000
DOE_READY=0x80000000
DOE_INT_STATUS=2

# doe_aux DEVICE OFFSET: the auxiliary device of the mailbox; nothing without
doe_aux()
{
	for adev in "$PCI/$1"/doe_aux.mailbox.*; do
		if [ -e "$adev/offset" ] && [ "$(cat "$adev/offset")" = "0x$2" ]; then
			basename "$adev"
		fi
	done
}

# doe_cdev DEVICE OFFSET: where the character device of the mailbox would be
doe_cdev()
{
	echo "/dev/pci-doe/$1@$2"
}

# aux_mailboxes: "DEVICE OFFSET" of each mailbox that can be handed over
aux_mailboxes()
{
	doe_mailboxes | while read -r dev off; do
		[ -z "$(doe_aux "$dev" "$off")" ] || echo "$dev $off"
	done
}

# sims: simulated devices
sims()
{
	for sim in "$SIM"/*; do
		[ ! -d "$sim" ] || basename "$sim"
	done
}

# sim_count DEVICE COUNTER
sim_count()
{
	sed -n "s/^$2 //p" "$SIM/$1/counters"
}

hand_over()
{
	doe_aux "$1" "$2" >"$AUX/drivers/doe_aux/unbind"
}

take_back()
{
	doe_aux "$1" "$2" >"$AUX/drivers/doe_aux/bind"
}

# owned_by_driver DEVICE OFFSET: and it has nothing to do
owned_by_driver()
{
	settle "$1" "$2" &&
		doe_line "$1" "$2" | grep -q "owner driver phase idle holds -"
}

# for_user COMMAND DEVICE OFFSET: with the mailbox handed over meanwhile
for_user()
{
	hand_over "$2" "$3" && "$@"
	result=$?
	take_back "$2" "$3" && owned_by_driver "$2" "$3" && return "$result"
}

settled()
{
	line=$(doe_line "$1" "$2")
	case $line in
	*" phase idle holds - "* | *" holds user "* | *" holds dead "*)
		[ "$line" != "$last" ] || return 0 ;;
	esac
	last=$line
	return 1
}

# settle DEVICE OFFSET: wait until the kernel has nothing to do with it
settle()
{
	last=
	wait_for settled "$1" "$2"
}

# bytes DEVICE OFFSET SIZE COUNT: as decimal numbers, in accesses of that size
bytes()
{
	dd if="$PCI/$1/config" bs="$3" skip=$(($2 / $3)) count="$4" 2>/dev/null |
		od -An -v -tu1 | tr -s '\n ' ' '
}

# octets VALUE SIZE: little-endian, as an argument of printf
octets()
{
	left=$(($1)) count=$2
	while [ "$count" -gt 0 ]; do
		printf '\\%03o' $((left & 255))
		left=$((left >> 8)) count=$((count - 1))
	done
}

# write_file FILE OFFSET SIZE VALUE
write_file()
{
	# shellcheck disable=SC2059
	printf "$(octets "$4" "$3")" |
		dd of="$1" bs="$3" seek=$(($2 / $3)) conv=notrunc 2>/dev/null
}

# write32 DEVICE OFFSET VALUE
write32()
{
	write_file "$PCI/$1/config" "$2" 4 "$3"
}

# request DEVICE OFFSET: DOE Discovery, index 0; the answer is there after it
request()
{
	for dw in 1 3 0; do
		write32 "$1" $((0x$2 + DOE_WRITE)) "$dw"
	done
	write32 "$1" $((0x$2 + DOE_CTRL)) $DOE_GO
	for _ in 1 2 3 4 5; do
		status=$(read32 "$1" $((0x$2 + DOE_STATUS)))
		[ $((status & DOE_READY)) -eq 0 ] || return 0
		sleep 0.1
	done
	return 1
}

# at_rest DEVICE OFFSET: neither Busy, nor Error, nor Ready
at_rest()
{
	status=$(read32 "$1" $((0x$2 + DOE_STATUS)))
	[ $((status & ~DOE_INT_STATUS)) -eq 0 ] || ! echo "# $1 $2 has status $status"
}

mount_tracefs()
{
	[ -e "$TRACING/trace" ] || mount -t tracefs nodev "$TRACING"
}

# trace_on EVENT...: into a buffer of its own
trace_on()
{
	mount_tracefs
	TRACE=$TRACING/instances/pci_doe_test
	mkdir -p "$TRACE"
	echo 16384 >"$TRACE/buffer_size_kb"
	for event; do
		echo 1 >"$TRACE/events/$event/enable" || return
	done
	: >"$TRACE/trace"
	echo 1 >"$TRACE/tracing_on"
}

trace_off()
{
	for event in "$TRACE"/events/*/enable; do
		echo 0 >"$event"
	done
	rmdir "$TRACE"
}

# trace_lost: was the buffer too small?
trace_lost()
{
	grep -v ": 0$" "$TRACE"/per_cpu/cpu*/stats |
		grep -q "overrun\|dropped events"
}

# reading DEVICE: CXL reads the table over and over, until $STOP is there; it is
# right or there is none
reading()
{
	reads=0 whole=0
	while [ ! -e "$STOP" ]; do
		mem=$(basename "$PCI/$1"/mem*)
		echo "$mem" >"$CXL/drivers/cxl_mem/unbind"
		sleep 0.$((reads % 10))
		echo "$mem" >"$CXL/drivers/cxl_mem/bind"
		reads=$((reads + 1))
		table=$(cdat_port "$1")/CDAT
		if [ "$(wc -c <"$table")" -gt 0 ]; then
			whole=$((whole + 1))
			cdat_good "$1" >/dev/null || [ ! -e "$table" ] ||
				echo "$table is not right" >>"$STOP.bad"
		fi
	done 2>/dev/null
	echo "# $reads times CXL was to read the table of $1, $whole times it had it"
}

# same_features DEVICE OFFSET: as in $BEFORE, a copy of $MAILBOXES
same_features()
{
	doe_line "$1" "$2" | grep -q " features $(
		sed -n "s/^$1 $2 .* features \([^ ]*\) .*/\1/p" "$BEFORE") "
}

# used_again DEVICE OFFSET: it goes to user space and comes back, to Discovery by
# its interrupt if it has one
used_again()
{
	before=$(irq_count "$1" "$2")
	hand_over "$1" "$2" && take_back "$1" "$2" && settle "$1" "$2" &&
		doe_line "$1" "$2" | grep -q " phase idle holds - " || return
	[ -z "$before" ] || [ "$(irq_count "$1" "$2")" -gt "$before" ]
}

# exact_after DEVICE OFFSET: what is read now is right
exact_after()
{
	if memdevs | grep -q "^$1$"; then
		cdat_reread "$1" && cdat_good "$1"
	else
		[ "$(sim_count "$1" violations)" -eq 0 ] ||
			! sed -n 's/^violation-/# &/p' "$SIM/$1/counters"
	fi
}

# settle_all: for Discovery may still go on
settle_all()
{
	doe_mailboxes | while read -r dev off; do
		settle "$dev" "$off"
	done
}

[ ! -r "$MAILBOXES" ] || settle_all
