"""Posting to a published pipeline does what the SDK does, once per request."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
import pytest
import requests
from conftest_web import rows, serving  # noqa: F401
