# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# apt from suites the machine does not list itself. Sourced after mk/lib.sh.
#
# Nothing of the machine's apt configuration is changed: a private list with
# its own state is kept below build/apt/. Where packages come from is taken
# from that configuration, at run time, with the key it names.

# apt_targets OPTION...: the indexes apt knows of. It tells only about those it
# has fetched.
apt_targets()
{
	# shellcheck disable=SC2016 # apt expands these
	apt-get "$@" indextargets --format \
		'$(CREATED_BY)|$(COMPONENT)|$(RELEASE)|$(REPO_URI)|$(SOURCESENTRY)'
}

# apt_archive: print "URI<tab>OPTIONS" of the archive this machine's release
# comes from, OPTIONS being what goes between brackets in a one-line source.
apt_archive()
{
	targets=$(apt_targets)
	if [ -z "$targets" ]; then	# as in most container images
		own=$BUILD/apt/own
		mkdir -p "$own/lists/partial" "$own/cache/archives/partial"
		set -- -o "Dir::State::Lists=$own/lists" -o "Dir::Cache=$own/cache" -o APT::Sandbox::User=root
		apt-get -q "$@" update >"$own/update.log" 2>&1 || cat "$own/update.log" >&2
		targets=$(apt_targets "$@")
	fi
	printf '%s\n' "$targets" |
	while IFS='|' read -r by component release uri entry; do
		case $by.$component.$release in
		"Packages.main.$(apt_codename)") ;;
		Packages.main.oldstable|Packages.main.stable) ;;
		Packages.main.testing|Packages.main.unstable|Packages.main.sid) ;;
		*) continue ;;
		esac
		printf '%s\t%s\n' "${uri%/}" "$(apt_source_options "$entry")"
		break
	done
}

# apt_codename: this machine's release, empty on one that has none.
apt_codename()
{
	# shellcheck disable=SC1091
	(. /etc/os-release && printf '%s\n' "${VERSION_CODENAME:-}")
}

apt_is_debian()
{
	command -v apt-get >/dev/null || return 1
	# shellcheck disable=SC1091
	(. /etc/os-release && [ "${ID:-}" = debian ])
}

# apt_source_options FILE:N: signed-by and trusted of the Nth source in FILE
# (line of a .list, stanza of a .sources). Without a key in it: the archive's
# own keyring, as newer suites may be signed by keys that only it has.
apt_source_options()
{
	file=${1%:*} nr=${1##*:} options=
	if [ -r "$file" ]; then
		case $file in
		*.sources) options=$(apt_stanza_options "$file" "$nr") ;;
		*) options=$(sed -n "${nr}s/^[[:space:]]*deb[^[]*\[\([^]]*\)\].*/\1/p" "$file" |
			tr ' ' '\n' | grep -E '^(signed-by|trusted)=' | tr '\n' ' ') || options= ;;
		esac
	fi
	case $options in
	*signed-by=*|*trusted=yes*) ;;
	*)
		for key in gpg pgp; do
			key=/usr/share/keyrings/debian-archive-keyring.$key
			[ -r "$key" ] && options="$options signed-by=$key" && break
		done
		;;
	esac
	printf '%s\n' "$options" | sed 's/^ *//; s/ *$//'
}

# apt_stanza_options FILE N: the same out of deb822 form. A key written into
# the stanza is put in a file of its own.
apt_stanza_options()
{
	mkdir -p "$BUILD/apt"
	awk -v want="$2" -v key="$BUILD/apt/key.asc" '
		BEGIN { stanza = 1 }
		/^#/ { next }
		/^[[:space:]]*$/ { if (seen) { stanza++; seen = 0 } field = ""; next }
		{ seen = 1 }
		stanza != want { next }
		/^[^[:space:]]/ {
			field = tolower($0); sub(/:.*/, "", field)
			value = $0; sub(/^[^:]*:[[:space:]]*/, "", value)
		}
		field == "trusted" && /^[^[:space:]]/ { printf "trusted=%s ", tolower(value) }
		field == "signed-by" && /^[^[:space:]]/ && value != "" {
			gsub(/[[:space:]]+/, ",", value); printf "signed-by=%s ", value
		}
		field == "signed-by" && /^[[:space:]]/ {
			sub(/^[[:space:]]+/, "")
			if (!inkey && $0 ~ /^\//) { printf "signed-by=%s ", $0; next }
			if (!inkey++) { printf "" > key; printf "signed-by=%s ", key }
			print ($0 == "." ? "" : $0) >> key
		}' "$1"
}

# apt_private NAME SUITE...: set up the private list NAME and fetch its
# indexes; run apt on it with apt_with NAME. Fails if a suite cannot be had.
apt_private()
{
	name=$1
	shift
	apt_dir=$BUILD/apt/$name
	archive=$(apt_archive)
	[ -n "$archive" ] || die "found no package archive in this machine's apt configuration"
	uri=$(printf '%s' "$archive" | cut -f1)
	options=$(printf '%s' "$archive" | cut -f2)
	mkdir -p "$apt_dir/lists/partial" "$apt_dir/cache/archives/partial"
	for suite in "$@"; do
		printf 'deb [%s] %s %s main\n' "$options" "$uri" "$suite"
	done | sed 's/ \[\]//' > "$apt_dir/sources.list"
	apt_with "$name" apt-get -q update -o APT::Update::Error-Mode=any >"$apt_dir/update.log" 2>&1 || {
		cat "$apt_dir/update.log" >&2
		return 1
	}
}

# apt_with NAME COMMAND...: run COMMAND (an apt tool) on the private list.
apt_with()
{
	apt_dir=$BUILD/apt/$1
	tool=$2
	shift 2
	set -- "$tool" -o "Dir::Etc::SourceList=$apt_dir/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
		-o "Dir::State::Lists=$apt_dir/lists" -o "Dir::Cache=$apt_dir/cache" \
		-o APT::Sandbox::User=root "$@"
	case $* in
	*" install "*) as_root env DEBIAN_FRONTEND=noninteractive "$@" ;;
	*) "$@" ;;
	esac
}
