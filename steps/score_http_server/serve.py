"""An inference server of the standard library alone: a linear model over lines of CSV.

It finds ``weights.json`` in the folder that AZUREML_MODEL_DIR names, listens where
SAGEMAKER_BIND_TO_PORT says, and offers what it takes at /execution-parameters. Put your
own model in the place of ``predict``.
"""

import csv
import io
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OFFERS = {
    "MaxConcurrentTransforms": 2,
    "BatchStrategy": "MULTI_RECORD",
    "MaxPayloadInMB": 6,
}


def predict(weights, row):
    """Return the result for one line, a list of texts."""
    return weights["base"] + sum(
        weight * float(cell) for weight, cell in zip(weights["of"], row, strict=True)
    )


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    weights = None

    def do_GET(self):
        """Answer /ping: the model is loaded; and what the server takes."""
        body = json.dumps(OFFERS) if self.path == "/execution-parameters" else ""
        self.answer(200, body)

    def do_POST(self):
        """Answer /invocations: one line of CSV for each line that came."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        try:
            results = [
                predict(self.weights, row) for row in csv.reader(io.StringIO(body))
            ]
        except ValueError as error:
            self.answer(400, str(error))
        else:
            self.answer(200, "".join(f"{one:g}\n" for one in results), "text/csv")

    def answer(self, status, text, kind="application/json"):
        """Send one answer."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object):
        """Print no line for each request."""


if __name__ == "__main__":
    model = Path(os.environ["AZUREML_MODEL_DIR"], "weights.json")
    Handler.weights = json.loads(model.read_text())
    port = int(os.environ["SAGEMAKER_BIND_TO_PORT"])
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
