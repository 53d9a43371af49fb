"""The child process that parses one file, apart from everything else: it imports the errors and its parsers only.

`gridmap.files` starts it and reads what it hands back.
"""
