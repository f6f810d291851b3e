# SPDX-License-Identifier: GPL-2.0-or-later
# Plots of a benchmark: gnuplot -e "bench='bench/out/nat'" bench/plot.gp
# Reads nat-*.dat, which the bench writes beside its JSON files.

there(name) = int(system(sprintf("test -s '%s-%s.dat' && echo 1 || echo 0", bench, name)))
data(name) = sprintf("%s-%s.dat", bench, name)

set terminal svg size 760,420 font "sans-serif,13" background "#ffffff"
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set boxwidth 0.9
set grid ytics linecolor "#dddddd" linetype 1
set border 3 linecolor "#888888"
set tics nomirror
set key outside top center horizontal
set yrange [0:*]

# gray, blue, orange, green: told apart by people who see fewer colours, too
drop = "#999999"
bare = "#4477aa"
nft = "#ee8866"
daisy = "#228833"

if (there("forward")) {
	set output bench."-forward.svg"
	set title "60-byte packets, one address full (64,512 mappings), one core"
	set ylabel "ns per delivered packet"
	plot data("forward") using 2:xtic(1) title "generator to drop" linecolor rgb drop, \
		"" using 3 title "bare XDP forwarding" linecolor rgb bare, \
		"" using 4 title "nftables" linecolor rgb nft, \
		"" using 5 title "Daisy" linecolor rgb daisy
}

if (there("speed")) {
	set output bench."-speed.svg"
	set title "60-byte packets, one address full (64,512 mappings), one core"
	set ylabel "ns per delivered packet"
	plot data("speed") using 2:xtic(1) title "generator to drop" linecolor rgb drop, \
		"" using 3 title "Daisy, plain" linecolor rgb bare, \
		"" using 4 title "Daisy, port blocks and limits" linecolor rgb daisy
}

if (there("setup")) {
	set output bench."-setup.svg"
	set title "New and removed UDP mappings, one core"
	set ylabel "million per second"
	plot data("setup") using 2:xtic(1) title "nftables" linecolor rgb nft, \
		"" using 3 title "Daisy" linecolor rgb daisy
}

if (there("cores")) {
	set output bench."-cores.svg"
	set title "One core and two"
	set ylabel "million packets per second"
	plot data("cores") using 2:xtic(1) title "one core" linecolor rgb bare, \
		"" using 3 title "two cores" linecolor rgb daisy
}

if (there("bulk")) {
	set output bench."-bulk.svg"
	set title "One TCP stream (iperf3), no offloads"
	set ylabel "Gbit/s"
	plot data("bulk") using 2:xtic(1) notitle linecolor rgb daisy
}

if (there("ping")) {
	set output bench."-ping.svg"
	set title "Ping through an idle box, median round trip"
	set ylabel "microseconds"
	plot data("ping") using 2:xtic(1) notitle linecolor rgb daisy
}

if (there("flows")) {
	set output bench."-flows.svg"
	set title "UDP out in random order, 4 million mappings in place"
	set xlabel "flows in use"
	set ylabel "ns per delivered packet"
	set logscale x
	set format x "10^{%T}"
	plot data("flows") using 1:2 with linespoints pt 7 linecolor rgb drop title "generator to drop", \
		"" using 1:3 with linespoints pt 7 linecolor rgb bare title "bare XDP forwarding", \
		"" using 1:4 with linespoints pt 7 linecolor rgb daisy title "Daisy"
}
