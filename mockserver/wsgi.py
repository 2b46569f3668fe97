"""What happens to a request's path before Flask sees it."""

import re
from typing import Any

SANDBOX_PREFIX = "/sandboxes/"
SANDBOX_KEY = "mockserver.sandbox"
"""Where the environment tells which sandbox the path named."""


def routed(wsgi_app: Any) -> Any:
    """Serve `/v2//carts` like `/v2/carts`, since an official client sends it (contract.md §4); and
    take the sandbox's name out of `/sandboxes/NAME/…`, which then stands in every link."""

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if "//" in path:
            path = environ["PATH_INFO"] = re.sub("/{2,}", "/", path)
        if path.startswith(SANDBOX_PREFIX):
            name, slash, rest = path.removeprefix(SANDBOX_PREFIX).partition("/")
            environ[SANDBOX_KEY] = name
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + SANDBOX_PREFIX + name
            environ["PATH_INFO"] = slash + rest or "/"
        return wsgi_app(environ, start_response)

    return serve
