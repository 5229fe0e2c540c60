"""The same, over the wire: a real SFTP, WebDAV and S3 server each, on this machine."""

import asyncio
import os
import threading
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from admin_export import manifest
from admin_export.destinations import Destination, DestinationError, Why
from tests.admin_export.test_destinations import contents, export

_buckets = count(1)


@contextmanager
def sftp(tmp_path, monkeypatch, known=True):
    asyncssh = pytest.importorskip("asyncssh", reason="an SFTP server for this test")
    pytest.importorskip("paramiko", reason="buurtstem[destinations]")
    served, loop = tmp_path / "served", asyncio.new_event_loop()
    served.mkdir()
    key = asyncssh.generate_private_key("ssh-ed25519")

    class Door(asyncssh.SSHServer):
        def begin_auth(self, username):
            return True

        def password_auth_supported(self):
            return True

        def validate_password(self, username, password):
            return (username, password) == ("anna", "geheim")

    async def serve():
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Door,
            server_host_keys=[key],
            sftp_factory=lambda chan: asyncssh.SFTPServer(chan, chroot=os.fsencode(served)),
        )

    server = loop.run_until_complete(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    port = server.sockets[0].getsockname()[1]
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    if known:
        public = key.export_public_key().decode().strip()
        (home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
    try:
        yield f"sftp://anna:geheim@127.0.0.1:{port}/uploads/buurt", served / "uploads" / "buurt"
    finally:

        async def end():
            server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


@contextmanager
def webdav(tmp_path, monkeypatch):
    wsgidav = pytest.importorskip("wsgidav.wsgidav_app", reason="a WebDAV server for this test")
    cheroot = pytest.importorskip("cheroot.wsgi", reason="a WebDAV server for this test")
    pytest.importorskip("webdav4", reason="buurtstem[destinations]")
    served = tmp_path / "served"
    served.mkdir()
    app = wsgidav.WsgiDAVApp(
        {
            "provider_mapping": {"/": str(served)},
            "simple_dc": {"user_mapping": {"*": {"anna": {"password": "geheim"}}}},
            "http_authenticator": {"accept_basic": True, "default_to_digest": False},
            "logging": {"enable": False},
        }
    )
    server = cheroot.Server(("127.0.0.1", 0), app)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield (
            f"webdav://anna:geheim@127.0.0.1:{server.bind_addr[1]}/uploads/buurt",
            served / "uploads" / "buurt",
        )
    finally:
        server.stop()
        thread.join(10)


@contextmanager
def s3(tmp_path, monkeypatch):
    moto = pytest.importorskip("moto.server", reason="an S3 server for this test")
    s3fs = pytest.importorskip("s3fs", reason="buurtstem[destinations]")
    server = moto.ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anna")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    bucket = f"buurt-{next(_buckets)}"
    s3fs.S3FileSystem(skip_instance_cache=True).mkdir(bucket)
    try:
        yield f"s3://{bucket}/uploads", None
    finally:
        server.stop()


SERVERS = {"sftp": sftp, "webdav": webdav, "s3": s3}


@pytest.fixture(params=SERVERS)
def server(request, tmp_path, monkeypatch):
    with SERVERS[request.param](tmp_path, monkeypatch) as made:
        yield made


def everything(url):
    there = Destination(url)
    fs, root = there._fs, there._root
    fs.invalidate_cache()
    return {
        path.strip("/")[len(root.strip("/")) + 1 :]: fs.cat_file(path) for path in fs.find(root)
    }


def test_a_place_becomes_what_the_folder_is(server, tmp_path):
    url, served = server
    first = export(tmp_path / "first", plans_csv="één", changed__plans_csv="two", old_txt="gone")
    second = export(tmp_path / "second", plans_csv="one more", changed__plans_csv="two")
    assert Destination(url).put(first, "week") is True
    assert everything(url) == contents(first, "week")
    assert Destination(url).put(first, "week") is False
    assert Destination(url).put(second, "week") is True
    assert Destination(url).put(first, "next") is True
    assert everything(url) == contents(second, "week") | contents(first, "next")
    assert Destination(url).read("week", "changed/plans.csv") == b"two"
    if served:
        assert sorted(path.name for path in served.iterdir()) == ["next", "week"]


def test_what_somebody_else_put_there_is_left_alone(server, tmp_path):
    url, _ = server
    first = export(tmp_path / "first", plans_csv="one")
    there = Destination(url)
    there.put(first, "week")
    (tmp_path / "thesis").write_text("years of work")
    there._fs.put_file(str(tmp_path / "thesis"), f"{there._root}/week/thesis.txt")
    with pytest.raises(DestinationError) as error:
        Destination(url).put(export(tmp_path / "second", plans_csv="two"), "week")
    assert error.value.why is Why.OCCUPIED
    assert everything(url) == contents(first, "week") | {"week/thesis.txt": b"years of work"}


def test_half_of_an_export_is_cleaned_up(server, tmp_path):
    url, _ = server
    first = export(tmp_path / "first", plans_csv="one", changed__plans_csv="two")
    there = Destination(url)
    there._stage(f"{there._root}/week", first)
    there._fs.rm_file(f"{there._root}/.week.part/{manifest.NAME}")
    Destination(url).put(first, "week")
    assert everything(url) == contents(first, "week")


@pytest.mark.parametrize("name", ["sftp", "webdav"])
def test_a_wrong_password_is_told_without_it(name, tmp_path, monkeypatch):
    with SERVERS[name](tmp_path, monkeypatch) as (url, _):
        wrong = url.replace("geheim", "gehaald")
        with pytest.raises(DestinationError) as error:
            Destination(wrong).put(export(tmp_path / "first", plans_csv="one"))
        assert error.value.why is Why.DENIED
        assert "gehaald" not in str(error.value)


def test_an_unknown_sftp_server_gets_nothing(tmp_path, monkeypatch):
    with sftp(tmp_path, monkeypatch, known=False) as (url, served):
        with pytest.raises(DestinationError) as error:
            Destination(url).put(export(tmp_path / "first", plans_csv="one"))
        assert error.value.why is Why.DENIED
        assert not served.exists()


def test_nobody_there(tmp_path):
    pytest.importorskip("paramiko", reason="buurtstem[destinations]")
    with pytest.raises(DestinationError) as error:
        Destination("sftp://anna@127.0.0.1:1/x").put(export(Path(tmp_path / "f"), a_csv="one"))
    assert error.value.why is Why.UNREACHABLE
