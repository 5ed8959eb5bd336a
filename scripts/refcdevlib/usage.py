# SPDX-License-Identifier: GPL-2.0-only
"""Command lines: a wrong one is an error of the harness, exit 125."""

import argparse

from .common import HarnessError


class Arguments(argparse.ArgumentParser):
    def error(self, message):
        raise HarnessError(f"{message}\n{self.format_usage().strip()}")
