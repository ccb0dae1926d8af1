# SPDX-License-Identifier: GPL-2.0-only
# The time between the last frame a driver handled before the kexec and the first one
# after it, from the events of some runs: medians, smallest and largest.

/"ev":"bench"/ { v[value("what"), ++n[value("what")]] = value("us") / 1000 }

function median(what,    i, j, t)
{
	if (n[what] != runs) {
		print "bench: " n[what] + 0 " of " runs " runs tell of " what > "/dev/stderr"
		exit 1
	}
	for (i = 2; i <= runs; i++)
		for (j = i; j > 1 && v[what, j - 1] > v[what, j]; j--) {
			t = v[what, j]
			v[what, j] = v[what, j - 1]
			v[what, j - 1] = t
		}
	i = int((runs + 1) / 2)
	return runs % 2 ? v[what, i] : (v[what, i] + v[what, i + 1]) / 2
}

function row(what, label,    m)
{
	m = median(what)
	printf "  %-44s %9.1f   (%.1f .. %.1f)\n", label, m, v[what, 1], v[what, runs]
	return m
}

END {
	# A run at a time: what is left is of the same one
	for (i = 1; i <= runs; i++) {
		rest = v["nic-rx", i] - v["kexec", i] - v["boot", i]
		v["rest", ++n["rest"]] = rest
		v["share", ++n["share"]] = 100 * rest / v["nic-rx", i]
	}
	print "Time without a driver, ms"
	row("nic-rx", "last frame before to first frame after")
	row("kexec", "of it: reboot call to the next kernel")
	row("boot", "       that to the daemon")
	row("rest", "       the rest: what holdfast takes")
	row("share", "the rest, of all, per cent (wanted: <= 10)")
}
