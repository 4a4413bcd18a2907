"""The table of settings.md: every setting, its default, and what it means."""

from dataclasses import fields

from docs.reference import markdown as md

from shotwright.generator.camera_dialects import KLING_DIALECTS
from shotwright.tools.settings import DATABASES, Settings, from_environment

MEANINGS = {
    "home": "the data directory: database, store, logs, `cards/` (models of your own), weights",
    "database_url": f"the job database; begins with {', '.join(map(md.code, DATABASES))}; with PostgreSQL "
    "many machines share it, and workers are yours to start",
    "store": "where clips and pictures lie: a folder, or `s3://bucket/prefix` (extra `s3`)",
    "allowed_roots": "folders in which files may be read, separated as in `PATH`; replaces the default",
    "host": "the address that `shotwright serve` listens on; any other than loopback demands a token",
    "port": "its port; 0 takes any free one",
    "public_url": "scheme, host and port by which others reach the front, behind a proxy or in a container: "
    "links begin with it, and its name is answered to; other than loopback it demands a token",
    "token": "what a caller over HTTP must show: `Authorization: Bearer …`; pages ask for it once",
    "llm": "`provider:model`, the language model that writes plans and prompts ([llm.md](../llm.md))",
    "llm_base_url": "another address of that provider's interface",
    "llm_api_key": "its key; without it the provider's own variable is read",
    "kling_access_key": "what clients of Kling's API sign their tokens with (`iss`)",
    "kling_secret_key": "the key of those signatures, and of callbacks",
    "kling_dialect": f"what their pan and tilt mean: {' or '.join(map(md.code, KLING_DIALECTS))}",
    "callback_hosts": "hosts, or `host:port`, that may be called back; separated by commas",
    "c2pa_certificate": "a certificate chain (PEM), to sign clips with (extra `c2pa`; [films.md](../films.md))",
    "c2pa_key": "its private key (PEM)",
}
DEFAULTS = {
    "home": "the platform's data directory, `shotwright`",
    "database_url": "`sqlite:///HOME/shotwright.sqlite`",
    "store": "`HOME/store`",
    "allowed_roots": "your home without hidden entries, the data directory, and the start folder of a stdio front or a "
    "command unless it holds your home",
}
"""Defaults that depend on the machine."""
FLAGS = {"host": "serve --host", "port": "serve --port", "token": "serve --token"}


def settings() -> str:
    """Every setting.  Raises: KeyError for one without a meaning."""
    plain = from_environment({})
    rows = []
    for field in fields(Settings):
        told = DEFAULTS.get(field.name) or _default(getattr(plain, field.name))
        flag = md.code(FLAGS[field.name]) if field.name in FLAGS else ""
        rows.append((md.code(f"SHOTWRIGHT_{field.name.upper()}"), told, flag, MEANINGS[field.name]))
    return md.table(("variable", "default", "flag", "meaning"), rows)


def _default(value: object) -> str:
    return md.code(value) if value else "none"
