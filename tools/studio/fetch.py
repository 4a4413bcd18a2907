"""Download what a URL names, without being led into a private network.

Knows no pictures.  A host is resolved once, every address it has is checked, and the connection
goes to a checked address while TLS and the Host header keep the name: a name server that changes
its mind in between changes nothing.  Redirects are followed here, one checked hop after another.
Try: python -m pytest tests/tools/studio/test_fetch.py
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from shotwright.generator.errors import BadRequest, TooLarge

if TYPE_CHECKING:
    import httpx

CONNECT_S = 10
TOTAL_S = 120
REDIRECTS = 5

Resolve = Callable[[str, int], Awaitable[list[str]]]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


async def system_resolve(host: str, port: int) -> list[str]:
    """The addresses of `host`, in the system's order."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether an IP address lies in the open internet, and so does any IPv4 address inside it."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped or ip in _NAT64:  # another way to write, or to reach, an IPv4 address
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        tunnelled = ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip.is_site_local or (tunnelled and not is_public(str(tunnelled))):
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


class Fetcher:
    """Downloads files of http(s) URLs.

    private_urls: skip the check of addresses (for a studio's own network).
    """

    def __init__(
        self,
        *,
        private_urls: bool = False,
        resolve: Resolve = system_resolve,
        transport: "httpx.AsyncBaseTransport | None" = None,
        total_s: float = TOTAL_S,
    ) -> None:
        self._private, self._resolve, self._transport = private_urls, resolve, transport
        self._total_s = total_s

    async def download(self, url: str, target: Path, *, max_bytes: int) -> str:
        """Write what `url` names to `target` and return the URL that answered in the end.

        Raises: BadRequest (url_not_allowed) for a private address, a failure or a late answer;
        TooLarge beyond `max_bytes`.
        """
        import httpx

        try:
            # The environment's proxies would connect to addresses that nobody checked.
            with anyio.fail_after(self._total_s):
                async with httpx.AsyncClient(
                    transport=self._transport, trust_env=False, timeout=CONNECT_S
                ) as client:
                    return await self._follow(client, httpx.URL(url), target, max_bytes)
        except TimeoutError as error:
            raise _refused(url, f"it took longer than {self._total_s:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise _refused(url, f"it could not be fetched ({error!r})") from error

    async def _follow(
        self, client: "httpx.AsyncClient", url: "httpx.URL", target: Path, max_bytes: int
    ) -> str:
        for _ in range(REDIRECTS + 1):
            response = await self._send(client, url)
            try:
                if not response.has_redirect_location:
                    await _save(url, response, target, max_bytes)
                    return str(url)
                url = url.join(response.headers["location"])
            finally:
                await response.aclose()
        raise _refused(str(url), f"it redirects more than {REDIRECTS} times")

    async def _send(self, client: "httpx.AsyncClient", url: "httpx.URL") -> "httpx.Response":
        """The answer to one request, its body unread, from the first address that connects."""
        import httpx

        if url.scheme not in ("http", "https") or not url.host:
            raise _refused(str(url), f"{url.scheme or 'no'}:// is not fetched")
        host = url.raw_host.decode("ascii")
        failure: Exception | None = None
        for address in await self._addresses(url, host):
            request = client.build_request(
                "GET",
                url.copy_with(host=address),
                headers={"Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity"},
                extensions={"sni_hostname": host},
            )
            try:
                return await client.send(request, stream=True, follow_redirects=False)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise _refused(str(url), f"nothing answers there ({failure!r})") from failure

    async def _addresses(self, url: "httpx.URL", host: str) -> list[str]:
        try:
            port = url.port or (443 if url.scheme == "https" else 80)
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise _refused(str(url), f"{host} has no address") from error
        if not self._private:
            for address in addresses:
                if not is_public(address):
                    raise _refused(str(url), f"{host} is {address}, which is not public")
        return addresses


async def _save(url: "httpx.URL", response: "httpx.Response", target: Path, max_bytes: int) -> None:
    if response.status_code != 200:
        raise _refused(str(url), f"the server answered {response.status_code}")
    written = 0
    async with await anyio.open_file(target, "wb") as out:
        async for chunk in response.aiter_raw():
            written += len(chunk)
            if written > max_bytes:
                raise TooLarge(
                    f"{url} is larger than {max_bytes} bytes.",
                    fix="Name a smaller file.",
                    value=str(url),
                    allowed=f"at most {max_bytes} bytes",
                )
            await out.write(chunk)


def _refused(url: str, why: str) -> BadRequest:
    return BadRequest(
        f"{url[:200]} is not fetched: {why}.",
        code="url_not_allowed",
        fix="Name a public http(s) URL, a file's path, or upload the file and name its upload_id;"
        " a take is named by its take_id.",
        value=url[:200],
        allowed="a public http:// or https:// URL",
    )
