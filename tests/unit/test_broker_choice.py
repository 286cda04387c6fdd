"""Which Kafka is used, what it takes, and that it cannot outlive whoever started it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from enrich_stream.broker import watch
from enrich_stream.broker.choose import choose_broker
from enrich_stream.broker.docker import docker_launch
from enrich_stream.broker.jars import cache_dir, class_path, kafka_version
from enrich_stream.broker.jvm import cluster_id, find_java, new_cluster_id
from enrich_stream.broker.ports import free_port
from enrich_stream.broker.properties import Detour
from enrich_stream.broker.server import ExternalBroker
from enrich_stream.errors import SetupError

JAVA_17 = "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2"
# Puts two jars where it is told to, and keeps a count of its runs and their arguments.
MAVEN = """
echo "$@" >> "$HOME/maven-runs"
for argument in "$@"; do
  case "$argument" in -DoutputDirectory=*) jars="${argument#*=}" ;; esac
done
/bin/mkdir -p "$jars"
echo kafka > "$jars/kafka.jar"
echo log4j > "$jars/log4j.jar"
"""


class Machine:
    """A machine with exactly the programs it is given, as shell scripts."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.bin = home / "bin"
        self.bin.mkdir()
        self.environ = {"PATH": str(self.bin), "HOME": str(home)}

    def install(self, name: str, script: str) -> None:
        program = self.bin / name
        program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        program.chmod(0o755)

    def maven_runs(self) -> list[str]:
        runs = self.home / "maven-runs"
        return runs.read_text("utf-8").splitlines() if runs.exists() else []

    def choose(self, data_dir: Path | None = None, *, keep_data: bool = False):
        return choose_broker(
            data_dir=data_dir,
            keep_data=keep_data,
            environ=self.environ,
            port=None,
            heap_mib=300,
            say=lambda _: None,
        )

    def class_path(self) -> str:
        return class_path(self.environ, say=lambda _: None)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def wait_until(condition, what, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_given_cluster_comes_first(machine):
    """KAFKA_BOOTSTRAP_SERVERS wins over a Docker engine and a Java that are there."""
    machine.install("docker", "exit 0")
    machine.install("java", JAVA_17)
    machine.environ["KAFKA_BOOTSTRAP_SERVERS"] = "kafka-1.example:9092,kafka-2.example:9092"

    broker = machine.choose()

    assert isinstance(broker, ExternalBroker)
    assert broker.bootstrap_servers == "kafka-1.example:9092,kafka-2.example:9092"


def test_given_cluster_is_not_ours_to_stop():
    """A cluster that was given is never stopped, and closing leaves it alone."""
    broker = ExternalBroker("kafka.example:9092")

    assert not broker.is_ours
    for end in (broker.stop, broker.kill):
        with pytest.raises(SetupError, match="not ours"):
            end()
    broker.close()


def test_docker_comes_before_java(machine):
    """An engine that answers is used even when Java and Maven are there."""
    machine.install("docker", "exit 0")
    machine.install("java", JAVA_17)
    machine.install("mvn", MAVEN)

    launch = machine.choose().launch

    assert launch.command[:2] == (str(machine.bin / "docker"), "run")
    assert machine.maven_runs() == []


def test_docker_client_without_an_engine_does_not_count(machine):
    """With only Docker's client installed, the local Java is used."""
    machine.install("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    machine.install("java", JAVA_17)
    machine.install("mvn", MAVEN)

    launch = machine.choose().launch

    assert launch.command[0] == str(machine.bin / "java")
    assert "-Xmx300m" in launch.command
    assert "kafka.Kafka" in launch.command


def test_image_that_cannot_be_pulled_is_told(machine):
    """When the image cannot be had, the message carries what Docker said."""
    machine.install("docker", 'case "$1" in version) ;; *) echo no such host; exit 1 ;; esac')

    with pytest.raises(SetupError, match=r"apache/kafka:\S+ could not be pulled:\nno such host"):
        machine.choose()


def test_bare_machine_is_told_what_it_lacks(machine):
    """With nothing to run on, one message names all three ways out."""
    with pytest.raises(SetupError) as refused:
        machine.choose()

    for way_out in ("Java 17", "Maven", "Docker", "KAFKA_BOOTSTRAP_SERVERS"):
        assert way_out in str(refused.value)


def test_missing_maven_is_told(machine):
    """With Java but neither Maven nor jars, the message says that Maven is missing."""
    machine.install("java", JAVA_17)

    with pytest.raises(SetupError, match=r"Maven \(mvn\) is needed once"):
        machine.choose()


def test_java_that_does_not_work_counts_as_none(machine):
    """A placeholder that only asks for an installation is not taken for a Java."""
    machine.install("java", "echo 'Unable to locate a Java Runtime.' >&2; exit 1")

    with pytest.raises(SetupError, match="Install Java 17"):
        find_java(machine.environ)


@pytest.mark.parametrize(
    ("printed", "version"), [('java version "1.8.0_392"', 8), ('openjdk version "11.0.2"', 11)]
)
def test_old_java_is_told(machine, printed, version):
    """A Java that is too old for Kafka is named with its version."""
    machine.install("java", f"echo '{printed}' >&2")

    with pytest.raises(SetupError, match=f"Java {version} .* too old"):
        find_java(machine.environ)


def test_java_home_comes_first(machine):
    """JAVA_HOME wins over the path, as everywhere."""
    machine.install("java", "exit 1")
    (machine.home / "jdk").mkdir()
    machine.bin = machine.home / "jdk" / "bin"
    machine.bin.mkdir()
    machine.install("java", JAVA_17)
    machine.environ["JAVA_HOME"] = str(machine.home / "jdk")

    assert find_java(machine.environ) == str(machine.home / "jdk" / "bin" / "java")


def test_jars_are_resolved_once(machine):
    """The second start runs no Maven, and gets the same class path."""
    machine.install("mvn", MAVEN)

    first = machine.class_path()
    (machine.bin / "mvn").unlink()

    assert machine.class_path() == first
    assert [Path(jar).name for jar in first.split(os.pathsep)] == ["kafka.jar", "log4j.jar"]
    assert len(machine.maven_runs()) == 1


def test_checksums_are_strict(machine):
    """Maven is told to fail on a jar whose checksum is wrong."""
    machine.install("mvn", MAVEN)
    machine.class_path()

    assert "--strict-checksums" in machine.maven_runs()[0].split()


def test_interrupted_download_is_redone(machine):
    """A download that did not end well leaves nothing that counts, and is done again."""
    machine.install("mvn", f"{MAVEN}\necho 'connection reset'; exit 1")
    with pytest.raises(SetupError, match="connection reset"):
        machine.class_path()

    machine.install("mvn", MAVEN)

    assert len(machine.class_path().split(os.pathsep)) == 2
    assert list(cache_dir(machine.environ).glob("partial-*")) == []


@pytest.mark.parametrize("damage", [Path.unlink, lambda jar: jar.write_text("", "utf-8")])
def test_damaged_jar_is_resolved_again(machine, damage):
    """A jar that went missing or was cut short is fetched again."""
    machine.install("mvn", MAVEN)
    jar = Path(machine.class_path().split(os.pathsep)[0])
    damage(jar)

    machine.class_path()

    assert jar.read_text("utf-8") == "kafka\n"
    assert len(machine.maven_runs()) == 2


def test_changed_pom_is_resolved_again(machine):
    """Jars of another pom do not count."""
    machine.install("mvn", MAVEN)
    machine.class_path()
    complete = cache_dir(machine.environ) / "complete"
    content = complete.read_text("utf-8")
    complete.write_text(re.sub(r'"pom": "\w+"', '"pom": "another"', content), "utf-8")

    machine.class_path()

    assert len(machine.maven_runs()) == 2


def test_starts_at_once_share_one_download(machine):
    """Of several starts at once only one downloads, and all get the jars."""
    machine.install("mvn", f"{MAVEN}\n/bin/sleep 0.3")

    with ThreadPoolExecutor(4) as starts:
        paths = set(starts.map(lambda _: machine.class_path(), range(4)))

    assert len(paths) == 1
    assert len(machine.maven_runs()) == 1


def test_cache_lies_where_the_system_wants_it(machine):
    """The cache is below XDG_CACHE_HOME, else below the home directory, by version."""
    name = f"enrich-stream/kafka-{kafka_version()}"

    assert cache_dir(machine.environ) == machine.home / ".cache" / name
    assert cache_dir({"HOME": "/h", "XDG_CACHE_HOME": "/c"}) == Path("/c") / name


def test_foreign_directory_is_refused(machine, tmp_path):
    """A directory with somebody else's files is never taken for data, which may be deleted."""
    foreign = tmp_path / "documents"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work", "utf-8")

    with pytest.raises(SetupError, match="something other than"):
        machine.choose(foreign)


def container(home, **changed):
    given = {"docker": "docker", "home": home, "is_kept": True, "port": 15432, "heap_mib": 512}
    return docker_launch(**(given | changed))


def environment(launch):
    parts = launch.command
    given = (parts[i + 1] for i, part in enumerate(parts) if part == "--env")
    return dict(setting.split("=", 1) for setting in given)


def test_container_is_reached_on_loopback_only(tmp_path):
    """The port is published on 127.0.0.1 alone, and advertised as such."""
    launch = container(tmp_path)
    settings = environment(launch)

    assert launch.bootstrap_servers == "127.0.0.1:15432"
    assert launch.command[launch.command.index("--publish") + 1] == "127.0.0.1:15432:15432"
    assert settings["KAFKA_ADVERTISED_LISTENERS"] == "CLIENTS://127.0.0.1:15432"
    assert settings["KAFKA_LISTENERS"].startswith("CLIENTS://0.0.0.0:15432,")
    assert settings["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert settings["KAFKA_HEAP_OPTS"] == "-Xmx512m"
    assert launch.command[-1] == f"apache/kafka:{kafka_version()}"


def test_container_finds_its_data_again(tmp_path):
    """The same directory means the same volume and cluster, another one does not."""
    first, again = container(tmp_path), container(tmp_path, port=15433)
    other = container(tmp_path / "other")

    def volume(launch):
        return launch.command[launch.command.index("--volume") + 1]

    assert volume(first) == volume(again) != volume(other)
    assert environment(first)["CLUSTER_ID"] == environment(again)["CLUSTER_ID"]
    assert environment(first)["CLUSTER_ID"] != environment(other)["CLUSTER_ID"]


def test_container_is_removed_by_name(tmp_path):
    """After each end the container is removed; its volume only if data is not kept."""
    launch = container(tmp_path)
    name = launch.command[launch.command.index("--name") + 1]

    assert launch.spec()["cleanup"] == [["docker", "rm", "--force", name]]
    assert launch.spec()["discard"] == []
    assert launch.spec()["discard_dir"] is None
    thrown_away = container(tmp_path, is_kept=False).spec()
    assert thrown_away["discard"] == [["docker", "volume", "rm", "--force", name]]
    assert thrown_away["discard_dir"] == str(tmp_path)


def test_cluster_id_is_what_kafka_takes():
    """An id has 22 characters of URL-safe base64 and does not begin like an option."""
    ids = [new_cluster_id() for _ in range(300)]

    assert all(re.fullmatch(r"[A-Za-z0-9_]{22}", each) for each in ids)
    assert len(set(ids)) == len(ids)


def test_cluster_id_is_that_of_the_number():
    """The id of a number is always the same."""
    number = uuid.UUID(int=1)

    assert cluster_id(number) == cluster_id(number) == "AAAAAAAAAAAAAAAAAAAAAQ"


def test_ports_are_outside_those_of_outgoing_connections():
    """A broker's port is never one that the system could hand to a client in the meantime."""
    assert all(1024 < free_port() < 32_768 for _ in range(50))


# Starts a watcher the way a broker does, says both process ids, and waits for ever.
PARENT = """
import json, os, subprocess, sys
spec = json.loads(sys.argv[2]) | {"parent": os.getpid()}
watcher = subprocess.Popen(
    [sys.executable, "-I", "-S", sys.argv[1], json.dumps(spec)],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
)
print(watcher.pid, int(watcher.stdout.readline()), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def watched(tmp_path):
    """A parent, its watcher, and a server that would run for a minute."""
    data = tmp_path / "data"
    data.mkdir()
    spec = {
        "command": ["sleep", "60"],
        "log": str(tmp_path / "log"),
        "cleanup": [["no-such-program"], ["touch", str(tmp_path / "cleaned")]],
        "discard": [["touch", str(tmp_path / "discarded")]],
        "discard_dir": str(data),
    }
    arguments = [watch.__file__, json.dumps(spec)]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        watcher, server = map(int, parent.stdout.readline().split())
        yield parent, watcher, server
        parent.kill()


def test_server_ends_with_a_killed_parent(watched, tmp_path):
    """After SIGKILL of the parent the server is ended, cleaned up after, and its data gone."""
    parent, _, server = watched

    parent.kill()

    wait_until(lambda: not is_alive(server), "the server to end")
    wait_until((tmp_path / "discarded").exists, "the data to be discarded")
    wait_until(lambda: not (tmp_path / "data").exists(), "the directory to be removed")
    assert (tmp_path / "cleaned").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a death")
def test_server_ends_with_a_killed_watcher(watched):
    """Not even SIGKILL of the watcher leaves the server behind."""
    _, watcher, server = watched

    os.kill(watcher, signal.SIGKILL)

    wait_until(lambda: not is_alive(server), "the server to end")


def test_data_outlives_a_watcher_that_is_asked_to_end(watched, tmp_path):
    """A watcher that is told to end stops the server but keeps the data: the parent lives."""
    _, watcher, server = watched

    os.kill(watcher, signal.SIGTERM)

    wait_until(lambda: not is_alive(server), "the server to end")
    wait_until((tmp_path / "cleaned").exists, "the clean-up")
    assert (tmp_path / "data").exists()


def test_a_detour_is_a_second_way_in_that_leads_back_to_whoever_disturbs_it(tmp_path):
    """Clients that come by the second port are told to come to another one, on loopback too."""
    launch = container(tmp_path, detour=Detour(port=15433, advertised_port=15434))
    settings = environment(launch)

    assert "127.0.0.1:15433:15433" in launch.command
    advertised = settings["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert advertised == ["CLIENTS://127.0.0.1:15432", "DETOUR://127.0.0.1:15434"]
    assert "DETOUR://0.0.0.0:15433" in settings["KAFKA_LISTENERS"].split(",")
    assert "DETOUR:PLAINTEXT" in settings["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
