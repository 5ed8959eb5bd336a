# SPDX-License-Identifier: GPL-2.0-only
"""The Python behind the commands in scripts/."""
