"""What fields mean where the schemas do not say it: hosts put those before a model, people read these.

A field without a meaning, and a meaning without its field, are errors.
"""

from collections.abc import Mapping
from typing import Any

SAME = {
    "aspect_ratio": "the picture's shape; the model's first if left out",
    "size": 'exact "WxH", or refused',
    "model": "name from `list_models`; its default if left out",
    "negative_prompt": "what must not be seen; the model's own if left out",
    "rewrite": "false sends the prompt as it is",
    "style": "words for the look of the whole film",
    "brief": "product, selling points, audience, length and platform of an advertisement",
    "job_id": "the job",
    "film_id": "the film",
    "fit": "for a picture of another shape",
    "label": "visible mark: AI-made",
    "frames": "count of frames",
    "fps": "frames a second",
    "duration_s": "seconds",
    "width": "pixels",
    "height": "pixels",
    "warnings": "what the caller should know: `code`, `message`",
    "seed": "same request and seed: same bytes",
}
"""The same wherever it stands."""
OF: Mapping[str, Mapping[str, str]] = {
    # arguments
    "GenerateVideo": {"keyframes": "pictures at given times"},
    "ExtendVideo": {"camera": "moves, as in `generate_video`"},
    "MoveCamera": {
        "mechanism": "how it is made; the best one if left out",
        "prompt": "what is seen, where the model imagines more than the picture shows",
    },
    "MakeFilm": {
        "edits": "changes of the film with this `film_id`",
        "quality": "`animatic` draws storyboard panels instead of rendering",
        "seed": "each shot's seed follows from it",
    },
    "PlanShots": {"seed": "of the director's choices where several are as good"},
    "RewritePrompt": {"prompt": "the words", "camera": "moves to be put into words"},
    "CheckVideo": {"video": "take id, film id, path, URL or upload id"},
    "GetJob": {"wait_s": "seconds to wait for its end"},
    "ListJobs": {"state": "only these", "limit": "jobs a page"},
    "SetPriority": {"priority": "1 is served first, 9 last"},
    # objects in arguments
    "CameraMove": {
        "speed": "picks the amount where none is given",
        "easing": "how it begins and ends",
    },
    "KlingCamera": {
        "dialect": "what pan and tilt mean: they changed places between the two",
        "config": "one number of -10 to 10 that is not 0: horizontal, vertical, pan, tilt, roll, zoom",
    },
    "Brief": {
        "product": "what it is, with its looks: a red kettle",
        "audience": "whom it is for",
        "length_s": "seconds of the whole film",
    },
    "Edit": {
        "op": "render again; plan anew from `action`; put elsewhere; show less; show another take"
    },
    # answers
    "Job": {
        "state": "how it stands",
        "phase": "what is being done, in words",
        "progress": "0 to 1",
        "eta_s": "seconds left, where they can be told",
        "attached": "true where an equal call had made the job already",
        "error": "of a job that failed",
        "next": "the call that goes on from here",
    },
    "Next": {"tool": "a verb's name", "arguments": "what to call it with"},
    "ErrorBody": {
        "code": "one of [errors.md](../errors.md)",
        "message": "what was wrong",
        "fix": "what mends it",
        "retryable": "whether the same call may go through later",
        "field": "the argument, down to its part",
        "value": "what was given",
        "allowed": "what would be taken",
    },
    "Jobs": {"jobs": "newest first", "cursor": "gives the next page; null on the last"},
    "Models": {"models": "the cards: [models.md](../models.md)"},
    "Planned": {"plan": "the ShotPlan", "writer": "who wrote it"},
    "Rewritten": {
        "prompt": "what the model reads",
        "original": "the caller's words",
        "text": "what is filmed",
        "writer": "who wrote it",
        "changes": "what was changed, in words",
        "tokens": "length of the prompt",
        "max_tokens": "what the model reads at most",
        "counted_by": "the checkpoint's own tokenizer, or a bound where it is not here",
        "negative_prompt": "what goes with it",
        "unknown_words": "words that the model does not know",
        "model": "whom it is for",
        "dialect": "of its prompts",
    },
    "Viewed": {
        "shown": "what each picture of the answer is",
        "seams": "where it was continued",
    },
    "Pictured": {"picture": "what it is", "at_s": "of a single frame"},
    "Measured": {
        "video": "as it was named",
        "take_id": "the take that it is, if it is one",
        "endpoints": "how each given picture is matched",
    },
    "Upload": {
        "upload_id": "names it in every verb",
        "kind": "picture or clip",
        "name": "of the file",
        "origin": "where it came from: path or address",
        "key": "in the store",
        "sha256": "of its bytes",
        "created_at": "ISO 8601, UTC",
    },
    "Exported": {
        "path": "what was written",
        "format": "as asked",
        "bytes": "of all of it",
        "files": "names of what is in it",
    },
    "Deleted": {
        "id": "what was named",
        "deleted": "false after `undo`",
        "undo_days": "how long it can be brought back",
    },
    "DryRun": {
        "effective": "values that would be used: model, prompt, size, frames, camera, seed, …",
        "adjustments": "what would be made otherwise than asked: `field`, `asked`, `used`, `reason`",
        "expected_s": "seconds of rendering, where this machine has timed the model",
        "expected_bytes": "of the files",
    },
    "Take": {
        "take_id": "names it in every verb",
        "path": "of the clip on the server's machine; null in a bucket",
        "url": "of the clip, from a server over HTTP",
        "resource_uri": "of the clip, over MCP",
        "seed": "that it was rendered with",
        "model": "that rendered it",
        "prompt": "what the model read",
        "adjustments": "what was made otherwise than asked: `field`, `asked`, `used`, `reason`",
        "unknown_words": "words that the model does not know",
        "timings": "seconds of loading, rendering, measuring, encoding; the memory plan",
        "camera": "`asked`, `measured`, `mechanism`, `hfov_deg`, `verdict`: [camera.md](../camera.md#what-comes-back)",
        "seams": "where it was continued: `frame`, `colour_step`, `ssim` and `motion_jump` (as multiples of the "
        "clip's own: 1 is no jump), `pass`, …",
        "endpoints": "`first`, `last`, `keyframes`: how each given picture is matched (`ssim`, `pass`)",
    },
}


def meaning(owner: str, name: str, schema: Mapping[str, Any]) -> str:
    """What a field of this model means: as the schema says, else as it is told here.

    Raises: KeyError for a field that nobody told.
    """
    if said := schema.get("description"):
        return str(said)
    told = OF.get(owner, {}).get(name) or SAME.get(name)
    if told is None:
        raise KeyError(
            f"{owner}.{name}: describe it in its model, or in docs/reference/meanings.py"
        )
    return told


def check(definitions: Mapping[str, Any]) -> None:
    """Raises: AssertionError for a meaning whose field is not there or says its own."""
    for owner, told in OF.items():
        fields = definitions[owner]["properties"]
        stale = [name for name in told if name not in fields or fields[name].get("description")]
        assert not stale, f"meanings.py: {owner} has no need of {stale}"
