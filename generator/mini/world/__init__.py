"""The world that the embedded model learns: sampled scenes, drawn exactly, with ground truth."""

from shotwright.generator.mini.world.render import (
    Batch,
    Rendering,
    coordinates,
    group,
    render,
    render_batch,
)
from shotwright.generator.mini.world.scene import Scene, camera_path, sample_scene

__all__ = [
    "Batch",
    "Rendering",
    "Scene",
    "camera_path",
    "coordinates",
    "group",
    "render",
    "render_batch",
    "sample_scene",
]
