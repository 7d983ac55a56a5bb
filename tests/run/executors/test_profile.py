"""What ``--cluster`` may name, and what is said of what it may not."""

import socket
import sys
import threading
from contextlib import suppress

import pytest

from srbench.errors import SrbenchError, SrbenchWarning
from srbench.run.executors import profile
from srbench.run.executors.profile import parse


def test_workers_on_this_machine_are_processes_of_one_thread_that_nobody_else_reaches():
    found = parse("local:3")
    assert found.factory.__name__ == "LocalCluster"
    assert found.arguments["n_workers"] == 3
    assert found.arguments["threads_per_worker"] == 1
    assert found.arguments["dashboard_address"] is None
    assert "host" not in found.arguments  # dask listens on 127.0.0.1 then


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("local:0", "from 1 to 1024 workers"),
        ("local:2000", "from 1 to 1024 workers"),
        ("local", "'local' is no cluster; give local:4"),
        ("tcp://host", "no address of a scheduler"),
        ("tcp://host:port", "no address of a scheduler"),
        ("smoke://host:8786", "no address of a scheduler"),
        ("missing.toml", "cannot read profile 'missing.toml'"),
    ],
)
def test_what_is_no_cluster_is_refused(text, message):
    with pytest.raises(SrbenchError) as caught:
        parse(text)
    assert message in str(caught.value)


def test_the_extra_is_named_where_it_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SrbenchError, match=r"pip install 'srbench\[cluster\]'"):
        parse("local:2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('cluster = "LocalClutser"', "unknown class of clusters 'LocalClutser'; did you mean LocalCluster?"),
        ('cluster = "distributed.LocalClutser"', "did you mean LocalCluster"),
        ('cluster = "SLURMCluster"', "pip install dask-jobqueue"),
        ('cluster = "LocalCluster"\n[arguments]\nn_wokers = 2', "unknown argument of LocalCluster 'n_wokers'; did you"),
        ('cluster = "SSHCluster"\n[arguments]\nhost = ["a"]', "did you mean hosts"),
        ('clutser = "LocalCluster"', "unknown key 'clutser'; did you mean cluster?"),
        ('cluster = "LocalCluster"\n[security]\ntls_ca = "x"', "unknown setting of [security]"),
        ('cluster = "LocalCluster"\nworkers = 5000', "workers = 5000 is not from 0 to 1024"),
        ("workers = 2", "names no cluster, or two"),
        ('address = "tcp://a:1"\ncluster = "LocalCluster"', "names no cluster, or two"),
        ('address = "tcp://a:1"\nworkers = 2', "a scheduler that is there already"),
    ],
)
def test_what_is_wrong_with_a_profile_is_said_with_the_nearest_name(tmp_path, text, message):
    path = tmp_path / "profile.toml"
    path.write_text(text)
    with pytest.raises(SrbenchError) as caught:
        parse(str(path))
    assert message in str(caught.value)


def test_a_profile_hands_its_arguments_on(tmp_path):
    path = tmp_path / "profile.toml"
    own = 'memory_limit = "2 GB"\n[security]\ntls_ca_file = "ca.pem"\n'
    path.write_text(f'cluster = "LocalCluster"\nworkers = 3\n[arguments]\n{own}')
    found = parse(str(path))
    assert (found.arguments["n_workers"], found.arguments["memory_limit"]) == (3, "2 GB")
    assert found.security == {"tls_ca_file": "ca.pem"}


def test_arguments_of_a_class_that_hands_them_on_to_a_job_are_known(tmp_path, monkeypatch):
    """As the classes of dask-jobqueue do."""
    (tmp_path / "queues.py").write_text(
        "class Job:\n    def __init__(self, queue=None, walltime=None, **more): pass\n"
        "class Base:\n    def __init__(self, n_workers=0, scheduler_options=None, **job): pass\n"
        "class MyCluster(Base):\n    job_cls = Job\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "profile.toml"
    path.write_text('cluster = "queues.MyCluster"\nworkers = 8\n[arguments]\nqueue = "gpu"\n')
    found = parse(str(path))
    assert (found.workers, found.arguments["queue"]) == (8, "gpu")
    assert found.arguments["scheduler_options"] == {"dashboard": False}
    path.write_text('cluster = "queues.MyCluster"\n[arguments]\nwaltime = "1:00"\n')
    with pytest.raises(SrbenchError, match="did you mean walltime"):
        parse(str(path))


def test_a_scheduler_that_does_not_answer_is_named():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        address = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(SrbenchError, match=f"no scheduler answers at {address} within 10 s"):
            profile.probe(parse(address))


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH"])
def test_something_else_that_listens_is_no_scheduler(monkeypatch, greeting):
    monkeypatch.setattr(profile, "ANSWER", 0.3)

    def serve():
        with suppress(OSError), other.accept()[0] as line:
            line.sendall(greeting)
            line.recv(1)

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        threading.Thread(target=serve, daemon=True).start()
        found = parse(f"tcp://127.0.0.1:{other.getsockname()[1]}")
        with pytest.raises(SrbenchError, match=found.address):
            profile.probe(found)


def test_a_scheduler_on_another_host_without_tls_is_warned_of():
    with pytest.warns(SrbenchWarning, match=r"tcp://10\.1\.2\.3:8786 is used without TLS"):
        profile.warn_if_open(parse("tcp://10.1.2.3:8786"))


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:8786", "tcp://localhost:8786", "tcp://[::1]:1", "tls://10.1.2.3:1"]
)
def test_loopback_and_tls_are_not(address):
    profile.warn_if_open(parse(address))
