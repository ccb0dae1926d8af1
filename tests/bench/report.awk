# SPDX-License-Identifier: GPL-2.0-only
# The table of `make bench`, from what membench printed in all guests:
#
#	awk -v sets=SET,... -v flat=SET,SET -f ../../mk/json.awk -f report.awk
#
# A figure is the median of all its measurements, behind it are the smallest and
# the largest of them. A ratio is that of the medians.

/"ev":"bench"/ {
	key = value("kernel") SUBSEP value("set") SUBSEP value("what")
	v[key, ++n[key]] = value("value") + 0
}

# Sorts v[key, 1..n]; returns the median
function median(kernel, set, what,    key, i, j, t)
{
	key = kernel SUBSEP set SUBSEP what
	if (!n[key]) {
		print "bench: nothing measured of " what ", " set ", " kernel > "/dev/stderr"
		missing = 1
		return 0
	}
	for (i = 2; i <= n[key]; i++)
		for (j = i; j > 1 && v[key, j - 1] > v[key, j]; j--) {
			t = v[key, j]
			v[key, j] = v[key, j - 1]
			v[key, j - 1] = t
		}
	i = int((n[key] + 1) / 2)
	return n[key] % 2 ? v[key, i] : (v[key, i] + v[key, i + 1]) / 2
}

function ms(ns)
{
	return sprintf(ns < 1e6 ? "%.4f" : "%.3f", ns / 1e6)
}

# Returns the median
function row(kernel, set, what, label,    m, key)
{
	m = median(kernel, set, what)
	key = kernel SUBSEP set SUBSEP what
	printf "  %-52s %12s   %s .. %s\n", label, ms(m), ms(v[key, 1]), ms(v[key, n[key]])
	return m
}

function bytes(kernel, set, what, label,    m)
{
	m = median(kernel, set, what)
	printf "  %-52s %12d\n", label, m
	return m
}

function ratio(label, a, b)
{
	printf "  %-52s %12s\n", label, b ? sprintf("%.2f", a / b) : "-"
}

function name_of(set,    part)
{
	split(set, part, ":")
	return part[2] " MiB of " (part[3] ? "anonymous " : "") "pages of " (part[1] == 4 ? "4 KiB" : part[1] == 2048 ? "2 MiB" : part[1])
}

# What goes with the memory: all that preserving it took from the free memory
function handed_over(s, memfd,    sum, part)
{
	split(s, part, ":")
	print "\n  Handed over besides the memory, in bytes"
	if (memfd) {
		bytes("stock", s, "bytes-memfd", "7.3, memfd")
		sum = bytes("holdfast", s, "bytes-memfd", "holdfast, memfd")
	}
	sum += bytes("holdfast", s, "bytes-iommufd", "holdfast, iommufd")
	if (memfd)
		ratio("bytes for each extent", sum, median("holdfast", s, "extents"))
	else if (part[1] == 4)
		ratio("bytes for each extent more than half of them",
			median("holdfast", s, "bytes-all") - median("holdfast", s, "bytes-half"),
			median("holdfast", s, "extents") / 2)
	printf "  %-52s %12s\n", "per cent of the memory", sprintf("%.4f", 100 * sum / part[2] / 1048576)
}

# 7.3 does not do that
function anonymous(s)
{
	printf "\n%s, %d extents\n\n  Bringing the IOAS back after kexec\n", name_of(s), median("holdfast", s, "extents")
	row("holdfast", s, "iommufd", "holdfast, retrieve iommufd")
	row("holdfast", s, "attach", "holdfast, attach")
	row("holdfast", s, "restore", "holdfast, sum")
	handed_over(s, 0)
}

END {
	print "Milliseconds of guest time (1 instruction = 1 ns): median, smallest .. largest"
	count = split(sets, set, ",")
	for (i = 1; i <= count; i++) {
		s = set[i]
		if (s ~ /:anon$/) {
			anonymous(s)
			continue
		}
		printf "\n%s, %d extents (stock: %d)\n\n", name_of(s), median("holdfast", s, "extents"),
			median("stock", s, "extents")
		print "  Reading the whole table"
		page = row("stock", s, "pa-page", "7.3, GET_PA for each 4 KiB")
		run = row("stock", s, "pa-run", "7.3, GET_PA for each extent")
		row("holdfast", s, "pa-page", "holdfast, GET_PA for each 4 KiB")
		ours = row("holdfast", s, "pa-run", "holdfast, GET_PA for each extent")
		bulk = row("holdfast", s, "bulk", "holdfast, GET_EXTENTS")
		ratio("7.3 for each 4 KiB : GET_EXTENTS", page, bulk)
		ratio("7.3 for each extent : GET_EXTENTS", run, bulk)
		ratio("7.3 for each extent : holdfast for each extent", run, ours)

		print "\n  Bringing the IOAS back after kexec"
		row("stock", s, "memfd", "7.3, retrieve memfd")
		row("stock", s, "map", "7.3, IOAS_MAP_FILE")
		row("stock", s, "attach", "7.3, attach")
		replay = row("stock", s, "restore", "7.3, sum")
		row("holdfast", s, "memfd", "holdfast, retrieve memfd")
		row("holdfast", s, "iommufd", "holdfast, retrieve iommufd")
		row("holdfast", s, "attach", "holdfast, attach")
		restore = row("holdfast", s, "restore", "holdfast, sum")
		ratio("holdfast : 7.3", restore, replay)
		handed_over(s, 1)
	}

	if (split(flat, set, ",") == 2) {
		print "\nFreeze, with a device\n"
		small = row("holdfast", set[1], "freeze", substr(set[1], 6) " MiB")
		large = row("holdfast", set[2], "freeze", substr(set[2], 6) " MiB")
		ratio(substr(set[2], 6) " MiB : " substr(set[1], 6) " MiB", large, small)
	}
	exit missing
}
