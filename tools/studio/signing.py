"""C2PA: sign a finished MP4 with the user's own certificate, and read what a file is signed with.

Needs the extra `c2pa`.  A signature holds chance and so differs each time: signed files are not equal
byte for byte, their coded picture track is.  Nothing is asked of the network: no time stamp, no
manifest kept elsewhere.
Try: python -m pytest tests/tools/studio/test_signing.py
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shotwright.generator.errors import BadRequest
from shotwright.tools.settings import Settings
from shotwright.tools.studio.slates import MAKER, SOURCE_TYPE

_OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}


@dataclass(frozen=True)
class Signer:
    """certificate: PEM file of the chain, the signer's own first; key: PEM file of its private key."""

    certificate: Path
    key: Path

    def sign(self, source: Path, out: Path, *, title: str) -> None:
        """Write `source` to `out` with a manifest: made by a trained model, by Shotwright.

        Raises: BadRequest naming the setting that is wrong.
        """
        c2pa = _library()
        chain = _read("SHOTWRIGHT_C2PA_CERTIFICATE", self.certificate)
        key = _read("SHOTWRIGHT_C2PA_KEY", self.key)
        manifest = {
            "claim_generator_info": [{"name": MAKER}],
            "title": title,
            "assertions": [
                {
                    "label": "c2pa.actions.v2",
                    "data": {
                        "actions": [{"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE}]
                    },
                }
            ],
        }
        # no ta_url: a time stamp is asked of a server
        info = c2pa.C2paSignerInfo(_algorithm(key).encode(), chain, key, None)
        try:
            context = c2pa.Context.from_dict(_OFFLINE)
            with c2pa.Signer.from_info(info) as signer:
                c2pa.Builder.from_json(json.dumps(manifest), context).sign_file(source, out, signer)
        except c2pa.C2paError as error:
            raise BadRequest(
                f"C2PA does not sign with this certificate: {error}.",
                field="SHOTWRIGHT_C2PA_CERTIFICATE",
                value=str(self.certificate),
                allowed="a chain for signing (digitalSignature, emailProtection) and its key",
                fix="mend the certificate, or unset SHOTWRIGHT_C2PA_CERTIFICATE",
            ) from error


def read_signature(path: Path) -> dict[str, Any]:
    """What the file is signed with: `state` (Trusted, Valid, Invalid, none, unknown), issuer and codes.

    Valid: the signature fits the file, and its issuer is on no trust list.  unknown: the extra is not installed.
    """
    with path.open("rb") as file:
        if file.read(12)[4:8] != b"ftyp":
            return {"state": "none", "issuer": None, "codes": []}
    try:
        c2pa = _library()
    except BadRequest:
        return {"state": "unknown", "issuer": None, "codes": []}
    try:
        with path.open("rb") as file:
            context = c2pa.Context.from_dict(_OFFLINE)
            found = json.loads(c2pa.Reader("video/mp4", file, context=context).json())
    except c2pa.C2paError as error:
        if "ManifestNotFound" in f"{type(error).__name__} {error}":
            return {"state": "none", "issuer": None, "codes": []}
        return {"state": "Invalid", "issuer": None, "codes": [str(error)[:200]]}
    active = found["manifests"][found["active_manifest"]]
    results = (found.get("validation_results") or {}).get("activeManifest", {})
    return {
        "state": found.get("validation_state", "Invalid"),
        "issuer": active.get("signature_info", {}).get("issuer"),
        "codes": [entry["code"] for entry in results.get("failure", [])],
    }


def signer_of(settings: Settings) -> Signer | None:
    """The user's certificate, if one is set."""
    if settings.c2pa_certificate is None or settings.c2pa_key is None:
        return None
    return Signer(Path(settings.c2pa_certificate), Path(settings.c2pa_key))


def _library() -> Any:
    try:
        import c2pa  # type: ignore[import-untyped]
    except ImportError as error:
        raise BadRequest(
            "signing needs the package c2pa-python.",
            field="SHOTWRIGHT_C2PA_CERTIFICATE",
            allowed="a certificate with the extra c2pa installed",
            fix="pip install 'shotwright[c2pa]', or unset SHOTWRIGHT_C2PA_CERTIFICATE",
        ) from error
    return c2pa


def _read(setting: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadRequest(
            f"{setting} {path} cannot be read ({error.strerror}).",
            field=setting,
            value=str(path),
            allowed="a PEM file",
            fix=f"set {setting} to a file that is there",
        ) from error


_CURVES = {256: "es256", 384: "es384", 521: "es512"}


def _algorithm(key: bytes) -> str:
    """C2PA's name of what the key signs with.  Raises BadRequest for a key that it cannot use."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(key, password=None)
    except (ValueError, TypeError) as error:
        raise _unusable(str(error)) from error
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(private, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.key_size in _CURVES:
        return _CURVES[private.key_size]
    raise _unusable(type(private).__name__)


def _unusable(why: str) -> BadRequest:
    return BadRequest(
        f"the key of SHOTWRIGHT_C2PA_KEY cannot sign ({why}).",
        field="SHOTWRIGHT_C2PA_KEY",
        allowed="an unencrypted PEM key: EC P-256, P-384 or P-521, RSA, Ed25519",
        fix="give such a key",
    )
