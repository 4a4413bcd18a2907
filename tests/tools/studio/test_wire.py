"""What verbs answer is what their answer models say."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import anyio
import numpy as np

from shotwright.generator.encode import write_mp4
from shotwright.tools import verbs
from shotwright.tools.studio.studio import Studio


def test_answers_without_a_job_have_the_fields_of_their_models(
    studio: Studio, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    frames = np.kron(rng.integers(0, 256, (4, 8, 8, 3)), np.ones((1, 8, 8, 1))).astype(np.uint8)
    write_mp4(tmp_path / "a.mp4", frames, fps=Fraction(8), metadata={})
    key = studio.store.put_bytes(b"film", "mp4").key
    record = {"film_id": "film_1", "blobs": {"clip": key, "sheet": key}, "plan": {}, "shots": []}
    studio.store.write_record("films", "film_1", record)

    def ask(name: str, **arguments: Any) -> dict[str, Any]:
        data = anyio.run(verbs.call, studio, name, arguments).data
        model = verbs.BY_NAME[name].answer
        answer = model.model_validate(data, strict=True)
        assert not answer.model_extra and answer.model_fields_set == set(data)
        return data

    upload = ask("import_media", source=str(tmp_path / "a.mp4"))["upload_id"]
    ask("view_video", video=upload, at_s=[0.1])
    ask("check_video", video=upload)
    ask("rewrite_prompt", prompt="a red ball")
    ask("export_film", film_id="film_1", format="mp4")
    ask("delete_media", id=upload)
