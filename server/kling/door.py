"""Who may use Kling's face: a JWT of its access and secret key, or the server's own token.

Source: Kling AI, API reference, authentication: HS256, `iss` the access key, `exp` and `nbf`.
"""

import hmac

import jwt

from shotwright.server.kling import refusals
from shotwright.server.kling.refusals import KlingError
from shotwright.tools.settings import Settings


def check(authorization: str | None, settings: Settings) -> None:
    """Let a request in.

    With neither a token nor Kling keys set (which only a loopback address allows) everybody may; a client of Kling's
    cannot be told to send no header, so what it sends is then not looked at.  Raises: KlingError 1000 to 1004.
    """
    keys = settings.kling_access_key and settings.kling_secret_key
    if not settings.token and not keys:
        return
    if not authorization:
        raise KlingError(
            refusals.EMPTY,
            "the header Authorization is missing or empty; send Bearer and a token.",
        )
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise KlingError(
            refusals.INVALID, "Authorization is not of the form `Bearer <token>`, with one space."
        )
    if settings.token and hmac.compare_digest(token.encode(), settings.token.encode()):
        return
    if not keys:
        raise KlingError(
            refusals.AUTHENTICATION,
            "the token is wrong; send SHOTWRIGHT_TOKEN, or set SHOTWRIGHT_KLING_ACCESS_KEY and "
            "SHOTWRIGHT_KLING_SECRET_KEY on the server to sign in as with Kling.",
        )
    _verify(token, str(settings.kling_access_key), str(settings.kling_secret_key))


def _verify(token: str, access_key: str, secret_key: str) -> None:
    try:
        jwt.decode(
            token,
            secret_key,
            algorithms=["HS256"],
            issuer=access_key,
            options={"require": ["iss", "exp"]},
        )
    except jwt.ExpiredSignatureError:
        raise KlingError(refusals.EXPIRED, "the token has expired; sign a new one.") from None
    except jwt.ImmatureSignatureError:
        raise KlingError(
            refusals.NOT_YET, "the token is not valid yet (nbf, iat); set the clock, or wait."
        ) from None
    except (jwt.InvalidSignatureError, jwt.InvalidIssuerError):
        raise KlingError(
            refusals.AUTHENTICATION,
            "the token is of another access key or secret key than this server's.",
        ) from None
    except jwt.InvalidTokenError as error:
        raise KlingError(
            refusals.INVALID, f"the token is no JWT signed with HS256, with iss and exp: {error}."
        ) from None
