"""What worker processes inherit."""

from __future__ import annotations

import pytest

from azml_pipelines.compute.clean_environment import worker_environment_allowlist


@pytest.mark.parametrize(
    "name",
    ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "PYTHONPATH", "PYTHONHASHSEED",
     "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "OMP_NUM_THREADS",
     "MKL_NUM_THREADS",
     "OPENBLAS_NUM_THREADS", "NUMEXPR_MAX_THREADS", "CUDA_VISIBLE_DEVICES",
     "NVIDIA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES",
     "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NO_PROXY", "USER", "LOGNAME", "SHELL",
     "HF_HOME", "TRANSFORMERS_CACHE", "TOKENIZERS_PARALLELISM", "AZML_FAILPOINTS"],
)  # fmt: skip
def test_what_is_needed_is_kept(name):
    """Programs, libraries, caches, devices, certificates, the user's language."""
    assert {name: "x"} == worker_environment_allowlist({name: "x"})


@pytest.mark.parametrize(
    "name",
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
     "AZURE_CLIENT_SECRET", "AZURE_STORAGE_CONNECTION_STRING", "GITHUB_TOKEN",
     "GOOGLE_APPLICATION_CREDENTIALS", "HF_TOKEN", "HF_API_KEY", "DATABASE_URL",
     "PGPASSWORD", "SSH_AUTH_SOCK", "KUBECONFIG", "LD_PRELOAD", "CONDA_TOKEN", "MY_VAR",
     "AZML_RUN_ID", "DBUS_SESSION_BUS_ADDRESS", "OPENAI_API_KEY"],
)  # fmt: skip
def test_everything_else_stays_behind(name):
    """Cloud keys, tokens and passwords of a shell are no business of a script."""
    assert {} == worker_environment_allowlist({name: "some value"})


def test_a_proxy_without_its_login():
    """The way out is kept, the password is not."""
    kept = worker_environment_allowlist({"HTTPS_PROXY": "http://me:pw@proxy:8080"})

    assert {"HTTPS_PROXY": "http://proxy:8080"} == kept


def test_a_secret_under_an_innocent_name():
    """A login in the address of a package index, for example."""
    assert {} == worker_environment_allowlist({"CONDA_CHANNEL": "https://u:p@host/x"})
