"""The bench of a GPU on a tiny network and a CPU: the same paths, and figures that say what they are."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Modules of the folder of benches, which is no package of the installation."""
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: import_module(f"bench.{name}")


def test_every_part_runs_and_is_written_down(
    bench: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu = bench("gpu")
    monkeypatch.setattr(gpu, "BUDGETS_GB", (8,))
    arguments = ["--tiny", "--device", "cpu", "--steps", "11", "--out", str(tmp_path)]
    assert gpu.main(arguments) == 0
    found = json.loads((tmp_path / "tiny.json").read_text(encoding="utf-8"))
    assert found["weights"] == "random" and found["clip"] == "64x64x9"
    assert found["peak_tflops"] > 0 and found["tflop_a_step"] > 0
    for level in ("plain", "exact", "fast"):
        figures = found[level]
        assert figures["seconds_a_step"] > 0 and 0 < figures["share_of_peak"] < 1
        assert figures["total_s"] > figures["denoise_s"] + figures["decode_s"]
    # the exact level draws what plain diffusers draws, the fast one leaves steps out
    assert found["exact"]["off_plain"] < 1e-5 > found["other_kernel_off"]
    assert found["fast"]["off_plain"] > found["exact"]["off_plain"]
    computed, asked = found["fast"]["speed"]["passes"]
    assert asked / 2 <= computed < asked
    assert sum(found["profile"]["shares"].values()) == pytest.approx(1)
    plan = found["plans"][0]
    assert plan["holds"] and plan["seconds_a_step"] > 0 and plan["way"] == "bf16 none"
    table = (tmp_path / "tiny.md").read_text(encoding="utf-8")
    assert "random weights" in table and "| exact |" in table and "| 8 | bf16 none | yes |" in table


@pytest.mark.parametrize(
    ("kernel", "kind"),
    [
        ("nvjet_hsh_256x128_64x4_2x1_v_bz_coopA_NNT", "matmul"),
        ("void cutlass::device_kernel<flash::FlashAttnFwdSm90>", "attention"),
        ("cudnn_generated_fort_native_sdpa_sm90_flash_fprop", "attention"),
        ("triton_red_fused_native_layer_norm_0", "norm and elementwise"),
        ("void at::native::vectorized_elementwise_kernel<4>", "norm and elementwise"),
        ("Memset (Device)", "other"),
    ],
)
def test_kernels_are_told_apart_by_their_names(
    kernel: str, kind: str, bench: Callable[[str], Any]
) -> None:
    assert bench("gpu").kind_of(kernel) == kind


def test_a_model_that_needs_pictures_is_not_measured(bench: Callable[[str], Any]) -> None:
    with pytest.raises(SystemExit, match="from words alone"):
        bench("random_weights").card_of("wan-2.1-i2v-14b-480p")
