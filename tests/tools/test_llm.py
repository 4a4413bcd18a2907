"""An LLM behind the verbs: who wrote what, and why nobody else did; in calls that answer at once and in jobs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import anyio
import pytest

from shotwright.generator.errors import BadRequest, Cancelled
from shotwright.tools import verbs
from shotwright.tools.settings import Settings, from_environment
from shotwright.tools.studio.endings import cancelled
from shotwright.tools.studio.queue import JobQueue
from shotwright.tools.studio.scripting import waits_for_llm, written
from shotwright.tools.studio.studio import Studio
from shotwright.tools.studio.writing import writer_of

SCRIPT = "A red ball rolls over the hills. Two cats watch it."


def plan_of(*actions: str) -> dict[str, Any]:
    sources = SCRIPT.replace(". ", ".|").split("|")
    shots = [
        {"action": action, "source": source, "duration_s": 1.125}
        for action, source in zip(actions, sources, strict=True)
    ]
    return {"title": "Ball", "shots": shots}


GOOD = plan_of("A red ball rolls over the green hills by day.", "Two cats watch the red ball.")
BAD = plan_of("A red ball meets Viktor.", "Two cats.")


@pytest.fixture
def lettered(settings: Settings, llm_server: Any) -> Iterator[Studio]:
    """A studio without a worker whose settings name the server."""
    url = f"{llm_server.url}/v1"
    opened = Studio(replace(settings, llm="openai:tester", llm_base_url=url))
    yield opened
    opened.close()


def call(studio: Studio, verb: str, **asked: Any) -> dict[str, Any]:
    return anyio.run(lambda: verbs.call(studio, verb, asked)).data


def test_a_plan_says_that_the_llm_wrote_it(lettered: Studio, llm_server: Any) -> None:
    llm_server.say(GOOD)
    answer = call(lettered, "plan_shots", script=SCRIPT, style="ink")
    assert answer["writer"] == "llm" and "openai:tester wrote it" in answer["why"]
    assert answer["plan"]["shots"][0]["action"] == GOOD["shots"][0]["action"]
    assert answer["plan"]["style"] == "ink"
    assert [row["shot"] for row in answer["coverage"]] == ["S1-010", "S1-020"]
    assert answer["diff"]["lost"] == answer["diff"]["invented"] == []


def test_where_the_llm_fails_the_director_writes_and_says_why(
    lettered: Studio, llm_server: Any
) -> None:
    llm_server.say(BAD)
    answer = call(lettered, "plan_shots", script=SCRIPT)
    assert answer["writer"] == "director"
    assert "Viktor" in answer["why"]
    assert "llm_failed" in [warning["code"] for warning in answer["warnings"]]
    assert [shot["source"] for shot in answer["plan"]["shots"]]


def test_a_brief_is_planned_too(lettered: Studio, llm_server: Any) -> None:
    brief = {"product": "a red kettle", "selling_points": ["boils in 2 minutes"], "length_s": 4}
    action = "A red kettle boils in 2 minutes on a stove."
    llm_server.say({"shots": [{"action": action, "duration_s": 4}]})
    answer = call(lettered, "plan_shots", brief={**brief, "platform": "tiktok"})
    assert (answer["writer"], answer["plan"]["aspect_ratio"]) == ("llm", "9:16")
    assert "boils in 2 minutes" in llm_server.asked[0]["messages"][1]["content"]


def test_a_story_that_is_too_long_for_an_answer_is_the_directors(
    lettered: Studio, llm_server: Any
) -> None:
    llm_server.say("never asked")
    answer = call(lettered, "plan_shots", script="A dog runs. " * 1700)
    assert answer["writer"] == "director" and "20000" in answer["why"]
    assert llm_server.asked == []


def test_a_callers_plan_is_left_alone(lettered: Studio, llm_server: Any) -> None:
    llm_server.say("never asked")
    answer = call(lettered, "plan_shots", plan=GOOD)
    assert (answer["writer"], llm_server.asked) == ("caller", [])


def test_without_an_llm_the_result_says_so(studio: Studio) -> None:
    answer = call(studio, "plan_shots", script=SCRIPT)
    assert answer["writer"] == "director" and "SHOTWRIGHT_LLM" in answer["why"]


def test_a_setting_that_names_no_model_is_refused(settings: Settings) -> None:
    opened = Studio(replace(settings, llm="gpt"))
    with pytest.raises(BadRequest) as caught:
        call(opened, "plan_shots", script=SCRIPT)
    opened.close()
    assert caught.value.field == "SHOTWRIGHT_LLM"


def test_a_prompt_is_rewritten_and_its_texts_kept_apart(lettered: Studio, llm_server: Any) -> None:
    text = "A red ball rolls slowly to the right over green hills by day."
    llm_server.say({"prompt": text, "negative_prompt": ""})
    answer = call(lettered, "rewrite_prompt", prompt="a crimson ball on its way, hills")
    assert (answer["writer"], answer["text"]) == ("llm", text)
    assert answer["original"] == "a crimson ball on its way, hills"
    assert answer["prompt"] != text and answer["counted_by"] == "tokenizer"
    assert answer["diff"]["added"]


def test_a_dry_run_asks_at_once_and_the_same_question_once(
    lettered: Studio, llm_server: Any
) -> None:
    llm_server.say({"prompt": "A red ball rolls over the hills by day.", "negative_prompt": ""})
    asked = {"prompt": "a scarlet sphere", "dry_run": True, "seed": 1}
    first = call(lettered, "generate_video", **asked)["effective"]["prompt"]
    assert "red ball" in first
    assert call(lettered, "generate_video", **asked)["effective"]["prompt"] == first
    assert len(llm_server.asked) == 1
    bare = call(lettered, "generate_video", **asked, rewrite=False)["effective"]["prompt"]
    assert bare == "a scarlet sphere" and len(llm_server.asked) == 1


@dataclass
class Crewed:
    """A studio with a worker of its own."""

    studio: Studio

    def __call__(self, verb: str, **asked: Any) -> dict[str, Any]:
        """Call a verb; the ended job."""
        job = call(self.studio, verb, **asked, wait_s=50)
        while job["state"] in ("queued", "running"):
            job = call(self.studio, "get_job", job_id=job["job_id"], wait_s=50)
        return job


@pytest.fixture(scope="module")
def crewed_by(
    tmp_path_factory: pytest.TempPathFactory, llm_of_module: Any, employ: Any
) -> Iterator[Crewed]:
    """A studio and a worker whose settings name the module's server."""
    named = {"SHOTWRIGHT_LLM": "anthropic:tester", "SHOTWRIGHT_LLM_API_KEY": "secret"}
    named["SHOTWRIGHT_LLM_BASE_URL"] = llm_of_module.url
    settings = from_environment(named, home=tmp_path_factory.mktemp("lettered") / "home")
    jobs = JobQueue(settings)
    process = employ(settings, "cpu")
    studio = Studio(settings)

    yield Crewed(studio)
    studio.close()
    jobs.close()
    process.kill()  # nothing of it is wanted any more
    process.join(30)


def test_a_film_asks_the_llm_in_its_workflow(crewed_by: Crewed, llm_of_module: Any) -> None:
    llm_of_module.say(GOOD)
    made = crewed_by("make_film", script=SCRIPT, quality="animatic", aspect_ratio="1:1")
    assert made["state"] == "succeeded", made["error"]
    film = made["result"]
    assert film["writer"] == "llm" and "anthropic:tester" in film["why"]
    assert [shot["action"] for shot in film["plan"]["shots"]] == [
        s["action"] for s in GOOD["shots"]
    ]
    assert len(llm_of_module.asked) == 1
    slate = crewed_by.studio.store.read_record("takes", film["takes"][0]["take_id"])
    assert slate["words"]["original"] == "A red ball rolls over the hills."
    assert slate["words"]["text"] == GOOD["shots"][0]["action"]


def test_a_clip_is_rendered_from_what_the_llm_wrote_for_it(
    crewed_by: Crewed, llm_of_module: Any, small: dict[str, Any]
) -> None:
    text = "A red ball rolls slowly to the right over green hills by day."
    llm_of_module.say({"prompt": text, "negative_prompt": ""})
    asked = {"prompt": "a crimson ball on its way, hills", "seed": 3, **small}
    made = crewed_by("generate_video", **asked, takes=2)
    assert made["state"] == "succeeded", made["error"]
    assert len(llm_of_module.asked) == 1, "both takes have the same words"
    for take in made["result"]["takes"]:
        slate = crewed_by.studio.store.read_record("takes", take["take_id"])
        words = slate["words"]
        assert (words["writer"], words["text"]) == ("llm", text)
        assert words["original"] == asked["prompt"] == slate["request"]["prompt"]
        assert "red ball" in take["prompt"] and take["prompt"] == slate["prompt"]
        assert words["diff"]["added"] and "anthropic:tester" in words["why"]


@pytest.mark.parametrize("reply", ["I would rather write a poem.", (500, {}), b"<html>no</html>"])
def test_a_clip_whose_llm_answers_garbage_is_rendered_from_the_rules_words(
    crewed_by: Crewed, llm_of_module: Any, small: dict[str, Any], reply: Any
) -> None:
    llm_of_module.say(reply)
    prompt = f"a red ball rests in the hills, {str(reply)[:8]}"
    made = crewed_by("generate_video", prompt=prompt, seed=3, **small)
    assert made["state"] == "succeeded", made["error"]
    (take,) = made["result"]["takes"]
    words = crewed_by.studio.store.read_record("takes", take["take_id"])["words"]
    assert words["writer"] == "director" and words["original"] == prompt
    assert "anthropic:tester" in words["why"] and llm_of_module.asked
    assert "llm_failed" in [warning["code"] for warning in take["warnings"]]
    assert "red ball" in take["prompt"]


def test_with_rewrite_off_no_llm_is_asked(
    crewed_by: Crewed, llm_of_module: Any, small: dict[str, Any]
) -> None:
    llm_of_module.say("never asked")
    made = crewed_by("generate_video", prompt="a red ball", seed=3, rewrite=False, **small)
    assert made["result"]["takes"][0]["prompt"] == "a red ball"
    assert llm_of_module.asked == []


@pytest.mark.skipif(find_spec("langchain_google_genai") is not None, reason="it is installed here")
def test_without_the_extra_google_is_named_and_the_director_writes(settings: Settings) -> None:
    named = {"SHOTWRIGHT_LLM": "google_genai:gemini-2.5-flash", "SHOTWRIGHT_LLM_API_KEY": "secret"}
    opened = Studio(from_environment(named, home=settings.home))
    answer = call(opened, "plan_shots", script=SCRIPT)
    opened.close()
    assert answer["writer"] == "director" and "pip install 'shotwright[google]'" in answer["why"]
    (warning,) = [w for w in answer["warnings"] if w["code"] == "llm_failed"]
    assert "google_genai:gemini-2.5-flash" in warning["message"]


@pytest.mark.skipif(find_spec("langchain_google_genai") is None, reason="needs the extra google")
def test_google_writes_by_its_own_wire_format(settings: Settings, llm_server: Any) -> None:
    named = {"SHOTWRIGHT_LLM": "google_genai:gemini-2.5-flash", "SHOTWRIGHT_LLM_API_KEY": "secret"}
    named["SHOTWRIGHT_LLM_BASE_URL"] = llm_server.url
    opened = Studio(from_environment(named, home=settings.home))
    text = "A red ball rolls slowly to the right over green hills by day."
    llm_server.say({"prompt": text, "negative_prompt": ""})
    answer = call(opened, "rewrite_prompt", prompt="a crimson ball on its way, hills")
    assert (answer["writer"], answer["text"]) == ("llm", text)
    (asked,) = llm_server.asked
    assert asked["generationConfig"]["responseMimeType"] == "application/json"
    assert llm_server.keys == ["secret"]
    llm_server.say((400, {}))
    answer = call(opened, "rewrite_prompt", prompt="a scarlet ball on its way, hills")
    opened.close()
    assert answer["writer"] == "director" and "400" in answer["why"]


def test_a_slate_keeps_the_three_texts_apart(crewed: Studio, take: dict[str, Any]) -> None:
    slate = crewed.store.read_record("takes", take["take_id"])
    assert slate["request"]["prompt"] == slate["words"]["original"] == slate["words"]["text"]
    assert slate["prompt"] == take["prompt"] != slate["words"]["text"]
    assert slate["words"]["writer"] == "director"


def queued(studio: Studio, verb: str, **asked: Any) -> dict[str, Any]:
    """The plan of a job that nobody works on."""
    return studio.jobs.plan(call(studio, verb, **asked, wait_s=0)["job_id"])


def test_a_job_whose_llm_fails_keeps_what_the_rules_wrote(
    lettered: Studio, llm_server: Any
) -> None:
    llm_server.say(BAD)
    plan = queued(lettered, "make_film", script=SCRIPT, quality="animatic")
    assert waits_for_llm(plan) and llm_server.asked == []
    done = written(lettered, plan, writer_of(lettered.settings))
    assert done["parts"] == plan["parts"]
    assert done["film"]["writer"] == "director" and "Viktor" in done["film"]["why"]
    assert "llm_failed" in [warning["code"] for warning in done["film"]["warnings"]]
    assert waits_for_llm(done)  # a resumed workflow finds the same steps


def test_writing_a_job_again_gives_the_same(lettered: Studio, llm_server: Any) -> None:
    llm_server.say({"prompt": "A red ball rolls over the hills by day.", "negative_prompt": ""})
    plan = queued(lettered, "generate_video", prompt="a scarlet sphere", takes=2)
    once = written(lettered, plan, writer_of(lettered.settings))
    twice = written(lettered, once, writer_of(lettered.settings))
    assert len(llm_server.asked) == 1
    prompts = [
        [s["spec"]["prompt"] for s in p["segments"]] for p in (*once["parts"], *twice["parts"])
    ]
    assert len({str(prompt) for prompt in prompts}) == 1 and "red ball" in str(prompts[0])


def test_a_job_that_is_to_stop_stops_asking(lettered: Studio, llm_server: Any) -> None:
    llm_server.say("drip")
    plan = queued(lettered, "make_film", script=SCRIPT, quality="animatic")

    def watch() -> None:
        if llm_server.asked:
            raise cancelled("job_1")

    with pytest.raises(Cancelled):
        written(lettered, plan, writer_of(lettered.settings, seconds=60, watch=watch))
