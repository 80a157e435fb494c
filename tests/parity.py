#!/usr/bin/env python3
"""Runs tests/parity/parity.py."""

import os
import sys

SCRIPT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "parity", "parity.py")
os.execv(sys.executable, [sys.executable, SCRIPT, *sys.argv[1:]])
