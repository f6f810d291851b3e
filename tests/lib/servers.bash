# SPDX-License-Identifier: GPL-2.0-or-later
# Real servers and captures inside a topology.

# http_server NODE ADDR [PORT]: nginx. /NAME is a file of $TOPO_DIR/www, /slow/NAME the
# same at 400 kB/s, /whoami answers with the client's address and port as the
# server sees them, which also stand in $TOPO_DIR/access.NODE.log.
http_server() {
	local node=$1 addr=$2 port=${3:-80} dir=$TOPO_DIR/nginx.$1
	mkdir -p "$dir" "$TOPO_DIR/www"
	cat >"$dir/nginx.conf" <<-END
		user root;
		daemon off;
		worker_processes 1;
		pid $dir/pid;
		error_log $TOPO_DIR/error.$node.log;
		events { worker_connections 256; }
		http {
			log_format seen '\$remote_addr:\$remote_port \$request_uri \$status \$body_bytes_sent';
			access_log $TOPO_DIR/access.$node.log seen;
			client_body_temp_path $dir/body;
			proxy_temp_path $dir/proxy;
			fastcgi_temp_path $dir/fastcgi;
			uwsgi_temp_path $dir/uwsgi;
			scgi_temp_path $dir/scgi;
			default_type application/octet-stream;
			client_max_body_size 64m;
			server {
				listen $addr:$port;
				root $TOPO_DIR/www;
				location = /whoami {
					default_type text/plain;
					return 200 "\$remote_addr:\$remote_port\n";
				}
				location /slow/ { alias $TOPO_DIR/www/; limit_rate 400k; }
				location /upload { proxy_pass http://$addr:$((port + 1)); proxy_request_buffering on; }
			}
			server {
				listen $addr:$((port + 1));
				access_log off;
				location / { return 200 "\$http_content_length\n"; }
			}
		}
	END
	start "$node" "nginx.$node" nginx -c "$dir/nginx.conf"
	wait_until 10 listens "$node" "$addr:$port"
}

# www_file NAME BYTES: a file to download, its sum beside it.
www_file() {
	mkdir -p "$TOPO_DIR/www"
	head -c "$2" /dev/urandom >"$TOPO_DIR/www/$1"
	sha256sum <"$TOPO_DIR/www/$1" >"$TOPO_DIR/www/$1.sha256"
}

# listens NODE ADDR:PORT: a TCP socket waits there.
listens() {
	on "$1" ss -Htln "src $2" | grep -q .
}

# dns_server NODE ADDR: dnsmasq that knows www.example.test; queries stand in $TOPO_DIR/dns.NODE.log.
dns_server() {
	local node=$1 addr=$2
	start "$node" "dns.$node" dnsmasq --keep-in-foreground --no-hosts --no-resolv --user=root \
		--conf-file=/dev/null --pid-file= --bind-interfaces --listen-address="$addr" \
		--except-interface=lo --log-facility=- --log-queries=extra \
		--address=/www.example.test/198.51.100.10 --host-record=ns.example.test,198.51.100.53
	wait_until 10 listens "$node" "$addr:53"
}

# iperf_server NODE ADDR
iperf_server() {
	start "$1" "iperf.$1" iperf3 --server --bind "$2"
	wait_until 10 listens "$1" "$2:5201"
}

# stun_server NODE ADDR OTHER_ADDR: coturn, which answers from all four of two addresses and two
# ports (RFC 5780), so that a client can tell how a NAT maps and filters.
stun_server() {
	local node=$1
	start "$node" "stun.$node" turnserver -n --stun-only --no-cli --no-tls --no-dtls \
		--listening-ip="$2" --listening-ip="$3" --listening-port=3478 --alt-listening-port=3479 \
		--log-file=stdout --pidfile="$TOPO_DIR/stun.$node.server" --userdb="$TOPO_DIR/stun.$node.db"
	wait_until 10 hears_udp "$node" "$2:3478"
	wait_until 10 hears_udp "$node" "$3:3479"
}

# flow_server NODE ADDR PORT: flows.py, which answers each datagram with the sender's external end.
flow_server() {
	start "$1" "flows.$1" "$TESTS/lib/flows.py" serve "$2" "$3"
	wait_until 10 hears_udp "$1" "$2:$3"
}

# hears_udp NODE ADDR:PORT: a UDP socket waits there.
hears_udp() {
	on "$1" ss -Hlun "src $2" | grep -q .
}

# capture NODE DEVICE NAME [FILTER]: tcpdump to $TOPO_DIR/NAME.pcap until capture_end NAME.
capture() {
	local node=$1 dev=$2 name=$3
	rm -f "$TOPO_DIR/$name.pcap"
	start "$node" "tcpdump.$name" tcpdump --immediate-mode -U -Z root -n -i "$dev" \
		-w "$TOPO_DIR/$name.pcap" "${@:4}"
	wait_until 10 grep -q 'listening on' "$TOPO_DIR/tcpdump.$name.log"
}

# Ends a capture after everything on the wire has been written.
capture_end() {
	stop "tcpdump.$1" INT
}

# captured NAME FIELD... [-- FILTER]: fields of the frames as tshark sees them, space separated.
captured() {
	local name=$1 fields=() filter=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		fields+=(-e "$1")
		shift
	done
	[ $# -lt 2 ] || filter=(-Y "$2")
	tshark -n -r "$TOPO_DIR/$name.pcap" "${filter[@]}" -T fields -E separator=' ' \
		"${fields[@]}" 2>/dev/null
}

# Options for curl: the server ends the connection, so that the client's port is not left in
# TIME_WAIT and a server can take it next. It stays mapped, as a peer-to-peer program's would.
# shellcheck disable=SC2034
server_closes="--ignore-content-length --header Connection:close"
