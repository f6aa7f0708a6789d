# SPDX-License-Identifier: GPL-2.0
# Devices with DOE Capabilities, and what the kernel says about them.
#
# DOE_EXPECT=irq or polled says how the mailboxes of endpoints must work; by
# default either will do.

. "$(dirname "$0")/../kselftest/ktap_helpers.sh"

PCI=/sys/bus/pci/devices
CXL=/sys/bus/cxl
MAILBOXES=/sys/kernel/debug/pci_doe

# read32 DEVICE OFFSET: a DW of configuration space
read32()
{
	set -- $(od -An -v -tu1 -j "$2" -N 4 "$PCI/$1/config")
	echo $(($1 | $2 << 8 | $3 << 16 | $4 << 24))
}

# doe_offsets DEVICE: its DOE Capabilities, in hexadecimal
doe_offsets()
{
	od -An -v -tu1 "$PCI/$1/config" | awk '
		{ for (i = 1; i <= NF; i++) byte[n++] = $i }
		END {
			for (off = 256; off >= 256 && off < n; off = next_off) {
				if (byte[off] == 46 && byte[off + 1] == 0)
					printf "%x\n", off
				next_off = byte[off + 3] * 16 + \
					   int(byte[off + 2] / 16)
				next_off -= next_off % 4
				if (next_off <= off)
					break
			}
		}'
}

# doe_mailboxes: "DEVICE OFFSET" for each
doe_mailboxes()
{
	[ -z "$DOE_MAILBOXES" ] || echo "$DOE_MAILBOXES"
}

DOE_MAILBOXES=$(for dev in "$PCI"/*; do
	[ -r "$MAILBOXES" ] || break
	for off in $(doe_offsets "${dev##*/}"); do
		echo "${dev##*/} $off"
	done
done)

# words: "DEVICE OFFSET" lines as DEVICE@OFFSET words, for $doe_list
words()
{
	tr ' ' @
}

doe_list=$(doe_mailboxes | words)

# doe_devices: those that have mailboxes
doe_devices()
{
	doe_mailboxes | cut -d' ' -f1 | sort -u
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

# irq_count DEVICE OFFSET: how often the interrupt fired; nothing without one
irq_count()
{
	awk -v name="DOE[$2:$1]" 'index($0, name) {
		for (i = 2; $i ~ /^[0-9]+$/; i++) sum += $i
		print sum + 0
	}' /proc/interrupts
}

# cdat_port DEVICE: the CXL port that has read its table
cdat_port()
{
	memdev=$(ls -d "$PCI/$1"/mem* 2>/dev/null)
	for port in "$CXL"/devices/port* "$CXL"/devices/endpoint*; do
		uport=$(readlink -f "$port/uport")
		if [ "$uport" = "$(readlink -f "$PCI/$1")" ] ||
		   [ "$uport" = "$(readlink -f "${memdev:-/none}")" ]; then
			echo "$port"
		fi
	done
}

# cdat_devices: those whose table a port has read
cdat_devices()
{
	doe_mailboxes | while read -r dev _; do
		port=$(cdat_port "$dev")
		[ -z "$port" ] || [ ! -e "$port/CDAT" ] || echo "$dev"
	done | sort -u
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
	od -An -v -tu1 "$table" | awk '
		{ for (i = 1; i <= NF; i++) { byte[n++] = $i; sum += $i } }
		END {
			size = byte[0] + 256 * (byte[1] + 256 * byte[2])
			exit !n || n != size || sum % 256
		}'
}

# memdevs: devices of the CXL memory driver
memdevs()
{
	for mem in "$PCI"/*/mem[0-9]*; do
		[ ! -e "$mem" ] || basename "${mem%/*}"
	done
}

# cdat_reread DEVICE: have the table of a memory device read once more
cdat_reread()
{
	mem=$(basename "$PCI/$1"/mem*)
	for _ in 1 2 3; do
		echo "$mem" >"$CXL/drivers/cxl_mem/unbind"
		# A work item of CXL's unbinds it once more
		sleep 1
		echo "$mem" >"$CXL/drivers/cxl_mem/bind"
		[ -z "$(cdat_port "$1")" ] || return 0
	done
	return 1
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

# has_table DEVICE: CXL has made a port for it
has_table()
{
	[ -n "$(cdat_port "$1")" ] && [ -e "$(cdat_port "$1")/CDAT" ]
}

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
