"""A client as Kling's own documentation writes it; only the base URL is Shotwright's.

    python docs/examples/kling_client.py image "a red ball in green hills" ball.png
    python docs/examples/kling_client.py video "a red ball rolls through green hills" ball.mp4

KLING_BASE_URL is http://127.0.0.1:8188 if not set.  With KLING_ACCESS_KEY and KLING_SECRET_KEY a JWT is sent, as to
Kling; else KLING_TOKEN, the server's own token.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import jwt

PATHS = {"image": "/v1/images/generations", "video": "/v1/videos/text2video"}


def authorization() -> dict[str, str]:
    access, secret = os.environ.get("KLING_ACCESS_KEY"), os.environ.get("KLING_SECRET_KEY")
    if access and secret:
        now = int(time.time())
        claims = {"iss": access, "exp": now + 1800, "nbf": now - 5}
        return {"Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"}
    token = os.environ.get("KLING_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def ask(client: httpx.Client, method: str, path: str, **sent: Any) -> dict[str, Any]:
    answer = client.request(method, path, headers=authorization(), **sent).json()
    if answer["code"] != 0:
        raise SystemExit(f"{answer['code']}: {answer['message']}")
    data: dict[str, Any] = answer["data"]
    return data


def main(kind: str, prompt: str, path: str) -> None:
    base = os.environ.get("KLING_BASE_URL", "http://127.0.0.1:8188")
    with httpx.Client(base_url=base, timeout=60) as client:
        task = ask(client, "POST", PATHS[kind], json={"prompt": prompt, "aspect_ratio": "16:9"})
        while task["task_status"] in ("submitted", "processing"):
            time.sleep(1)
            task = ask(client, "GET", f"{PATHS[kind]}/{task['task_id']}")
        if task["task_status"] == "failed":
            raise SystemExit(task["task_status_msg"])
        made = task["task_result"]["images" if kind == "image" else "videos"][0]
        Path(path).write_bytes(client.get(made["url"]).raise_for_status().content)
    print(f"{task['task_id']}: {path}")


if __name__ == "__main__":
    main(*sys.argv[1:])
