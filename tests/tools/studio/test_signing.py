"""C2PA with a certificate of one's own: signed offline, read back, and broken by a changed byte."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shotwright.generator.encode import probe, write_mp4
from shotwright.generator.errors import BadRequest
from shotwright.generator.provenance import track_digest
from shotwright.tools.settings import from_environment
from shotwright.tools.studio.signing import Signer, read_signature, signer_of

pytest.importorskip("c2pa")


def certified(folder: Path) -> Signer:
    """A root of our own and a certificate for signing below it."""
    root, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    pem = serialization.Encoding.PEM
    chain = [_certificate("Leaf", leaf, root), _certificate("Root", root, root)]
    (folder / "chain.pem").write_bytes(b"".join(one.public_bytes(pem) for one in chain))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(leaf.private_bytes(pem, *plain))
    return Signer(folder / "chain.pem", folder / "key.pem")


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, root: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    def called(common: str) -> x509.Name:
        said = [(NameOID.COMMON_NAME, common), (NameOID.ORGANIZATION_NAME, "Test Studio")]
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in said])

    now, is_root = datetime.now(UTC), name == "Root"
    usage = x509.KeyUsage(
        digital_signature=not is_root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_root,
        crl_sign=is_root,
        encipher_only=False,
        decipher_only=False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(called(name))
        .issuer_name(called("Root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False
        )
    )
    if not is_root:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        made = made.add_extension(purpose, critical=False)
    return made.sign(root, hashes.SHA256())


def clip(path: Path) -> Path:
    frames = np.random.default_rng(0).integers(0, 256, (9, 64, 64, 3), dtype=np.uint8)
    write_mp4(path, frames, fps=8, metadata={"title": "a kettle"})
    return path


def test_a_signed_clip_names_its_issuer_and_keeps_its_picture(tmp_path: Path) -> None:
    source, out = clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    certified(tmp_path).sign(source, out, title="a kettle")
    found = read_signature(out)
    assert found["state"] == "Valid" and found["issuer"] == "Test Studio"
    assert found["codes"] == ["signingCredential.untrusted"], "a root of our own is on no list"
    assert track_digest(out) == track_digest(source)
    assert probe(out).metadata["title"] == "a kettle"
    assert b"trainedAlgorithmicMedia" in out.read_bytes()


def test_a_changed_byte_breaks_the_signature(tmp_path: Path) -> None:
    out = tmp_path / "b.mp4"
    certified(tmp_path).sign(clip(tmp_path / "a.mp4"), out, title="x")
    data = bytearray(out.read_bytes())
    data[data.index(b"mdat") + 200] ^= 1
    out.write_bytes(data)
    found = read_signature(out)
    assert found["state"] == "Invalid" and "assertion.bmffHash.mismatch" in found["codes"]


def test_unsigned_files_and_files_of_other_kinds_have_none(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no video", encoding="utf-8")
    for path in (clip(tmp_path / "a.mp4"), tmp_path / "a.txt"):
        assert read_signature(path) == {"state": "none", "issuer": None, "codes": []}


def test_a_certificate_that_cannot_sign_is_named(tmp_path: Path) -> None:
    source, signer = clip(tmp_path / "a.mp4"), certified(tmp_path)
    with pytest.raises(BadRequest) as caught:
        Signer(tmp_path / "nothing.pem", signer.key).sign(source, tmp_path / "b.mp4", title="x")
    assert caught.value.field == "SHOTWRIGHT_C2PA_CERTIFICATE"
    (tmp_path / "text.pem").write_text("no key", encoding="utf-8")
    with pytest.raises(BadRequest) as caught:
        Signer(signer.certificate, tmp_path / "text.pem").sign(
            source, tmp_path / "b.mp4", title="x"
        )
    assert caught.value.field == "SHOTWRIGHT_C2PA_KEY"
    with pytest.raises(BadRequest):
        Signer(signer.key, signer.key).sign(source, tmp_path / "b.mp4", title="x")


def test_the_settings_give_a_signer_to_every_process(tmp_path: Path) -> None:
    chain, key = tmp_path / "chain.pem", Path("key.pem").absolute()
    named = {"SHOTWRIGHT_C2PA_CERTIFICATE": str(chain), "SHOTWRIGHT_C2PA_KEY": key.name}
    settings = from_environment(named, home=tmp_path)
    assert signer_of(settings) == Signer(chain, key)
    assert {**named, "SHOTWRIGHT_C2PA_KEY": str(key)}.items() <= settings.environment().items()
    assert signer_of(from_environment({}, home=tmp_path)) is None
