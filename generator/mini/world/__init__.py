"""The world that the embedded model learns: sampled scenes, drawn exactly, with ground truth."""

from shotwright.generator.mini.world.render import Rendering, render
from shotwright.generator.mini.world.scene import Scene, camera_path, sample_scene

__all__ = ["Rendering", "Scene", "camera_path", "render", "sample_scene"]
