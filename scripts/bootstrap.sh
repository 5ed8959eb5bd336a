# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# bootstrap.sh: sourced by the commands; installs the packages they need, then starts the
# runner. Plain sh, since the machine may have nothing else.

self=scripts/$(basename -- "$0")

die()
{
	echo "$self: $*" >&2
	exit 125
}

here=$(cd -- "$(dirname -- "$0")" && pwd) || die "cannot find the folder of $0"

# wanted GROUP COMMAND ARG...: is the group for each command, for this one, or for a word that
# an argument is or ends with, as 6.12 in debug-6.12 and --kernel=6.12? Not in rt-6.12, which
# needs other packages than the rest of its series.
wanted()
{
	group=$1 command=$2
	shift 2
	case $group in
	all | "$command") return 0 ;;
	'' | '#') return 1 ;;
	esac
	for arg; do
		case $arg in
		"$group" | *="$group") return 0 ;;
		rt-* | *=rt-*) ;;
		*-"$group") return 0 ;;
		esac
	done
	return 1
}

# missing_packages COMMAND ARG...: package and reason of each line of the list that is wanted
# and not installed
missing_packages()
{
	while read -r group package why; do
		wanted "$group" "$@" || continue
		case $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) in
		ii*) ;;
		*) echo "$package $why" ;;
		esac
	done <"$here/packages"
}

# apt-get, as root, its words in a log that is shown only when it fails
apt()
{
	$sudo env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 && return
	tail -n 20 "$log" >&2
	die "apt-get $1 failed; its whole output is in $log"
}

install_packages()
{
	sudo=
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null ||
			die "these need root, and there is no sudo; as root: apt-get install $*"
		sudo=sudo
	fi
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/refcdev
	log=$cache/apt.log
	if ! mkdir -p "$cache" || ! : >"$log"; then
		die "cannot write to the cache folder $cache"
	fi
	echo "apt-get update, apt-get install (a minute or two; log: $log)" >&2
	apt update
	apt install --no-install-recommends "$@"
}

# bootstrap COMMAND ARG...: check the list for the command and its arguments
bootstrap()
{
	command=$1
	shift
	install=yes
	for arg; do
		case $arg in
		--no-install) install=no ;;
		--help | -h | --list | --dry-run)
			command -v python3 >/dev/null && return
			[ "$arg" = --help ] || [ "$arg" = -h ] || continue
			sed -n 's/^# \{0,1\}//p' "$0"
			exit 0
			;;
		esac
	done
	command -v dpkg-query >/dev/null || die "this needs Debian's dpkg and apt-get"
	missing=$(missing_packages "$command" "$@")
	if [ -n "$missing" ]; then
		echo "$self needs these packages:" >&2
		echo "$missing" | while read -r package why; do
			printf '  %-26s%s\n' "$package" "$why" >&2
		done
		[ $install = yes ] || die "not installed, as told"
		# shellcheck disable=SC2046 # one word per package
		install_packages $(echo "$missing" | sed 's/ .*//')
	fi
	if [ $install = no ]; then
		echo "$self: all packages are installed" >&2
		exit 0
	fi
}

# start COMMAND ARG...: the runner takes over
start()
{
	PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1
	export PYTHONPATH PYTHONDONTWRITEBYTECODE
	exec python3 -m refcdevlib "$@"
}
