"""The rule-based director: a script or a brief becomes a shot plan, offline and always in the
same way.
"""

from shotwright.prompts.director.brief import direct_brief
from shotwright.prompts.director.script import MAX_SCRIPT, Direction, direct, direct_script
from shotwright.prompts.director.terms import Terms
from shotwright.prompts.readers import Brief

__all__ = ["MAX_SCRIPT", "Brief", "Direction", "Terms", "direct", "direct_brief", "direct_script"]
