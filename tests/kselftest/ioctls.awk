# SPDX-License-Identifier: GPL-2.0-only
#
# ioctls.awk - make C of the tables in ioctls.md, and of what the headers define
#
#	awk -f ioctls.awk ioctls.md liveupdate.h iommufd.h vfio.h
#
# prints, for each row, IOCTL_ROW(name, "what else", function, cells), and for
# each ioctl or feature of a header, IOCTL_DEFINED(name).

FNR == 1 {
	table = FILENAME ~ /\.md$/
	line = ""
}

function cell(text) {
	gsub(/ /, "", text)
	if (text == "works")
		return "0"
	if (text == "waits")
		return "IOCTL_WAITS"
	if (text == "-")
		return "IOCTL_NO_FILE"
	if (text ~ /^E[A-Z0-9]+$/)
		return "-" text
	print FILENAME ":" FNR ": what is '" text "'?" >"/dev/stderr"
	exit 1
}

table && /^\| `[A-Z]/ && !/ normal \|/ {
	if (split($0, cells, / *\| */) != 9) {
		print FILENAME ":" FNR ": not seven columns" >"/dev/stderr"
		exit 1
	}
	match(cells[2], /`[^`]*`/)
	name = substr(cells[2], RSTART + 1, RLENGTH - 2)
	more = substr(cells[2], RSTART + RLENGTH)
	call = "call_" name more
	gsub(/[^A-Za-z0-9]+/, "_", call)
	printf "IOCTL_ROW(%s, \"%s\", %s", name, more, call
	for (i = 3; i <= 8; i++)
		printf ", %s", cell(cells[i])
	print ")"
}

# A definition may go on in the next line
!table {
	line = line $0
	if (sub(/\\$/, " ", line))
		next
	sub(/\/\*.*/, "", line)
	split(line, word, /[ \t()]+/)
	if (word[1] == "#define" && word[3] ~ /^_IO[RW]*$/)
		print "IOCTL_DEFINED(" word[2] ")"
	else if (line ~ /^#define VFIO_DEVICE_FEATURE_/ && word[3] ~ /^[0-9]+$/ && word[4] == "")
		print "IOCTL_DEFINED(" word[2] ")"
	line = ""
}
