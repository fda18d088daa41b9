"""What Asterisk itself runs of ours: the dialplan's template, prompts, music, and the script of the ladder (`agi`)."""
