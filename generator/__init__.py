"""Pixels: from a clip's specification to finished frames, and what can be measured in them."""
