"""Words: scripts to shot plans, and shots to the prompts that each model understands."""
