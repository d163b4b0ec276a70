# setup.sh - what demo and check do before anything else; sourced with the arguments that they got.
# shellcheck shell=sh disable=SC2034
me=${0##*/}
case ${1-} in
"") ;;
-h | --help)
	sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
	exit 0
	;;
*)
	echo "$me: it takes no arguments: $1" >&2
	exit 2
	;;
esac

build="gcc make libc6-dev libzstd-dev libcsv-dev libpcap-dev libssl-dev libxxhash-dev"
headers="the headers of libzstd, libcsv, libpcap, OpenSSL and libxxhash"

missing() {
	for p in "$@"; do
		case $(dpkg-query -W -f '${Status}' "$p" 2> /dev/null || true) in
		*" installed") ;;
		*) printf '%s ' "$p" ;;
		esac
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo > /dev/null; then
		sudo "$@"
	else
		echo "$me: not root and no sudo; run as root: apt-get install $wanted" >&2
		exit 3
	fi
}

# PACKAGE...: see to it that they are there.  false: there is no apt-get.
install_packages() {
	command -v apt-get > /dev/null && command -v dpkg-query > /dev/null || return 1
	# shellcheck disable=SC2046
	set -- $(missing "$@")
	[ $# -gt 0 ] || return 0
	wanted=$*
	echo "installing: $wanted"
	# One source that does not answer need not be the one with these packages.
	as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q ||
		echo "$me: apt-get update failed; going on with the lists that are there" >&2
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" || {
		echo "$me: these packages could not be installed; install them, then run bin/$me again: $wanted" >&2
		exit 3
	}
}

# COMMAND...: the first that is missing.
missing_command() {
	for c in "$@"; do
		command -v "$c" > /dev/null || { echo "$c"; return; }
	done
}
