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

# write16 DEVICE OFFSET VALUE
write16()
{
	printf %b "$(printf '\\0%03o\\0%03o' $(($3 & 255)) $(($3 >> 8)))" |
		dd of="$PCI/$1/config" bs=2 seek=$(($2 / 2)) conv=notrunc 2>/dev/null
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
	for off in $(doe_offsets "${dev##*/}"); do
		echo "${dev##*/} $off"
	done
done)

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
	grep -F "DOE[$2:$1]" /proc/interrupts | {
		read -r _ counts || return
		sum=0
		for count in $counts; do
			case $count in
			*[!0-9]*) break ;;
			esac
			sum=$((sum + count))
		done
		echo "$sum"
	}
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
	od -An -v -tu1 "$table" | {
		sum=0 length=0 bytes=0
		while read -r line; do
			for byte in $line; do
				[ "$bytes" -ge 4 ] ||
					length=$((length | byte << 8 * bytes))
				bytes=$((bytes + 1))
				sum=$(((sum + byte) & 255))
			done
		done
		[ "$bytes" -gt 0 ] && [ "$bytes" -eq "$length" ] && [ "$sum" -eq 0 ]
	}
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

# plan COUNT: skip everything on a machine that has nothing to test
plan()
{
	ktap_print_header
	if [ "$(id -u)" -ne 0 ] || [ ! -r "$MAILBOXES" ]; then
		ktap_skip_all "needs root, CONFIG_PCI_DOE and debugfs"
		exit "$KSFT_SKIP"
	fi
	if [ "$1" -eq 0 ]; then
		ktap_skip_all "no device to test"
		exit "$KSFT_SKIP"
	fi
	ktap_set_plan "$1"
}
