"""The one door to Asterisk for the other rooms: render its files, run it, prepare the platform's own.

Nothing is written here; each part lives in its own module.
"""

from home.asterisk_platform import (
    PromptError,
    SeatLine,
    link_prompts,
    page_password,
    page_phone,
    platform_asterisk,
    platform_context,
    platform_templates,
    prompts_dir,
    recordings_dir,
    render_platform,
)
from home.asterisk_process import AsteriskError, AsteriskProcess
from home.asterisk_render import Change, RenderError, render

__all__ = [
    "AsteriskError",
    "AsteriskProcess",
    "Change",
    "PromptError",
    "RenderError",
    "SeatLine",
    "link_prompts",
    "page_password",
    "page_phone",
    "platform_asterisk",
    "platform_context",
    "platform_templates",
    "prompts_dir",
    "recordings_dir",
    "render",
    "render_platform",
]
