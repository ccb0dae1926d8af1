# SPDX-License-Identifier: GPL-2.0-only
# Lists "target: ... ## text" and "##@ heading" lines of the makefiles given.

/^##@ / { printf "%s%s\n", n++ ? "\n" : "", substr($0, 5) }

/^[a-z][a-z-]*:.*## / {
	target = $0
	sub(/:.*/, "", target)
	sub(/.*## /, "")
	printf "  make %-16s %s\n", target, $0
}

END {
	print "\nVariables"
	print "  KDIR=/path     use that Linux 7.3 tree (copied, not modified)"
	print "  JOBS=n         parallel jobs of the kernel builds (default: all cores)"
	print "  BUILD=/path    build folder (default: build/)"
}
