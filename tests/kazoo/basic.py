"""What an application does with kazoo, against three servers.

Usage: basic.py SCENARIO HOST:PORT HOST:PORT HOST:PORT

The last line of a scenario that succeeds is `done`. Run by tests/kazoo.rs.
"""

import os
import signal
import subprocess
import sys
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError, NotEmptyError
from kazoo.exceptions import RolledBackError

WAIT = 20


def client(hosts, timeout=4.0):
    """A connected client of these servers."""
    found = KazooClient(hosts=",".join(hosts), timeout=timeout)
    found.start(timeout=WAIT)
    return found


def eventually(what, look):
    """Waits until `look` is true."""
    end = time.monotonic() + WAIT
    while not look():
        assert time.monotonic() < end, "waited in vain for " + what
        time.sleep(0.05)


def raises(error, call, *arguments, **named):
    """`call` must raise `error`."""
    try:
        call(*arguments, **named)
    except error:
        return
    raise AssertionError("%s was not raised" % error.__name__)


def znodes(hosts):
    clients = [client([host]) for host in hosts]
    for at, one in enumerate(clients):
        path = "/z%d" % at
        assert one.create(path, b"first") == path
        raises(NodeExistsError, one.create, path)
        assert one.create(path + "/s-", sequence=True) == path + "/s-0000000000"
        assert one.create(path + "/s-", sequence=True) == path + "/s-0000000001"
        stat = one.set(path, b"second", version=0)
        assert stat.version == 1 and stat.data_length == 6
        raises(BadVersionError, one.set, path, b"third", version=0)
        raises(NotEmptyError, one.delete, path)
        # The others see it after a sync, and the same Stat.
        for other in clients:
            other.sync(path)
            data, seen = other.get(path)
            mine = one.get(path)[1]
            assert data == b"second" and seen == mine, (seen, mine)
            assert sorted(other.get_children(path)) == ["s-0000000000", "s-0000000001"]
        one.delete(path, recursive=True)
        for other in clients:
            other.sync(path)
            assert other.exists(path) is None
            raises(NoNodeError, other.get, path)
    for one in clients:
        one.stop()


def watches(hosts):
    clients = [client([host]) for host in hosts]
    writer = clients[0]
    for at, one in enumerate(clients):
        path = "/w%d" % at
        seen = []

        def watch(event, seen=seen):
            seen.append((event.type, event.path))

        assert one.exists(path, watch=watch) is None
        writer.create(path, b"")
        eventually("CREATED", lambda: seen == [("CREATED", path)])
        one.get(path, watch=watch)
        one.get_children(path, watch=watch)
        writer.set(path, b"x")
        eventually("CHANGED", lambda: seen[1:] == [("CHANGED", path)])
        writer.set(path, b"y")
        writer.create(path + "/child")
        eventually("CHILD", lambda: seen[2:] == [("CHILD", path)])
        writer.delete(path + "/child")
        one.sync(path)
        one.get(path, watch=watch)
        writer.delete(path)
        eventually("DELETED", lambda: seen[3:] == [("DELETED", path)])
    for one in clients:
        one.stop()


def transactions(hosts):
    for at, host in enumerate(hosts):
        one = client([host])
        path = "/t%d" % at
        good = one.transaction()
        good.create(path, b"1")
        good.check(path, version=0)
        good.set_data(path, b"2")
        good.create(path + "/below", ephemeral=True)
        results = good.commit()
        assert results[0] == path and results[1] is True, results
        assert one.get(path)[0] == b"2"
        bad = one.transaction()
        bad.set_data(path, b"3")
        bad.create(path + "/more")
        bad.check(path, version=99)
        results = bad.commit()
        assert isinstance(results[0], RolledBackError), results
        assert isinstance(results[2], BadVersionError), results
        assert one.get(path)[0] == b"2" and one.exists(path + "/more") is None
        one.stop()


def recipes(hosts):
    clients = [client([host]) for host in hosts]
    inside, most, turns = [], [0], []

    def work(one, name):
        for _ in range(5):
            with one.Lock("/lock", name):
                inside.append(name)
                most[0] = max(most[0], len(inside))
                time.sleep(0.01)
                inside.remove(name)
                turns.append(name)

    threads = [
        threading.Thread(target=work, args=(one, "c%d" % at)) for at, one in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert most[0] == 1 and len(turns) == 15, (most, turns)

    leaders = []

    def lead(name):
        leaders.append(name)

    threads = [
        threading.Thread(target=one.Election("/office", "c%d" % at).run, args=(lead, "c%d" % at))
        for at, one in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert sorted(leaders) == ["c0", "c1", "c2"], leaders
    for one in clients:
        one.stop()


def expiry(hosts):
    code = (
        "import sys, time; from kazoo.client import KazooClient as K; "
        "k = K(sys.argv[1], timeout=2.0); k.start(); k.create('/mortal', ephemeral=True); "
        "print('ready', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, hosts[0]]
    victim = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert victim.stdout.readline() == b"ready\n"
    one = client([hosts[1]])
    one.sync("/mortal")
    gone = threading.Event()
    assert one.exists("/mortal", watch=lambda event: gone.set()) is not None
    # It lives as long as its client does, which is longer than its timeout.
    assert not gone.wait(3.5)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    started = time.monotonic()
    assert gone.wait(WAIT), "the session did not expire"
    took = time.monotonic() - started
    assert 0.5 < took < 4.5, took
    assert one.exists("/mortal") is None
    one.stop()


def move(hosts):
    one = client([hosts[0]])
    one.create("/mover", ephemeral=True)
    session, password = one.client_id
    other = KazooClient(hosts=hosts[1], client_id=(session, password), timeout=4.0)
    # The old connection is not closed: the session is taken from it.
    other.start(timeout=WAIT)
    assert other.client_id[0] == session
    other.sync("/mover")
    assert other.exists("/mover").ephemeralOwner == session
    other.create("/mover-2", ephemeral=True)
    other.stop()
    third = client([hosts[2]])
    third.sync("/mover")
    assert third.exists("/mover") is None and third.exists("/mover-2") is None
    third.stop()


def close_by_old(hosts):
    one = client([hosts[0]])
    other = KazooClient(hosts=hosts[1], client_id=one.client_id, timeout=4.0)
    lost = threading.Event()
    other.add_listener(lambda state: lost.set() if state == "LOST" else None)
    other.start(timeout=WAIT)
    other.create("/moved", ephemeral=True)
    # closeSession is not bound to the connection that the session has now.
    one.stop()
    assert lost.wait(2), "the new connection outlives its session"
    third = client([hosts[2]])
    third.sync("/moved")
    assert third.exists("/moved") is None
    third.stop()
    other.stop()


def survive(hosts):
    one = client(hosts, timeout=6.0)
    session = one.client_id[0]
    one.create("/survivor", ephemeral=True)
    print("ready", flush=True)
    end = time.monotonic() + 6
    count = 0
    while time.monotonic() < end:
        one.retry(one.ensure_path, "/survived/%d" % count)
        count += 1
        time.sleep(0.05)
    assert one.client_id[0] == session, "another session"
    assert one.exists("/survivor") is not None
    one.sync("/")
    assert len(one.get_children("/survived")) == count
    one.stop()


SCENARIOS = {
    name: globals()[name]
    for name in [
        "znodes",
        "watches",
        "transactions",
        "recipes",
        "expiry",
        "move",
        "close_by_old",
        "survive",
    ]
}

if __name__ == "__main__":
    SCENARIOS[sys.argv[1]](sys.argv[2:])
    print("done", flush=True)
