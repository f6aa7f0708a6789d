# SPDX-License-Identifier: GPL-2.0
# What the host of a virtual machine can do to its devices.
#
# DOE_MONITOR names a file with lines "DEVICE ACTION COMMAND" for QEMU's
# monitor, which is at the other end of the serial port MONITOR_PORT.

. "$(dirname "$0")/doe_user.sh"

MONITOR_PORT=/dev/ttyS3

# can ACTION: devices to which it can be done
can()
{
	[ ! -e "${DOE_MONITOR:-/none}" ] ||
		sed -n "s/ $1 .*//p" "$DOE_MONITOR"
}

# have_done DEVICE ACTION.  The port may lose something: all is said again then.
have_done()
{
	for _ in 1 2 3; do
		ask "$1" "$2"
		case $reply in
		*'"return": "Error'* | *CommandNotFound*) ;;
		*'"return"'*) return ;;
		esac
	done
	echo "# the monitor says to $2 $1: ${reply:-nothing}"
	return 1
}

# ask DEVICE ACTION: the monitor to do it; its answer in $reply
ask()
{
	command=$(sed -n "s/^$1 $2 //p" "$DOE_MONITOR")
	# Only the reply with its own id counts: before it come events, and the
	# refusal of any but the first greeting
	{
		echo '{"execute":"qmp_capabilities"}'
		echo '{"execute":"human-monitor-command","id":"it",' \
			'"arguments":{"command-line":"'"$command"'"}}'
	} >&3
	reply=$(timeout 20 grep -m 1 '"id": "it"' <&3)
}

# It stays open: what is under way when it is closed would be lost
if [ -e "${DOE_MONITOR:-/none}" ]; then
	exec 3<>$MONITOR_PORT
	stty raw -echo <&3
fi
