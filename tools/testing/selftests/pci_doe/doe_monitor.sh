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

# have_done DEVICE ACTION.  The very first greeting may get lost, and nothing be
# done but to say so.
have_done()
{
	for _ in 1 2; do
		ask "$1" "$2"
		case $reply in
		*'"return": "Error'* | *CommandNotFound*) ;;
		*'"return"'*) return ;;
		esac
	done
	echo "# $reply"
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
		while read -r reply; do
			case $reply in
			*'"id": "it"'*) break ;;
			esac
		done
	} <>$MONITOR_PORT >&0
}

[ ! -e "${DOE_MONITOR:-/none}" ] || stty -F $MONITOR_PORT raw -echo
