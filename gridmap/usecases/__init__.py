"""One function a verb: load, authorise, decide, save, audit. Only here is anything committed."""
