#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Tests of the command line of pcidoe, on a sysfs made of plain files; TAP.
#
# Registers that are bytes of a file never answer. That is enough for
# everything but an exchange that succeeds, which test-pcidoe.c sees to.

pcidoe=${1:-./pcidoe}
n=0
failed=0
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

bdf=0001:02:03.4
at=$bdf@0x190
dev=$dir/bus/pci/devices/$bdf
aux=$dev/some.name.0

# put OFFSET VALUE: write a 32-bit register
put()
{
	# shellcheck disable=SC2059
	printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $(($2 & 255)) \
		$(($2 >> 8 & 255)) $(($2 >> 16 & 255)) $(($2 >> 24 & 255)))" |
		dd of="$dev/config" bs=1 seek=$(($1)) conv=notrunc 2>/dev/null
}

# get OFFSET: read one
get()
{
	od -An -tx4 -j $(($1)) -N 4 "$dev/config" | tr -d ' '
}

# A device with a DOE Capability of version 2 at 0x190, perhaps one at 0x1a8
fresh()
{
	rm -rf "$dir/bus"
	mkdir -p "$dev" "$dir/bus/auxiliary/drivers/fake"
	head -c 4096 /dev/zero > "$dev/config"
	echo 0x8086 > "$dev/vendor"
	echo 0x0d93 > "$dev/device"
	put 0x00 0x0d938086
	put 0x04 0x00100000		# capability list
	put 0x34 0x40
	put 0x40 0x00020010		# PCI Express
	put 0x100 0x1900000b		# vendor-specific
	put 0x190 0x0002002e
	put 0x194 0x00000007		# interrupt message 3
	if [ "$1" = two ]; then
		put 0x190 0x1a82002e
		put 0x1a8 0x0001002e
	fi
}

# auxiliary OFFSET [bound]: the kernel shares the mailbox
auxiliary()
{
	mkdir -p "$aux"
	echo "$1" > "$aux/offset"
	ln -s ../../../../auxiliary "$aux/subsystem"
	: > "$dir/bus/auxiliary/drivers/fake/unbind"
	: > "$dir/bus/auxiliary/drivers_probe"
	[ -z "$2" ] || ln -s ../../../../auxiliary/drivers/fake "$aux/driver"
}

# is WHAT: the result of the last test or command
is()
{
	rc=$?
	n=$((n + 1))
	if [ $rc -eq 0 ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$dir/out" "$dir/err" 2>/dev/null
		failed=1
	fi
}

run()
{
	"$pcidoe" --sysfs "$dir" --dev "$dir/dev" "$@" > "$dir/out" 2> "$dir/err"
	rc=$?
}

# gives CODE PATTERN ARGUMENT...: exit code, and one line of error that fits
gives()
{
	want=$1
	pattern=$2
	shift 2
	run "$@"
	[ $rc -eq "$want" ] && [ "$(wc -l < "$dir/err")" -eq 1 ] &&
		grep -q "$pattern" "$dir/err"
	is "exit $want: pcidoe $*"
}

# machine_readable WHAT: so is the output of the last command
machine_readable()
{
	python3 -c "import json, sys; json.load(sys.stdin)" < "$dir/out" \
		> "$dir/err" 2>&1
	is "$1: valid JSON"
}

echo "TAP version 13"

"$pcidoe" --help > "$dir/out" && grep -q "EXIT STATUS" "$dir/out"
is "--help"

fresh
gives 1 "no command"
gives 1 "no such command" frobnicate
gives 1 "wrong arguments" discover
gives 1 "wrong arguments" discover $at extra
gives 1 "wrong arguments" exchange $at
gives 1 "invalid option\|unrecognized" --frob list
gives 1 "not .domain" list 1:2:3
gives 1 "not VID:TYPE" exchange $at 1:2:3
gives 1 "not VID:TYPE" exchange $at "1: 2"
gives 1 "hex digits" exchange $at 1e98:02 123
gives 1 "hex digits" exchange $at 1e98:02 12 0x34
gives 1 "more than" exchange $at 1e98:02 @/dev/zero
gives 8 "No such file" exchange $at 1e98:02 @"$dir/none"
gives 2 "no such device" list 1:2:3.5
gives 2 "no DOE Capability at" discover $bdf@194
gives 8 "No such file" --sysfs "$dir/none" list

run list
grep -q "$at .*id=8086:0d93 version=2 message=3 status=idle owner=unknown" \
	"$dir/out"
is "list"
run --json list
grep -q '"device": "0001:02:03.4"' "$dir/out"
is "list --json"
machine_readable "list --json"
cp "$dev/config" "$dir/before"

gives 4 "doesn't tell who owns" discover $bdf
gives 2 "no doe_features" features $bdf
gives 4 "no auxiliary device" take $bdf
gives 4 "no auxiliary device" give $bdf

mkdir "$dev/doe_features"
: > "$dev/doe_features/0001:00"
: > "$dev/doe_features/1e98:02"
gives 4 "can't hand it over" discover $bdf
run features $bdf
[ $rc -eq 0 ] && [ "$(sort "$dir/out" | tail -n 1)" = \
	'1e98:02   name="CXL Table Access (CDAT)"' ]
is "features"

auxiliary 0x190 bound
for command in discover cdat compliance spdm-version "exchange 1234:56"; do
	# shellcheck disable=SC2086
	set -- $command
	command=$1
	shift
	gives 4 "see 'pcidoe take'" "$command" $at "$@"
done
gives 4 "see 'pcidoe take'" cdat $bdf
gives 4 "the kernel keeps it" take $bdf
[ "$(cat "$dir/bus/auxiliary/drivers/fake/unbind")" = some.name.0 ]
is "take unbinds the auxiliary device"
run give $bdf
[ $rc -eq 0 ] && grep -q "owner=kernel" "$dir/out"
is "give of what the kernel has"
ln -s /nowhere/vfio-pci "$dev/driver"
gives 4 "vfio" discover $bdf
rm "$dev/driver"
cmp -s "$dir/before" "$dev/config"
is "nothing was written to the mailbox so far"

rm "$aux/driver"
gives 4 "won.t take it" give $bdf
[ "$(cat "$dir/bus/auxiliary/drivers_probe")" = some.name.0 ]
is "give has the bus probe the auxiliary device"
run take $bdf
[ $rc -eq 0 ] && grep -q "owner=user" "$dir/out"
is "take of what user space has"

# The kernel refuses to hand over what carries SPDM: only debugfs tells
: > "$dev/doe_features/0001:01"
gives 4 "doesn't tell who owns" discover $at
mkdir -p "$dir/kernel/debug"
counters="exchanges 1 errors 0 aborts 1 interrupts 0 spurious 0 polls 3"
cat > "$dir/kernel/debug/pci_doe" <<END
0001:02:03.4 180 owner user phase idle holds user polled features - $counters
0001:02:03.4 190 owner core phase idle holds - polled features 0001:00,0001:01 $counters
END
gives 4 "can't hand it over" discover $at
run list $bdf
grep -q "owner=kernel-core .*features=0001:00,0001:01$" "$dir/out"
is "list, with what debugfs tells"
run list --json $bdf
[ "$(tr -d ' \n' < "$dir/out" | sed 's/.*"features"://')" = \
	'["0001:00","0001:01"]}]}' ]
is "list --json, with what debugfs tells"
machine_readable "list --json, with what debugfs tells"
run features --json $bdf
machine_readable "features --json"
sed -i 's/owner core phase idle holds -/owner user phase idle holds user/' \
	"$dir/kernel/debug/pci_doe"
run list $bdf
grep -q "owner=user" "$dir/out"
is "list of a mailbox handed over as debugfs tells"
rm -r "$dir/kernel" "$dev/doe_features"

put 0x198 0x0000000e
gives 5 "no response" -q exchange $at 1234:56 00 1122
[ "$(get 0x198)" = 0000000f ] && [ "$(get 0x1a0)" = 00221100 ]
is "an exchange without response ends with an abort, Control is kept"

# Of several devices one cannot be read to the end, one has no room for one
fresh
put 0x194 0x00003007
put 0x19c 0x0000001a
sick=$dir/bus/pci/devices/0001:02:03.5
far=$dir/bus/pci/devices/0001:02:03.6
for copy in "$sick" "$far" "$dir/bus/pci/devices/0001:02:03.3"; do
	cp -r "$dev" "$copy"
done
truncate -s $((0x198)) "$sick/config"
other=$dev
dev=$far
put 0x190 0xff02002e
put 0xff0 0x0002002e
dev=$other
run list
[ $rc -eq 3 ] && [ "$(cut -d' ' -f1 "$dir/out" | tr '\n' ' ')" = \
	"0001:02:03.3@0x190 $at 0001:02:03.5@0x190 0001:02:03.6@0x190 0001:02:03.6@0xff0 " ]
is "list: sorted, whatever cannot be read"
grep -q '^0001:02:03.5@0x190 id=8086:0d93 error="no permission" owner' "$dir/out" &&
	grep -q "2 of 5 could not be read" "$dir/err"
is "list says what cannot be read, and not that it has version 0"
grep -q '@0xff0 .*error="registers beyond configuration space"' "$dir/out"
is "list of a capability that does not fit"
grep -q "$at .*message=3 capabilities=attention,async status=idle,interrupt,async,attention" \
	"$dir/out"
is "list shows Attention, Async Message and Interrupt Status"
run list --json
machine_readable "list --json of what cannot be read"
gives 2 "beyond configuration space" --force discover 0001:02:03.6@ff0
gives 3 "no permission" --force discover 0001:02:03.5

# report: the same in full, without what is nobody's business
mkdir -p "$dir/kernel/debug" "$dir/kernel/tracing" "$dir/dev"
cat > "$dir/kernel/debug/pci_doe" <<END
0001:02:03.4 190 owner core phase idle holds - irq 33 features 0001:00 exchanges 7 errors 1
END
cat > "$dir/kernel/tracing/trace" <<END
# tracer: nop
 kworker-5 [000] d..1. 3.000100: pci_doe_request: 0001:02:03.4 [190] 0001:00 4 bytes
 kworker-5 [000] d..1. 3.000150: pci_doe_request: 0001:02:03.4 [1a8] 0001:00 4 bytes
 kworker-5 [000] d..1. 3.000300: pci_doe_response: 0001:02:03.4 [190] 0001:00 4 bytes
 kworker-5 [000] d..1. 4.000000: pci_doe_request: 0001:02:03.4 [190] 0001:00 4 bytes
 kworker-5 [000] d..1. 4.000400: pci_doe_response: 0001:02:03.4 [190] 0001:00 4 bytes
END
cat > "$dir/dev/kmsg" <<END
6,1,1000001,-;pci 0001:02:03.4: DOE: [190] 00:1a:2b:3c:4d:5e of $(hostname) is dead
 DEVICE=+pci:0001:02:03.4
6,2,1000002,-;pci 0001:02:03.4: DOE: [190] serial number 12345
6,3,1000003,-;eth0: link up
END
cp "$dev/config" "$dir/before"
run report $bdf
while read -r line; do
	grep -q "^ *$line" "$dir/out" || rc="$line is missing"
done <<END
kernel .*release=$(uname -r)
capabilities *value=0x3007 interrupt_support=yes interrupt_message=3 attention
status *value=0x1a interrupt_status=yes async_message_status=yes at_attention
kernel *owner=core phase=idle holds=- irq=33 exchanges=7 errors=1
latency *responses=2 min=200us mean=300us max=400us
log *time=1.000001 text=".*DOE: .190. xx:xx:xx:xx:xx:xx of x*
END
echo "$rc" >> "$dir/err"
[ "$rc" = 0 ]
is "report"
! grep -qw "12345\|$(hostname)\|link" "$dir/out" &&
	cmp -s "$dir/before" "$dev/config"
is "report names no serial number and no host, and only reads"
cp "$dir/out" "$dir/report"
run report -o "$dir/file" $bdf
[ $rc -eq 0 ] && [ ! -s "$dir/out" ] && cmp -s "$dir/file" "$dir/report"
is "report -o"
gives 8 "none" report -o "$dir/none/file" $bdf
run report --json
[ $rc -eq 3 ]
is "report, of what cannot be read"
machine_readable "report --json"

# dump FILE: what lspci -xxxx prints of the device
dump()
{
	echo "10000:02:03.4 0502: 8086:0d93 (rev 01)"
	od -An -v -tx1 -w16 "$dev/config" |
		awk '{ printf "%02x:%s\n", (NR - 1) * 16, $0 }'
	echo
}
dump > "$dir/dump"
run list --dump "$dir/dump"
list="10000:02:03.4@0x190 id=8086:0d93 version=2 message=3"
list="$list capabilities=attention,async status=idle,interrupt,async,attention"
[ $rc -eq 0 ] && [ "$(cat "$dir/out")" = "$list" ]
is "list --dump"
run report --json --dump "$dir/dump" 10000:2:3.4@190
[ $rc -eq 0 ] && grep -q '"at_attention": true' "$dir/out"
is "report --dump"
machine_readable "report --dump --json"
head -n 17 "$dir/dump" > "$dir/short"
run list --json --dump "$dir/short"
machine_readable "list --json --dump without extended configuration space"
! grep -q '"offset"' "$dir/out"
is "which has no offset"
gives 3 "1 of 1" list --dump "$dir/short"
grep -q '^10000:02:03.4 .*error="not in the dump"' "$dir/out"
is "list --dump without extended configuration space"
head -n 26 "$dir/dump" > "$dir/short"
gives 3 "1 of 1" list --dump "$dir/short"
sed 's/^20:/30:/' "$dir/dump" > "$dir/short"
gives 1 "line 4 of the dump" list --dump "$dir/short"
gives 1 "not a dump" list --dump /dev/null
gives 8 "No such file" list --dump "$dir/none"
gives 2 "no DOE Capability" list --dump "$dir/dump" 0:0.0
gives 1 "wrong arguments" discover --dump "$dir/dump" 0:0.0
rm -r "$dir/kernel" "${dir:?}/dev"

# A FIFO echoes what is written: as much of a character device as is needed
mkdir -p "$dir/dev/pci-doe"
mkfifo "$dir/dev/pci-doe/$bdf@190"
fresh
auxiliary 0x190 bound
cp "$dev/config" "$dir/before"
run list $bdf
grep -q "owner=kernel .*cdev=$dir/dev/pci-doe/$bdf@190" "$dir/out"
is "list shows a character device"
run exchange $at 1234:56 1122334455
[ $rc -eq 0 ] && grep -q "length=8" "$dir/out" &&
	grep -q "11 22 33 44 55 00 00 00" "$dir/out"
is "exchange through the character device, beside the kernel"
run discover $at
[ $rc -eq 0 ] && grep -q "^0200:00" "$dir/out"
is "discover through the character device"
gives 7 "bad CDAT response" cdat $bdf@190

# serving ARGUMENT...: a server in the background, at $port of this machine
serving()
{
	"$pcidoe" --sysfs "$dir" --dev "$dir/dev" serve "$@" $at \
		> "$dir/served" 2> "$dir/warned" &
	server=$!
	until grep -q "listen=" "$dir/served" 2>/dev/null; do
		kill -0 $server 2>/dev/null || return
	done
	port=$(sed -n 's/.*:\([0-9]*\)$/\1/p' "$dir/served")
}
serving --listen 127.0.0.1:0
run exchange tcp:127.0.0.1:"$port" 1234:56 1122334455
[ $rc -eq 0 ] && grep -q "11 22 33 44 55 00 00 00" "$dir/out" &&
	[ ! -s "$dir/warned" ]
is "serve: a client's exchange"
run --json discover tcp:127.0.0.1:"$port"
[ $rc -eq 0 ] && grep -q '"0200:00"' "$dir/out"
is "serve: the next client's discover"
gives 7 "bad SPDM VERSION" spdm-version tcp:127.0.0.1:"$port"
gives 1 "in use" serve --listen 127.0.0.1:"$port" $at
kill -TERM $server
wait $server
[ $? -eq 143 ]
is "serve ends by SIGTERM"
gives 2 "Connection refused" exchange tcp:127.0.0.1:"$port" 1234:56
serving --listen 0.0.0.0:0
kill $server
grep -q "warning: whoever reaches 0.0.0.0:0" "$dir/warned"
is "serve warns of an address that is not loopback"
gives 1 "not HOST:PORT" serve --listen 2323 $at
gives 1 "wrong arguments" serve
gives 1 "not .domain" list tcp:127.0.0.1:2323
gives 7 "bad CDAT response" cdat $bdf@190
gives 7 "bad Compliance response" compliance $bdf@190
gives 7 "bad SPDM VERSION" spdm-version $bdf@190
cmp -s "$dir/before" "$dev/config"
is "registers are left alone beside the character device"
gives 5 "no response" -q --force exchange $at 1234:56
rm "$aux/driver"
gives 5 "no response" -q exchange $at 1234:56
rm "$dir/dev/pci-doe/$bdf@190"
ln -s "$dir/dev/none/x" "$dir/dev/pci-doe/$bdf@190"
ln -s ../../../../auxiliary/drivers/fake "$aux/driver"
gives 4 "see 'pcidoe take'" exchange $at 1234:56
rm -r "${dir:?}/dev"

# Lockdown lets root read and not write, as a sealed file does
fresh
auxiliary 0x190
mkdir -p "$dir/kernel/security"
echo "none [integrity] confidentiality" > "$dir/kernel/security/lockdown"
mkfifo "$dir/ready"
python3 - "$dev/config" "$dir/ready" <<'END' &
import fcntl, os, sys, time
fd = os.memfd_create("config", os.MFD_ALLOW_SEALING)
os.write(fd, open(sys.argv[1], "rb").read())
fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)
os.remove(sys.argv[1])
os.symlink(f"/proc/{os.getpid()}/fd/{fd}", sys.argv[1])
open(sys.argv[2], "w").close()
time.sleep(60)
END
sealed=$!
cat "$dir/ready"
gives 3 "cannot write register .*, the kernel is locked down" discover $at
kill $sealed
rm -r "$dir/kernel" "$dir/ready"

fresh
auxiliary 0x190
put 0x19c 0x00000001
gives 5 "stays busy" -q discover $at
put 0x19c 0x00000004
gives 5 "stays busy" -q discover $at
fresh
auxiliary 0x190
put 0x19c 0xffffffff
gives 2 "is gone" discover $at
head -c 4096 /dev/zero | tr '\0' '\377' > "$dev/config"
gives 2 "is gone" discover $at

fresh
auxiliary 0x190
run discover $at
[ $rc -eq 5 ] && grep -q "discover: working for 1.* s" "$dir/err"
is "a progress line after a second"

fresh
auxiliary 0x190
"$pcidoe" --sysfs "$dir" -q discover $at 2> /dev/null &
sleep 0.3
gives 4 "another process" discover $at
gives 4 "another process" give $at
wait

for signal in INT TERM; do
	fresh
	auxiliary 0x190
	timeout -s $signal 0.4 "$pcidoe" --sysfs "$dir" discover $at \
		2> "$dir/err"
	rc=$?
	grep -q interrupted "$dir/err" && [ "$(get 0x198)" = 00000001 ]
	is "an abort after SIG$signal"
done

fresh two
auxiliary 0x1a8
gives 1 "has 2 mailboxes" discover $bdf
gives 1 "has 2 mailboxes" take $bdf
gives 5 "0x1a8: no response" -q cdat $bdf
gives 4 "0x190" -q cdat $at
[ "$(get 0x1a0)" = 00000000 ]
is "of two mailboxes only the free one was used"

# As a user without privileges, to whom the kernel shows little
fresh
auxiliary 0x190
chmod 755 "$dir"
chmod 444 "$dev/config"
head -c 64 "$dev/config" > "$dir/config"
cp "$dir/config" "$dev/config"
cp "$pcidoe" "$dir/pcidoe"
user=
[ "$(id -u)" -ne 0 ] || user="setpriv --reuid 65534 --clear-groups"
for command in "list" "discover $at"; do
	# shellcheck disable=SC2086
	$user "$dir/pcidoe" --sysfs "$dir" $command > "$dir/out" 2> "$dir/err"
	[ $? -eq 3 ] && [ "$(wc -l < "$dir/err")" -eq 1 ] &&
		grep -q "no permission" "$dir/err"
	is "exit 3: pcidoe $command"
done

mkdir "$dev/doe_features"
: > "$dev/doe_features/0001:00"
# shellcheck disable=SC2086
$user "$dir/pcidoe" --sysfs "$dir" features $bdf > "$dir/out" 2> "$dir/err" &&
	grep -q "^0001:00" "$dir/out"
is "features, as a user"
$user "$dir/pcidoe" --sysfs "$dir" list > "$dir/out" 2> "$dir/err"
grep -q '^0001:02:03.4 .*error="no permission"' "$dir/out"
is "list as a user names a device that has mailboxes"

# A table that ends in the midst of an entry: what there is, closed
printf '\044\0\0\0\001\0\0\0\0\0\0\0\0\0\0\0' > "$dir/table"
printf '\0\0\030\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' >> "$dir/table"
gives 7 "CDAT: length 24" cdat --json --decode "$dir/table"
machine_readable "cdat --json of a bad table"

"$pcidoe" --help > /dev/full 2> "$dir/err"
[ $? -eq 8 ]
is "exit 8: output that can't be written"

echo "1..$n"
exit $failed
