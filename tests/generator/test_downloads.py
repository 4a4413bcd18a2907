"""Weights come whole or not at all, go on where they were broken off, and stay at the commit that came first.

The hub is a local server that speaks its wire format; the repository is that of the embedded model, loaded in the end.
"""

import hashlib
import json
import resource
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi, constants

from shotwright.generator.catalog import Card, Lora, load_catalog
from shotwright.generator.downloads import Removed, download, remove, verify
from shotwright.generator.errors import (
    BadRequest,
    Conflict,
    DownloadFailed,
    NotFound,
    RenderFailed,
    ShotwrightError,
    Unauthorized,
)
from shotwright.generator.hub import FIRST_TRIES, TRIES, Hub
from shotwright.generator.pipelines import open_engine
from shotwright.generator.weights import PINS, State, look, needs

SOURCE = "tiny/world"
NETWORK = "transformer/diffusion_pytorch_model.safetensors"
EMBEDDED = Path(__file__).parents[2] / "generator" / "mini" / "weights"
CHAFF = {
    "world.safetensors": b"the same once more, in one file",
    "README.md": b"read me",
    "transformer/diffusion_pytorch_model.fp16.safetensors": b"halves",
    "transformer/diffusion_pytorch_model.bin": b"a pickle",
    "transformer/network.py": b"import os",
    "upscaler/model.safetensors": b"not of this pipeline",
}
"""What a repository may hold and no pipeline needs."""


class Listener:
    """Hears how a download gets on."""

    def __init__(self) -> None:
        self.total = self.came = 0
        self.said: list[str] = []
        self.waits = threading.Event()

    def begin(self, what: str, total: int) -> None:
        self.total, self.came = total, 0

    def advance(self, count: int) -> None:
        self.came += count

    def say(self, text: str) -> None:
        self.said.append(text)
        if "waiting" in text:
            self.waits.set()


@pytest.fixture(scope="session")
def repository() -> dict[str, bytes]:
    """The files of the embedded model."""
    return {
        file.relative_to(EMBEDDED).as_posix(): file.read_bytes()
        for file in (EMBEDDED / "model_index.json", *EMBEDDED.glob("*/*"))
        if file.is_file()
    }


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def hub(hub_server: Any) -> Iterator[Hub]:
    """The hub's client, which does not sleep between its tries."""
    opened = Hub(hub_server.url, "a-token", pause=lambda seconds: None)
    yield opened
    opened.close()


def card_of(source: str = SOURCE, **changes: Any) -> Card:
    told: dict[str, Any] = {"name": "world", "source": source, "revision": "", **changes}
    return replace(load_catalog().default, **told)


def fetch(card: Card, models: Path, hub: Hub, told: Listener | None = None, **more: Any) -> State:
    """All of a card; the checkpoint's state."""
    states = [download(card, n, models, hub, told=told or Listener(), **more) for n in needs(card)]
    return states[0]


def files_under(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def starts(hub_server: Any) -> list[int]:
    """Where each request for a large file began."""
    return [int(asked[1][6:-1] or 0) if asked[1] else 0 for asked in hub_server.store.asked]


def test_the_hub_of_the_tests_speaks_as_the_hubs_own_client_reads(
    hub_server: Any, repository: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    # the suite runs offline, and this hub is on this machine
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    commit = hub_server.put(SOURCE, repository)
    client = HfApi(endpoint=hub_server.url, token=False)
    told = client.model_info(SOURCE, revision="main", files_metadata=True)
    assert told.sha == commit and told.siblings is not None
    by_name = {file.rfilename: file for file in told.siblings}
    assert {name: file.size for name, file in by_name.items()} == {
        name: len(data) for name, data in repository.items()
    }
    lfs = by_name[NETWORK].lfs
    assert lfs is not None and lfs.sha256 == hashlib.sha256(repository[NETWORK]).hexdigest()
    assert by_name["model_index.json"].lfs is None and by_name["model_index.json"].blob_id


# A whole download


def test_a_downloaded_repository_opens(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    commit = hub_server.put(SOURCE, {**repository, **CHAFF})
    told = Listener()
    state = fetch(card_of(), models, hub, told)
    assert state.word == "ready" and state.revision == commit and state.folder is not None
    assert files_under(state.folder) == set(repository)
    assert told.came == told.total == sum(map(len, repository.values()))
    assert json.loads((models / PINS).read_text()) == {SOURCE: commit}
    assert not (state.folder.parents[1] / "partial").exists()
    assert open_engine(card_of(), device="cpu", models=models)


def test_what_is_here_is_not_asked_for_again(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    hub_server.put(SOURCE, repository)
    fetch(card_of(), models, hub)
    asked = len(hub_server.asked)
    assert fetch(card_of(), models, hub).ready
    assert len(hub_server.asked) == asked


def test_the_token_goes_to_the_hub_and_not_to_where_it_redirects(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    hub_server.put(SOURCE, repository)
    fetch(card_of(), models, hub)
    assert {token for *_, token in hub_server.asked} == {"Bearer a-token"}
    assert {token for *_, token in hub_server.store.asked} == {""}


def test_halves_are_taken_where_a_part_has_no_others(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    halves = NETWORK.replace(".safetensors", ".fp16.safetensors")
    hub_server.put(
        SOURCE, {halves if name == NETWORK else name: data for name, data in repository.items()}
    )
    state = fetch(card_of(), models, hub)
    assert state.folder is not None and (state.folder / halves).is_file()


# Broken off


def test_a_connection_that_breaks_goes_on_where_it_was(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    hub_server.put(SOURCE, repository)
    hub_server.store.cuts = [20_000, 100_000, 150_000]  # the first file is smaller
    told = Listener()
    assert fetch(card_of(), models, hub, told).ready
    large = sum(len(data) for name, data in repository.items() if name.endswith(".safetensors"))
    assert hub_server.store.sent == large
    assert starts(hub_server)[:4] == [0, 0, 100_000, 250_000]
    assert len(told.said) == 2 and told.came == told.total


def test_a_later_download_goes_on_and_keeps_the_commit_though_main_moved(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    first = hub_server.put(SOURCE, repository)
    hub_server.store.cuts = [10_000, *[0] * TRIES]
    with pytest.raises(DownloadFailed) as caught:
        fetch(card_of(), models, hub)
    assert caught.value.code == "download_failed" and "goes on" in caught.value.fix
    state = look(needs(card_of())[0], models)
    assert state.word == "partial" and state.lacking_bytes < state.total_bytes
    with pytest.raises(RenderFailed, match="has not ended") as refused:
        open_engine(card_of(), device="cpu", models=models)
    assert "shotwright models --download world" in refused.value.fix
    hub_server.put(SOURCE, {**repository, "model_index.json": b"{}"})
    hub_server.store.cuts = []
    state = fetch(card_of(), models, hub)
    assert state.ready and state.revision == first
    large = sum(len(data) for name, data in repository.items() if name.endswith(".safetensors"))
    assert hub_server.store.sent == large


def test_the_pin_outlives_the_files(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    first = hub_server.put(SOURCE, repository)
    fetch(card_of(), models, hub)
    hub_server.put(SOURCE, {**repository, "model_index.json": b"{}"})
    remove(card_of(), {}, models, told=Listener())
    assert fetch(card_of(), models, hub).revision == first


def test_a_busy_hub_is_asked_again_after_the_pause_that_it_wants(
    hub_server: Any, models: Path, repository: dict[str, bytes]
) -> None:
    hub_server.put(SOURCE, repository)
    hub_server.busy = [(429, {"Retry-After": "7"}), (429, {"RateLimit": '"api";r=0;t=55'})]
    paused: list[float] = []
    hub = Hub(hub_server.url, pause=paused.append)
    assert fetch(card_of(), models, hub).ready
    assert paused == [7.0, 55.0]
    hub_server.busy = [(429, {"Retry-After": "3600"})]
    with pytest.raises(DownloadFailed, match="3600 s of patience"):
        fetch(card_of("other/world"), models, hub)
    hub.close()


def test_a_hub_that_is_away_is_named_after_a_few_tries(models: Path) -> None:
    hub, told = Hub("http://127.0.0.1:1", pause=lambda seconds: None), Listener()
    with pytest.raises(DownloadFailed, match="no connection to") as caught:
        fetch(card_of(), models, hub, told)
    assert caught.value.retryable and len(told.said) == FIRST_TRIES - 1
    assert not files_under(models) - {".locks/tiny--world.lock"}
    hub.close()


def test_two_downloads_of_one_repository_bring_it_once(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    hub_server.put(SOURCE, repository)
    hub_server.store.gate.clear()
    first, second = Listener(), Listener()
    states: list[State] = []
    threads = [
        threading.Thread(target=lambda t=told: states.append(fetch(card_of(), models, hub, t)))
        for told in (first, second)
    ]
    for thread in threads:
        thread.start()
    while not (first.waits.is_set() or second.waits.is_set()):
        first.waits.wait(0.05)
    hub_server.store.gate.set()
    for thread in threads:
        thread.join(60)
    assert [state.ready for state in states] == [True, True]
    large = sum(len(data) for name, data in repository.items() if name.endswith(".safetensors"))
    assert hub_server.store.sent == large


# Refused


def refusal(card: Card, models: Path, hub: Hub, **more: Any) -> ShotwrightError:
    with pytest.raises(ShotwrightError) as caught:
        fetch(card, models, hub, **more)
    return caught.value


def test_bytes_that_are_not_the_files_are_thrown_away_and_the_file_is_named(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    hub_server.put(SOURCE, repository)
    hub_server.spoilt = {NETWORK}
    error = refusal(card_of(), models, hub)
    assert error.code == "model_damaged" and NETWORK in error.message
    assert not [name for name in files_under(models) if NETWORK in name]
    assert look(needs(card_of())[0], models).word == "partial"
    hub_server.spoilt = set()
    assert fetch(card_of(), models, hub).ready


@pytest.mark.parametrize("token", [None, "a-token"])
def test_a_gated_repository_names_the_page_and_the_setting(
    hub_server: Any, models: Path, repository: dict[str, bytes], token: str | None
) -> None:
    hub_server.put(SOURCE, repository)
    hub_server.gated = {SOURCE}
    hub = Hub(hub_server.url, token)
    error = refusal(card_of(), models, hub)
    assert isinstance(error, Unauthorized)
    assert f"{hub_server.url}/{SOURCE}" in error.message and "HF_TOKEN" in error.fix
    assert not files_under(models) - {".locks/tiny--world.lock"}
    hub.close()


def test_a_repository_or_revision_that_is_not_there_is_named(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    hub_server.put(SOURCE, repository)
    error = refusal(card_of("nobody/nothing"), models, hub)
    assert isinstance(error, NotFound) and "nobody/nothing" in error.message
    error = refusal(card_of(revision="f" * 40), models, hub)
    assert isinstance(error, NotFound) and error.value == "f" * 40
    error = refusal(card_of("~/nowhere"), models, hub)
    assert isinstance(error, BadRequest) and "neither here nor" in error.message


def test_pickles_other_classes_and_lacking_parts_are_refused_before_a_large_file_comes(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    def refused(change: Callable[[dict[str, bytes]], Any]) -> str:
        files = dict(repository)
        change(files)
        hub_server.put(SOURCE, files)
        error = refusal(card_of(), models, hub)
        assert error.code == "model_damaged"
        return error.message

    def pickled(files: dict[str, bytes]) -> None:
        files[NETWORK.replace(".safetensors", ".bin")] = files.pop(NETWORK)

    def foreign(files: dict[str, bytes]) -> None:
        files["model_index.json"] = b'{"_class_name": "LTXPipeline"}'

    def bare(files: dict[str, bytes]) -> None:
        del files["model_index.json"]

    def lacking(files: dict[str, bytes]) -> None:
        for name in [name for name in files if name.startswith("vae/")]:
            del files[name]

    assert "transformer/diffusion_pytorch_model.bin" in refused(pickled)
    assert "names LTXPipeline" in refused(foreign)
    assert "has no model_index.json" in refused(bare)
    assert "names vae, and there is no such folder" in refused(lacking)
    hub_server.put("tiny/pickles", {"pytorch_model.bin": b"a pickle", "config.json": b"{}"})
    assert "pickles only" in refusal(card_of("tiny/pickles"), models, hub).message
    assert not hub_server.store.asked and not (models / PINS).exists()


def test_a_disk_without_room_is_told_before_the_first_byte(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    hub_server.put(SOURCE, repository)
    error = refusal(card_of(), models, hub, free=lambda folder: 500 << 20)
    assert error.code == "disk_full" and "8.88 MB" in error.message and not error.retryable
    assert not hub_server.store.asked


def test_a_disk_that_fills_up_keeps_what_came(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    hub_server.put(SOURCE, repository)
    largest = max(map(len, repository.values()))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest - 1, before[1]))
    try:
        error = refusal(card_of(), models, hub)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert error.code == "disk_full"
    assert look(needs(card_of())[0], models).word == "partial"
    assert fetch(card_of(), models, hub).ready


# LoRAs


def test_a_lora_is_one_file_of_its_repository(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    hub_server.put(SOURCE, repository)
    loras = {"four.safetensors": b"four", "eight.safetensors": b"eight"}
    hub_server.put("tiny/loras", loras)
    card = card_of(loras={"quick": Lora("tiny/loras", "four.safetensors")})
    fetch(card, models, hub)
    state = look(needs(card)[1], models)
    assert state.ready and state.folder is not None
    assert files_under(state.folder) == {"four.safetensors"}
    other = card_of(loras={"slow": Lora("tiny/loras", "eight.safetensors")})
    assert look(needs(other)[1], models).word == "missing"
    error = refusal(card_of(loras={"any": Lora("tiny/loras")}), models, hub)
    assert "2 .safetensors files" in error.message and "eight.safetensors" in error.fix
    error = refusal(card_of(loras={"odd": Lora("tiny/loras", "../x.safetensors")}), models, hub)
    assert "../x.safetensors" in error.message


# Verified and removed


def test_verifying_finds_a_changed_byte_and_a_download_mends_it(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    hub_server.put(SOURCE, repository)
    state, (need, *_) = fetch(card_of(), models, hub), needs(card_of())
    assert state.folder is not None and verify(card_of(), need, models, told=Listener()).ready
    file = state.folder / NETWORK
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    assert look(need, models).ready
    with pytest.raises(RenderFailed, match=NETWORK) as caught:
        verify(card_of(), need, models, told=Listener())
    assert "--download world" in caught.value.fix
    assert look(need, models).lacking == (NETWORK,)
    hub_server.store.sent = 0
    assert fetch(card_of(), models, hub).ready
    assert hub_server.store.sent == len(repository[NETWORK])
    assert verify(card_of(), need, models, told=Listener()).ready


def test_weights_of_another_program_in_the_hubs_layout_are_used_then_checked_and_kept(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes]
) -> None:
    commit = hub_server.put(SOURCE, repository)
    place = models / "models--tiny--world"
    for name, data in repository.items():
        blob = place / "blobs" / name.replace("/", "-")
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(data)
        link = place / "snapshots" / commit / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blob)
    need = needs(card_of())[0]
    assert look(need, models).ready and not look(need, models).recorded
    assert fetch(card_of(), models, hub).recorded
    assert not hub_server.store.asked
    removed = remove(card_of(), {}, models, told=Listener())
    assert removed.bytes >= sum(map(len, repository.values())) and not place.exists()


def test_what_no_download_can_bring_is_not_sent_to_one(models: Path) -> None:
    here, elsewhere = (
        card_of(loras={"oils": Lora(source)})
        for source in ("tiny/oils", "/nowhere/oils.safetensors")
    )
    for card, sent in ((here, True), (elsewhere, False)):
        with pytest.raises(RenderFailed) as refused:
            verify(card, needs(card)[1], models, told=Listener())
        assert ("--download" in refused.value.fix) is sent


@pytest.mark.parametrize("revision", ["../..", "..", "{outside}"])
def test_a_revision_that_is_a_path_leads_to_nothing_that_could_be_removed(
    tmp_path: Path, models: Path, revision: str
) -> None:
    outside = tmp_path / "outside"
    own, other = (models / f"models--{name}" / "snapshots" / "abc" for name in ("tiny--world", "b"))
    for folder in (outside, own, other):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"weights")
    card = card_of(revision=revision.format(outside=outside))
    assert look(needs(card)[0], models).word == "missing"
    assert remove(card, {}, models, told=Listener()).bytes == 0
    assert all((folder / "file").is_file() for folder in (outside, own, other))


def test_removing_frees_what_is_the_cards_alone(
    hub_server: Any, hub: Hub, models: Path, repository: dict[str, bytes], tmp_path: Path
) -> None:
    hub_server.put(SOURCE, repository)
    hub_server.put("tiny/other", repository)
    hub_server.put("tiny/loras", {"four.safetensors": b"four"})
    loras = {"quick": Lora("tiny/loras", "four.safetensors")}
    card = card_of(loras=loras)
    other = replace(card_of("tiny/other", loras=loras), name="other")
    twin = replace(card_of(), name="twin")
    cards = {each.name: each for each in (card, other, twin)}
    for each in cards.values():
        fetch(each, models, hub)
    removed = remove(card, cards, models, told=Listener())
    assert removed.bytes > sum(map(len, repository.values()))
    assert (removed.kept, removed.shared) == (("quick",), ("twin",))
    assert [look(need, models).word for need in needs(card)] == ["missing", "ready"]
    assert all(look(need, models).ready for need in needs(other))
    assert remove(card, cards, models, told=Listener()) == Removed(0, ("quick",), ())
    shutil.move(models / "models--tiny--other", tmp_path / "elsewhere")
    (models / "models--tiny--other").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Conflict, match="leads out of"):
        remove(other, cards, models, told=Listener())
    assert remove(load_catalog().default, {}, models, told=Listener()).bytes == 0
