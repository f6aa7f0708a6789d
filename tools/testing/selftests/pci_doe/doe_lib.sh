# SPDX-License-Identifier: GPL-2.0
# Devices with DOE Capabilities, what the kernel says about them, and what user space
# does to them.  Functions take DEVICE and OFFSET, lists are of DEVICE@OFFSET.

. "$(dirname "$0")/../kselftest/ktap_helpers.sh"

PCI=/sys/bus/pci/devices
CXL=/sys/bus/cxl
AUX=/sys/bus/auxiliary/drivers/doe_aux
MAILBOXES=/sys/kernel/debug/pci_doe
SIM=/sys/kernel/debug/doe-sim
TRACING=/sys/kernel/tracing
PCIDOE=${PCIDOE:-pcidoe}

# Registers of a DOE Capability, and bits
DOE_CTRL=8
DOE_STATUS=12
DOE_WRITE=16
DOE_READ=20
DOE_SIZE=24
DOE_ABORT=1
DOE_GO=0x80000000
DOE_READY=0x80000000
DOE_INT_STATUS=2

# read32 DEVICE OFFSET: a DW of configuration space
read32()
{
	set -- $(od -An -v -tu1 -j "$2" -N 4 "$PCI/$1/config")
	echo $(($1 | $2 << 8 | $3 << 16 | $4 << 24))
}

# bytes DEVICE OFFSET SIZE COUNT: as decimal numbers, in accesses of that size
bytes()
{
	dd if="$PCI/$1/config" bs="$3" skip=$(($2 / $3)) count="$4" 2>/dev/null |
		od -An -v -tu1 | tr -s '\n ' ' '
}

# write_file FILE OFFSET SIZE VALUE: little-endian
write_file()
{
	octets=$(for shift in $(seq 0 8 $(($3 * 8 - 1))); do
		printf '\\%03o' $(($4 >> shift & 255))
	done)
	# shellcheck disable=SC2059
	printf "$octets" |
		dd of="$1" bs="$3" seek=$(($2 / $3)) conv=notrunc 2>/dev/null
}

# write32 DEVICE OFFSET VALUE
write32()
{
	write_file "$PCI/$1/config" "$2" 4 "$3"
}

# config_files DEVICE: its configuration space in sysfs and in procfs
config_files()
{
	bus=${1#0000:}
	echo "$PCI/$1/config" "/proc/bus/pci/${bus%:*}/${1##*:}"
}

# doe_offsets DEVICE: its DOE Capabilities, in hexadecimal
doe_offsets()
{
	at=0 next=256 size=$(stat -c %s "$PCI/$1/config")
	while [ $next -gt $at ] && [ $next -lt "$size" ]; do
		at=$next
		header=$(read32 "$1" $at)
		[ $((header & 0xffff)) -ne 46 ] || printf "%x\n" $at
		next=$((header >> 20 & 0xffc))
	done
}

# devices LIST: those that have these mailboxes
devices()
{
	for mailbox in $1; do
		echo "${mailbox%@*}"
	done | sort -u
}

# only COMMAND LIST: mailboxes of devices that the command prints
only()
{
	for mailbox in $2; do
		! $1 | grep -qx "${mailbox%@*}" || echo "$mailbox"
	done
}

# doe_line DEVICE OFFSET: what the kernel says about the mailbox
doe_line()
{
	grep "^$1 $2 " "$MAILBOXES"
}

# doe_value DEVICE OFFSET KEYWORD: the word after it
doe_value()
{
	doe_line "$1" "$2" | sed -n "s/.* $3 \([^ ]*\).*/\1/p"
}

# idle DEVICE OFFSET: the mailbox has nothing to do
idle()
{
	doe_line "$1" "$2" | grep -q " phase idle holds - "
}

idle_without_errors()
{
	idle "$1" "$2" && [ "$(doe_value "$1" "$2" errors)" -eq 0 ]
}

# irq_count DEVICE OFFSET: how often the interrupt fired; nothing without one
irq_count()
{
	awk -v name="DOE[$2:$1]" 'index($0, name) {
		for (i = 2; $i ~ /^[0-9]+$/; i++) sum += $i
		print sum + 0
	}' /proc/interrupts
}

# doe_cdev DEVICE OFFSET: where the character device of the mailbox would be
doe_cdev()
{
	echo "/dev/pci-doe/$1@$2"
}

# at_rest DEVICE OFFSET: neither Busy, nor Error, nor Ready
at_rest()
{
	status=$(read32 "$1" $((0x$2 + DOE_STATUS)))
	[ $((status & ~DOE_INT_STATUS)) -eq 0 ] || ! echo "# $1 $2 has status $status"
}

# wait_for CONDITION...: for at most a minute
wait_for()
{
	tries=0
	until "$@"; do
		[ $tries -lt 300 ] || return
		tries=$((tries + 1))
		sleep 0.2
	done
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

# CXL

# memdevs: devices of the CXL memory driver
memdevs()
{
	for mem in "$PCI"/*/mem[0-9]*; do
		[ ! -e "$mem" ] || basename "${mem%/*}"
	done
}

is_memdev()
{
	memdevs | grep -qx "$1"
}

# cdat_port DEVICE: the CXL port that has read its table
cdat_port()
{
	where=$(readlink -f "$PCI/$1")
	for port in "$CXL"/devices/port* "$CXL"/devices/endpoint*; do
		case $(readlink -f "$port/uport") in
		"$where" | "$where"/mem*) echo "$port" ;;
		esac
	done
}

has_table()
{
	[ -e "$(cdat_port "$1")/CDAT" ]
}

# cdat_good DEVICE: the table is whole, and is the file $CDAT_DIR/DEVICE if
# there is one
cdat_good()
{
	table=$(cdat_port "$1")/CDAT
	if [ -e "${CDAT_DIR:-/none}/$1" ]; then
		cmp "$CDAT_DIR/$1" "$table"
		return
	fi
	"$PCIDOE" -q cdat --decode "$table" >/dev/null
}

# mem_driver DEVICE bind | unbind
mem_driver()
{
	basename "$PCI/$1"/mem* >"$CXL/drivers/cxl_mem/$2"
}

# cdat_reread DEVICE: have the table of a memory device read once more; it is right
cdat_reread()
{
	for _ in 1 2 3; do
		mem_driver "$1" unbind
		# A work item of CXL's unbinds it once more
		sleep 1
		mem_driver "$1" bind
		wait_for has_table "$1" || continue
		! cdat_good "$1" || return 0
		# It is wrong, unless that came late and has taken it away
		! has_table "$1" || return 1
	done
	return 1
}

# reading DEVICE: CXL reads the table over and over, until $STOP is there; it is
# right or there is none
reading()
{
	reads=0 whole=0
	while [ ! -e "$STOP" ]; do
		mem_driver "$1" unbind
		sleep 0.$((reads % 10))
		mem_driver "$1" bind
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

# while_reading DEVICE COMMAND...: with CXL reading the table if there is one
while_reading()
{
	STOP=$(mktemp -u "$BEFORE.XXXXXX") reader=''
	if is_memdev "$1"; then
		reading "$1" &
		reader=$!
	fi
	shift
	"$@"
	result=$?
	: >"$STOP"
	[ -z "$reader" ] || wait "$reader"
	[ ! -e "$STOP.bad" ] || result=1
	rm "$STOP"*
	return $result
}

# Simulated devices

sims()
{
	for sim in "$SIM"/*; do
		[ ! -d "$sim" ] || basename "$sim"
	done
}

# knobs DEVICE KNOB...: of a simulated device, nothing of another one
knobs()
{
	sim=$1
	shift
	[ ! -e "$SIM/$sim" ] || echo "$@" >"$SIM/$sim/knobs"
}

# no_violations DEVICE: of a simulated device by the host
no_violations()
{
	! grep -s "^violation-.* [1-9]" "$SIM/$1/counters"
}

# Mailboxes that go to user space and come back

# doe_aux DEVICE OFFSET: the auxiliary device of the mailbox; nothing without
doe_aux()
{
	adev=$(grep -lsx "0x$2" "$PCI/$1"/doe_aux.mailbox.*/offset)
	[ -z "$adev" ] || basename "${adev%/offset}"
}

hand_over()
{
	doe_aux "$1" "$2" >"$AUX/unbind"
}

take_back()
{
	doe_aux "$1" "$2" >"$AUX/bind"
}

# owned_by_driver DEVICE OFFSET: and it has nothing to do
owned_by_driver()
{
	settle "$1" "$2" && doe_line "$1" "$2" | grep -q "owner driver phase idle holds -"
}

# for_user COMMAND DEVICE OFFSET: with the mailbox handed over meanwhile
for_user()
{
	hand_over "$2" "$3" && "$@"
	result=$?
	take_back "$2" "$3" && owned_by_driver "$2" "$3" && return "$result"
}

# irq_came DEVICE OFFSET COUNT: it has fired since then
irq_came()
{
	[ "$(irq_count "$1" "$2")" -gt "$3" ]
}

# used_again DEVICE OFFSET: it goes to user space and comes back, has the features that
# it had, and uses its interrupt if it has one.  Discovery may have ended before that
# was requested
used_again()
{
	before=$(irq_count "$1" "$2")
	hand_over "$1" "$2" && take_back "$1" "$2" && settle "$1" "$2" &&
		idle "$1" "$2" && same_features "$1" "$2" || return
	[ -z "$before" ] || {
		"$PCIDOE" -q discover "$1@$2" >/dev/null &&
			wait_for irq_came "$1" "$2" "$before"
	}
}

# same_features DEVICE OFFSET: as in $BEFORE, a copy of $MAILBOXES
same_features()
{
	doe_line "$1" "$2" | grep -q " features $(
		sed -n "s/^$1 $2 .* features \([^ ]*\) .*/\1/p" "$BEFORE") "
}

# exact_after DEVICE OFFSET: what is read now is right
exact_after()
{
	if is_memdev "$1"; then
		cdat_reread "$1"
	else
		no_violations "$1"
	fi
}

# Tests

# check WHAT TEST...: the result of a test, or one more that there will be
check()
{
	DOE_TESTS=$((DOE_TESTS + 1)) doe_what=$1
	shift
	[ -z "$DOE_COUNTING" ] || return 0
	if "$@"; then
		ktap_test_pass "$doe_what"
	else
		ktap_test_fail "$doe_what"
	fi
}

# act COMMAND...: between tests, and not while they are counted
act()
{
	[ -n "$DOE_COUNTING" ] || "$@"
}

# for_each WHAT TEST...: a test of each mailbox in $doe_list, with DEVICE and
# OFFSET at its end
for_each()
{
	each=$1
	shift
	for mailbox in $doe_list; do
		check "${mailbox%@*} ${mailbox#*@}: $each" \
			"$@" "${mailbox%@*}" "${mailbox#*@}"
	done
}

# run_tests: those of the function "tests", which is first run to count them.  A
# machine that has nothing to test skips them all.
run_tests()
{
	ktap_print_header
	DOE_TESTS=0 DOE_COUNTING=yes
	tests
	if [ "$DOE_TESTS" -eq 0 ] || [ "$(id -u)" -ne 0 ]; then
		ktap_skip_all "needs root, debugfs, and a device to test"
		exit "$KSFT_SKIP"
	fi
	ktap_set_plan "$DOE_TESTS"
	DOE_COUNTING='' BEFORE=$(mktemp)
	cp "$MAILBOXES" "$BEFORE" 2>/dev/null
	tests
	rm -f "$BEFORE"*
	ktap_finished
}

# All mailboxes, and those that can be handed over, when Discovery is done
ALL=$(for path in "$PCI"/*; do
	[ ! -r "$MAILBOXES" ] ||
		doe_offsets "${path##*/}" | sed "s/^/${path##*/}@/"
done)
OURS=$(for mailbox in $ALL; do
	settle "${mailbox%@*}" "${mailbox#*@}"
	[ -z "$(doe_aux "${mailbox%@*}" "${mailbox#*@}")" ] || echo "$mailbox"
done)
[ -e "$TRACING/trace" ] || mount -t tracefs nodev "$TRACING" 2>/dev/null
