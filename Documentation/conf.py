# SPDX-License-Identifier: GPL-2.0-only
"""Sphinx configuration: 'sphinx-build -W Documentation out' (package python3-sphinx)."""

project = "refcdev"
master_doc = "index"
html_theme = "alabaster"
