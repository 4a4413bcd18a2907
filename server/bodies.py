"""What comes in a request's body."""

import json
from typing import Any

from shotwright.generator.errors import BadRequest


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body, {} for none.  Raises BadRequest."""
    try:
        data = json.loads(body, parse_constant=_no_number) if body.strip() else {}
        if isinstance(data, dict):
            return data
        problem = f"is a JSON {type(data).__name__}"
    except (ValueError, RecursionError) as error:
        problem = f"is not JSON ({error})"
    raise BadRequest(
        f"the body {problem}; send one JSON object with the verb's arguments.",
        field="body",
        value=body[:100].decode("utf-8", "replace"),
        allowed="a JSON object",
        fix="see /openapi.json for the verb's arguments",
    )


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
