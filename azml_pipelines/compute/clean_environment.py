"""What worker processes inherit from whoever started the run: an allow-list.

Everything else stays behind: cloud keys, tokens and passwords of a user's shell are no
business of an entry script. What it needs is declared in ``environment_variables``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from azml_pipelines.masking import holds_secret, looks_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["worker_environment_allowlist"]

_NAMES = frozenset({
    "AZML_FAILPOINTS", "AZML_FAILPOINTS_LOG",
    "CURL_CA_BUNDLE", "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH",
    "LOGNAME", "MALLOC_ARENA_MAX", "PATH", "REQUESTS_CA_BUNDLE", "SHELL", "TEMP",
    "TERM", "TMP", "TMPDIR", "TZ", "TZDIR", "USER", "VIRTUAL_ENV", "all_proxy",
    "ftp_proxy", "http_proxy", "https_proxy", "no_proxy", "ALL_PROXY", "FTP_PROXY",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
})  # fmt: skip
_BEGINNINGS = (
    "CONDA_", "CUDA_", "CUDNN_", "GOMP_", "HF_", "HIP_", "HSA_", "KMP_", "LC_", "MKL_",
    "NCCL_", "NUMBA_", "NUMEXPR_", "NVIDIA_", "OMP_", "OPENBLAS_", "ORT_", "PYTHON",
    "PYTORCH_", "ROCM_", "ROCR_", "SSL_CERT_", "TF_", "TOKENIZERS_", "TORCH_",
    "TRANSFORMERS_", "VECLIB_", "XDG_",
)  # fmt: skip
_LOGIN = re.compile(r"(?<=://)[^/@\s]*@")
_PROXY = re.compile(r"_proxy$", re.IGNORECASE)


def worker_environment_allowlist(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that worker processes may inherit.

    Kept is what finds programs, libraries, caches, devices, certificates and the user's
    language; a proxy without its login. Dropped is everything else, and whatever looks
    like a secret by its name or its value (``HF_TOKEN``).

    Args:
        environ: Of the orchestrator.
    """
    kept = {}
    for name, value in environ.items():
        if name not in _NAMES and not name.startswith(_BEGINNINGS):
            continue
        plain = _LOGIN.sub("", value) if _PROXY.search(name) else value
        if not looks_secret(name) and not holds_secret(plain):
            kept[name] = plain
    return kept
