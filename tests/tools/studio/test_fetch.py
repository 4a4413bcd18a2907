"""A URL is fetched from the open internet only, whatever its host, its redirects or its size."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.errors import BadRequest, TooLarge
from shotwright.tools.studio.fetch import Fetcher, is_public

PUBLIC = "93.184.216.34"
LIMIT = 1000

PRIVATE = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
    *("100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "::127.0.0.1"),
]


def _download(fetcher: Fetcher, url: str, target: Path) -> str:
    async def run() -> str:
        return await fetcher.download(url, target, max_bytes=LIMIT)

    return anyio.run(run)


def _refusal(fetcher: Fetcher, url: str, target: Path) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        _download(fetcher, url, target)
    return caught.value


class _Site(BaseHTTPRequestHandler):
    """/file: 1000 bytes; /big: more; /loop: to itself; /away: to /file; /slow: never ends."""

    done = threading.Event()

    def do_GET(self) -> None:
        if self.path in ("/loop", "/away"):
            self.send_response(302)
            self.send_header("Location", "/loop" if self.path == "/loop" else "/file")
            self.end_headers()
        elif self.path in ("/file", "/big", "/slow"):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(bytes(LIMIT + (self.path == "/big")))
            if self.path == "/slow":
                self.done.wait(5)
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    _Site.done.clear()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    _Site.done.set()
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def _internet(names: dict[str, list[str]], pages: dict[str, httpx.Response]) -> Iterator[Fetcher]:
    """A fetcher in an internet of these names and pages; each connection must go to an address."""

    async def resolve(host: str, port: int) -> list[str]:
        if host not in names:
            raise OSError("unknown host")
        return names[host]

    def answer(request: httpx.Request) -> httpx.Response:
        host = request.headers["Host"]
        assert request.url.host in names[host.split(":")[0]], "connects to the checked address"
        assert request.extensions["sni_hostname"] == host.split(":")[0]
        if request.url.host == "2606:2800:220:1::1":
            raise httpx.ConnectError("no route")
        return pages[f"{request.url.scheme}://{host}{request.url.path}"]

    yield Fetcher(resolve=resolve, transport=httpx.MockTransport(answer))


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_public(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_as_private_in_any_ipv6_clothing(address: object) -> None:
    plain = is_public(str(address))
    assert is_public(f"::ffff:{address}") == plain
    assert is_public(f"64:ff9b::{address}") == plain


def test_addresses_of_the_internet_are_public() -> None:
    assert is_public(PUBLIC) and is_public("2606:2800:220:1::1") and is_public("8.8.8.8")


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://localhost:8188/files/take_1.mp4", "http://[::1]/"),
        *("http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://0/", "http://[::]/"),
        *("http://[::ffff:7f00:1]/", "http://169.254.169.254/latest", "http://user@10.0.0.1/"),
    ],
)
def test_a_private_url_is_refused_before_any_connection(url: str, tmp_path: Path) -> None:
    error = _refusal(Fetcher(), url, tmp_path / "f")
    assert error.code == "url_not_allowed" and "not public" in error.message
    assert "upload" in error.fix and not (tmp_path / "f").exists()


def test_a_redirect_into_a_private_network_is_refused(tmp_path: Path) -> None:
    names = {"good.example": [PUBLIC], "evil.example": ["10.0.0.1"]}
    for goal in ("http://127.0.0.1/x", "http://evil.example/", "file:///etc/passwd", "ftp://a/b"):
        pages = {"https://good.example/a": httpx.Response(302, headers={"Location": goal})}
        with _internet(names, pages) as fetcher:
            error = _refusal(fetcher, "https://good.example/a", tmp_path / "f")
        assert error.code == "url_not_allowed"


def test_a_host_with_one_private_address_is_refused(tmp_path: Path) -> None:
    with _internet({"mixed.example": [PUBLIC, "192.168.0.1"]}, {}) as fetcher:
        assert "192.168.0.1" in _refusal(fetcher, "http://mixed.example/", tmp_path / "f").message


def test_a_public_url_is_fetched_from_the_checked_address(tmp_path: Path) -> None:
    names = {"a.example": ["2606:2800:220:1::1", PUBLIC], "b.example": [PUBLIC]}
    pages = {
        "http://a.example/x": httpx.Response(301, headers={"Location": "https://b.example:444/y"}),
        "https://b.example:444/y": httpx.Response(200, stream=httpx.ByteStream(b"picture")),
    }
    with _internet(names, pages) as fetcher:
        final = _download(fetcher, "http://a.example/x", tmp_path / "f")
    assert final == "https://b.example:444/y"
    assert (tmp_path / "f").read_bytes() == b"picture"


def test_a_real_server_is_read_up_to_the_limit(site: str, tmp_path: Path) -> None:
    fetcher = Fetcher(private_urls=True)
    assert _download(fetcher, f"{site}/away", tmp_path / "f") == f"{site}/file"
    assert (tmp_path / "f").read_bytes() == bytes(LIMIT)
    with pytest.raises(TooLarge, match="larger than 1000 bytes"):
        _download(fetcher, f"{site}/big", tmp_path / "f")


def test_a_server_that_fails_is_named(site: str, tmp_path: Path) -> None:
    fetcher = Fetcher(private_urls=True)
    assert "answered 404" in _refusal(fetcher, f"{site}/none", tmp_path / "f").message
    assert "redirects more than 5" in _refusal(fetcher, f"{site}/loop", tmp_path / "f").message
    assert "nothing answers" in _refusal(fetcher, "http://127.0.0.1:9/", tmp_path / "f").message
    with _internet({}, {}) as lost:
        assert "no address" in _refusal(lost, "http://none.example/", tmp_path / "f").message
    assert _refusal(fetcher, "http:///x", tmp_path / "f").code == "url_not_allowed"
    assert _refusal(fetcher, "http://[::1/", tmp_path / "f").code == "url_not_allowed"


def test_a_server_that_never_ends_is_left(site: str, tmp_path: Path) -> None:
    fetcher = Fetcher(private_urls=True, total_s=0.2)
    assert "longer than 0.2 s" in _refusal(fetcher, f"{site}/slow", tmp_path / "f").message
