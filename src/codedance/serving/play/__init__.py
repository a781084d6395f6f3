"""The playground's page: template, style and scripts, put together by :mod:`codedance.serving.playground`."""
