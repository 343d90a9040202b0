#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-coap and one key, or one address, that takes all it can get:
# what it gets without any option, and what others then have.
load setup
load site
load coap

setup_suite_test() {
	make_site
	OTHER=$(mfx-things create --name other | tee other | jq -r .key)
	mfx-channels connect "$CHANNEL" "$(jq -r .id other)"
	export CHANNEL KEY OTHER
}

# greedy WHAT [ARGUMENT…]: see coap_limits.py
greedy() {
	timeout 100 "$ROOT/tests/coap_limits.py" "$1" "$PORT" "${@:2}"
}

rss() { awk '/^VmRSS/ { print $2 }' "/proc/$PID/status"; }

@test "uploads of one key leave room for another's" {
	serve_coap -o raw
	[[ $(greedy uploads | xargs) == '2.31 2.04' ]]
	# an eighth of 64 MiB, and not a MiB for each that was begun
	(($(rss) < 65536))
}

@test "observers of one key leave room for another's" {
	COAP_IN=/dev/null serve_coap -i raw -o raw --max-observers 2048
	[[ $(greedy observers 1000 | xargs) == '128 5.03 2.05 True' ]]
}

@test "observers of one address, too" {
	COAP_IN=/dev/null serve_coap -i raw -o raw \
	    --max-observers-per-thing 1000 --max-observers-per-address 100
	[[ $(greedy observers 1000 | xargs) == '100 5.03 5.03 False' ]]
}

# silent [OPTION…]: 40 observers of one key that acknowledge nothing, and 2 MB
# for each, all of it delivered
silent() {
	mkfifo in
	exec 8<>in
	COAP_IN=in serve_coap -o raw "$@"
	SERVED=$PID
	start "$ROOT/tests/coap_limits.py" silent "$PORT" 40 8>&-
	await 30 grep -q observing "$PID_OUT"
	python3 - "$CHANNEL" >lines <<'END'
import sys
for n in range(20):
    for i in range(40):
        print('[{"channel":"%s","publisher":"p","protocol":"http",'
              '"subtopic":"s.%d","received":1,"n":"a","vs":"%s"}]' %
              (sys.argv[1], i, str(n) * 100000))
END
	# a fence: all before it has been delivered
	timeout 60 "$ROOT/tests/coap_raw.py" listen "$PORT" 1 fence >fence \
	    3>&- 8>&- &
	PIDS+=($!)
	await 30 grep -q observing fence
	{ cat lines
	  echo "[{\"channel\":\"$CHANNEL\",\"publisher\":\"p\"," \
	    '"protocol":"http","subtopic":"fence","received":1,"n":"f","v":1}]' |
	      sed 's/, "/,"/'; } >&8
	await 60 grep -q kinds fence
	PID=$SERVED
}

@test "what waits for silent observers of one key is limited" {
	silent
	(($(rss) < 65536)) || { rss; false; }
}

@test "--max-queued: and by what all queues may hold" {
	free_port ADMIN
	silent --max-queued 4M --admin "127.0.0.1:$ADMIN"
	curl -sS -m 20 "http://127.0.0.1:$ADMIN/metrics" >metrics
	awk '/^coap_adapter_queued_bytes / { held = $2 }
	    /^coap_adapter_queue_refused_total / { refused = $2 }
	    END { print held, refused
	        exit !(held > 0 && held <= 4194304 && refused > 0) }' metrics
	(($(rss) < 40960)) || { rss; false; }
}

@test "what was on its way to silent observers is given back" {
	free_port ADMIN
	silent --retries 1 --ping 1s --timeout 5s --admin "127.0.0.1:$ADMIN"
	# libcoap has many sessions to look at, and then hears of nobody
	for _ in {1..4}; do
		greedy uploads >uploaded
	done
	held() {
		curl -sS -m 20 "http://127.0.0.1:$ADMIN/metrics" | awk '
		    /^coap_adapter_(queued_bytes|observers) / { n += $2 }
		    END { exit n > 0 }'
	}
	await 60 held
}

@test "connections of one address: a quarter of all" {
	serve_coap -o raw --max-sessions 400
	(($(greedy idle 150) == 100))
	coap post coap "?auth=$KEY" -e x
	said ''
}

@test "history is read in steps: separate responses, and others in between" {
	local i
	# 4 MiB of it, of which all is wanted
	python3 - "$CHANNEL" <<'END' | mfx-pub raw
import sys
for n in range(40000):
    print('[{"channel":"%s","publisher":"p","protocol":"http",'
          '"received":1,"n":"a","vs":"%s"}]' % (sys.argv[1], "x" * 40))
END
	COAP_IN=/dev/null serve_coap -i raw -o raw
	greedy history 40 >got
	printf '%s\n' '2.04 True' "['2.05', '5.03'] True" | diff - got
	coap get coap "?from=start&auth=$KEY"
	jq -e 'length > 1000' <<<"$SAID" >out
	[[ $(greedy separate) == '0 ack 0.00, con 2.05, 2.05' ]]
}
