"""Fonts and small pictures that scenes are drawn with; their licences are in ``LICENSES.md`` beside this file."""
