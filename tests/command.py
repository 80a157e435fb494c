#!/usr/bin/env python3
"""Runs tests/command/command.py."""

import os
import sys

SCRIPT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "command", "command.py")
os.execv(sys.executable, [sys.executable, SCRIPT, *sys.argv[1:]])
