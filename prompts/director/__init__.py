"""The rule-based director: a script or a brief becomes a shot plan, offline and always in the
same way.
"""

from shotwright.prompts.director.brief import Brief, direct_brief
from shotwright.prompts.director.script import MAX_SCRIPT, Direction, direct, direct_script

__all__ = ["MAX_SCRIPT", "Brief", "Direction", "direct", "direct_brief", "direct_script"]
