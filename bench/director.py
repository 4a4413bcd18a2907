"""Measure the director: a 120-page screenplay to a valid plan on one core, and 10 and 100 times as much.

The screenplay is generated: 25,000 words of headings, action, dialogue, notes and transitions, English with a Chinese
scene now and then, the same at every run.  CPU seconds of this process are counted, so that other work on the
machine changes little.
Run: python -m bench.director [1] [10] [100]
"""

# ruff: noqa: RUF001  (Chinese punctuation is meant)

import random
import re
import sys
import time

from shotwright.prompts.coverage import words_lost
from shotwright.prompts.director import Terms, direct_script
from shotwright.prompts.readers import read_fountain

WORDS = 25_000
LIMIT_S = 2.0
_PLACES = (
    "KITCHEN",
    "HARBOUR",
    "OLD STATION",
    "ROOFTOP",
    "LIBRARY",
    "FOREST ROAD",
    "HOSPITAL ROOM",
    "MARKET",
)
_TIMES = ("DAY", "NIGHT", "DUSK", "MORNING")
_NAMES = ("MARY", "JOE", "OLD MAN", "DR. LIN", "ANNA", "THE CAPTAIN")
_ACTION = (
    "{name} crosses the room and stops at the window.",
    "Rain runs down the glass.",
    "A red lantern swings above the door, and its light moves over the wall.",
    "{name} picks up the letter, then her fingers turn the key in the old lock.",
    "Nobody speaks.",
    "He looks back at the empty street, as if somebody had called him by a name that he had given up years ago.",
    "The camera slowly pushes in on the face of {name}.",
    "Two dogs chase a ball to the left along the wet quay.",
    "She smiles, but there are tears in her eyes.",
    "Close-up of a watch: it is 3.45 in the afternoon.",
)
_ENDS = ("beside number", "under clock", "at gate", "near post", "past door", "by table")
_SPEECH = (
    "I told you not to come here.",
    "What do you want me to say? That I waited for you? I did, for eleven years.",
    "Nothing.",
    "We have to leave before the boat does, and it leaves at six.",
    "You always say that, and then you stay, and then everything is as it was.",
)
_CHINESE = (
    "外景 山顶 - 日\n\n小明走过山坡，停下来看着远处的城市。[[镜头：缓慢推近]]\n\n小明\n你还记得这里吗？\n\n"
    "小红微笑着摇头。风吹动她的头发。\n\n小红\n（轻声）\n我什么都记得。\n\n"
)


def screenplay(words: int, *, seed: int = 1) -> str:
    """A Fountain screenplay of about that many words."""
    rng = random.Random(seed)
    pieces = ["Title: The Long Way Back\nAuthor: The Bench\n\n"]
    size = 0
    while size < words:
        scene = _scene(rng)
        pieces.append(scene)
        size += len(scene.split())
    return "".join(pieces)


def _scene(rng: random.Random) -> str:
    pieces = [f"{rng.choice(('INT', 'EXT'))}. {rng.choice(_PLACES)} - {rng.choice(_TIMES)}\n\n"]
    for _ in range(rng.randint(4, 14)):
        name = rng.choice(_NAMES)
        if rng.random() < 0.45:
            manner = "(quietly)\n" if rng.random() < 0.2 else ""
            pieces.append(f"{name}\n{manner}{rng.choice(_SPEECH)}\n\n")
            continue
        told = rng.sample(_ACTION, rng.randint(1, 4))
        # no sentence comes twice, as in a real screenplay
        told = [f"{line[:-1]} {rng.choice(_ENDS)} {rng.randint(2, 9_999)}." for line in told]
        pieces.append(" ".join(told).format(name=name) + "\n\n")
    if rng.random() < 0.1:
        pieces.append(_CHINESE)
    if rng.random() < 0.1:
        pieces.append("DISSOLVE TO:\n\n")
    return "".join(pieces)


def measure(times: int) -> tuple[float, int, int]:
    """(CPU seconds from text to valid plan, words, shots) of a screenplay `times` times 120 pages."""
    text = screenplay(WORDS) * times
    words = len(re.findall(r"\S+", text))
    started = time.process_time()
    directed = direct_script(read_fountain(text), Terms(shot_s=5.0))
    seconds = time.process_time() - started
    if times == 1 and (lost := words_lost(text, directed.plan)):
        raise SystemExit(f"words were lost: {lost[:20]}")
    return seconds, words, len(directed.plan.shots)


def main() -> int:
    sizes = [int(arg) for arg in sys.argv[1:]] or [1, 10, 100]
    measure(1)  # patterns are compiled once in a process
    base = None
    for times in sizes:
        seconds, words, shots = measure(times)
        base = base or seconds / times
        print(
            f"{times:4} x 120 pages: {words:9} words {shots:8} shots {seconds:8.2f} s CPU, "
            f"{seconds / (base * times):5.2f} of linear"
        )
        if times == 1 and seconds > LIMIT_S:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
