"""What runs inside the sandbox's own processes: the standard library and vision libraries, nothing of CodeDance's.

The host starts :mod:`zygote` as a program; it isolates itself, forks one process per session, and each session runs
:mod:`interpreter`. Everything that a session says is a claim; the host decides what it is worth.
"""
