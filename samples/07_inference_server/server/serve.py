"""A little inference server: GET /ping, POST /invocations, standard library only.

It estimates the price of a house from its area and rooms. The weights are those of the
model that it finds below SAGEMAKER_BASE_DIR.
"""

import csv
import io
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
PORT = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Say that the model is loaded, and what it takes at once."""
        offers = {"MaxConcurrentTransforms": 2, "BatchStrategy": "MULTI_RECORD"}
        body = b"" if self.path == "/ping" else json.dumps(offers).encode()
        self.answer(200, body)

    def do_POST(self):
        """Estimate a price for each line of CSV."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            rows = [
                (float(area), float(rooms))
                for area, rooms in csv.reader(io.StringIO(body.decode()))
            ]
        except ValueError as error:
            self.answer(400, str(error).encode())
            return
        prices = [
            WEIGHTS["base"] + WEIGHTS["area"] * area + WEIGHTS["rooms"] * rooms
            for area, rooms in rows
        ]
        self.answer(200, json.dumps({"predictions": prices}).encode())

    def answer(self, status, body):
        """Send one answer."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object):
        """Print no line for each request."""


if __name__ == "__main__":
    WEIGHTS = json.loads((BASE / "model" / "weights.json").read_text())
    ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
