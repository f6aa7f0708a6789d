# SPDX-License-Identifier: GPL-2.0
# What the host of a virtual machine can do to its devices.
#
# DOE_MONITOR names a file with lines "DEVICE ACTION COMMAND" for QEMU's
# monitor, which is at the other end of the serial port MONITOR_PORT.

. "$(dirname "$0")/doe_lib.sh"

MONITOR_PORT=/dev/ttyS3

# can ACTION: devices to which it can be done
can()
{
	sed -n "s/ $1 .*//p" "${DOE_MONITOR:-/dev/null}"
}

# have_done DEVICE ACTION
have_done()
{
	command=$(sed -n "s/^$1 $2 //p" "$DOE_MONITOR")
	# Until it is switched off, the port echoes what comes, and QEMU's greeting
	# was cut short somewhere: FFh makes QEMU forget the rest of a command
	{
		printf '\377'
		echo '{"execute":"qmp_capabilities"}'
		echo '{"execute":"human-monitor-command","id":"it",' \
			'"arguments":{"command-line":"'"$command"'"}}'
	} >&3
	# Before the reply come events, and refusals of FFh and of a second greeting
	reply=$(timeout 20 grep -m 1 '"id": "it"' <&3)
	case $reply in
	*'"return": "Error'*) ;;
	*'"return"'*) return ;;
	esac
	echo "# the monitor says to $2 $1: ${reply:-nothing}"
	return 1
}

# It stays open: what is under way when it is closed would be lost
if [ -n "$DOE_MONITOR" ]; then
	exec 3<>$MONITOR_PORT
	stty raw -echo <&3
fi
