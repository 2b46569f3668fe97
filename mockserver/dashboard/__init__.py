"""The dashboard at `/`: HTML pages rendered from responses of the admin API.

Every page reads and acts through the admin API, so it can list the equivalent curl commands.
Reading needs no JavaScript.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, current_app, redirect, render_template, request
from werkzeug.exceptions import NotFound

from mockserver import __version__
from mockserver.core.errors import AdminError
from mockserver.core.wsgi import SANDBOX_KEY
from mockserver.dashboard import docs, session
from mockserver.dashboard.actions import ACTIONS, NAVIGATIONS
from mockserver.dashboard.admin_client import AdminApiError, InProcessClient
from mockserver.dashboard.json_markup import to_markup
from mockserver.dashboard.views import VIEWS, View, entry_view
from mockserver.http.response import flask_response
from mockserver.sandbox.registry import DEFAULT

if TYPE_CHECKING:
    from mockserver.core.config import Config
    from mockserver.openapi.contract import Contract

PATHS = ("/", "/favicon.ico", "/docs", "/__admin/docs")
PREFIX = "/ui"
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\x00-\x1f\x7f]*")
"""A path that no browser resolves to another host, even after dropping tabs and line breaks."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Swagger UI writes styles into its elements.
DOCS_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
STATIC_MAX_AGE_S = 86_400

pages = Blueprint(
    "dashboard",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/ui/static",
)
pages.add_app_template_filter(to_markup, "to_markup")


def is_page(path: str) -> bool:
    """Whether a path belongs to the dashboard rather than to the API."""
    return path in PATHS or path.startswith(f"{PREFIX}/")


def blueprint(config: Config, contract: Contract, app: Flask) -> Blueprint:
    """Prepare an application for the dashboard, and return the routes to register."""
    app.extensions.update(dashboard_config=config, dashboard_contract=contract)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    return pages


def _config() -> Config:
    config: Config = current_app.extensions["dashboard_config"]
    return config


def _admin() -> InProcessClient:
    return InProcessClient(current_app.wsgi_app, request, session.token(_config(), request))


def _page(view: View) -> Response:
    """Return a view as a page; if the admin API fails, its error or the sign-in page."""
    admin = _admin()
    try:
        values = view.read(admin, request.args)
    except AdminApiError as error:
        return _error_page(error)
    return _html(view.template, 200, view=view, curls=admin.curls, **values)


for _view in VIEWS:
    pages.add_url_rule(_view.path, _view.name, partial(_page, _view))


@pages.get("/ui/journal/<entry_id>")
def entry(entry_id: str) -> Response:
    return _page(entry_view(entry_id))


@pages.get("/ui/stream")
def stream() -> Response:
    return _admin().stream("/requests/stream")


@pages.get("/ui/fixture")
def fixture() -> Response:
    return _admin().download("/fixture", "state.yaml")


@pages.get("/ui/snapshots/<name>/fixture")
def snapshot(name: str) -> Response:
    return _admin().download(f"/snapshots/{name}/fixture", f"{name}.yaml")


@pages.post("/ui/actions/<name>")
def act(name: str) -> Response:
    session.reject_other_sites(request)
    admin = _admin()
    back = _local_path(request.form.get("back", "/"))  # validated before anything is changed
    try:
        if name in NAVIGATIONS:
            return _redirect(NAVIGATIONS[name](admin, request.form))
        if name not in ACTIONS:
            raise NotFound
        ACTIONS[name](admin, request.form)
    except AdminApiError as error:
        return _error_page(error)
    return _redirect(back)


@pages.post("/ui/session")
def sign_in() -> Response:
    session.reject_other_sites(request)
    response = _redirect(_local_path(request.form.get("back", "/")))
    if not session.start(_config(), request, response):
        return _html("sign_in.html", 401, wrong=True, back=request.form.get("back"))
    return response


@pages.get("/docs")
def api_docs() -> Response:
    try:
        state = _admin().get("/state", limit=1000)
    except AdminApiError as error:
        return _error_page(error)
    people = (*state["members"]["shown"], *state["customers"]["shown"])
    names = {person["id"]: person["name"] for person in people}
    logins = docs.logins(state["tokens"]["shown"], names)
    return _reference("API", "/ui/openapi.json", logins)


@pages.get("/__admin/docs")
def admin_docs() -> Response:
    return _reference("Admin API", "/ui/admin-openapi.json", [])


@pages.get("/ui/openapi.json")
def api_document() -> Response:
    return flask_response(
        200, docs.api(current_app.extensions["dashboard_contract"], request.root_path or "/")
    )


@pages.get("/ui/admin-openapi.json")
def admin_document() -> Response:
    return flask_response(200, docs.admin(request.root_path or "/"))


@pages.get("/favicon.ico")
def favicon() -> Response:
    return redirect(f"{request.root_path}/ui/static/icon.svg", 302)  # type: ignore[return-value] # Werkzeug's own class; Flask takes it


@pages.after_request
def harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint == "dashboard.static":
        response.headers["Cache-Control"] = f"public, max-age={STATIC_MAX_AGE_S}"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _reference(title: str, url: str, logins: list[dict[str, str]]) -> Response:
    page = _html("docs.html", 200, title=title, url=url, logins=logins)
    page.headers["Content-Security-Policy"] = DOCS_POLICY
    return page


def _error_page(error: AdminApiError) -> Response:
    if error.status == 401 and _config().admin_token:
        return _html("sign_in.html", 401, wrong=False, back=request.full_path)
    return _html("error.html", error.status, detail=error.detail)


def _html(template: str, status: int, **values: Any) -> Response:
    html = render_template(
        template,
        views=VIEWS,
        base=request.root_path,
        sandbox=request.environ.get(SANDBOX_KEY, DEFAULT),
        version=__version__,
        **values,
    )
    return Response(html, status, content_type="text/html; charset=utf-8")


def _redirect(path: str) -> Response:
    return redirect(path if path.startswith("/sandboxes/") else request.root_path + path, 303)  # type: ignore[return-value] # Werkzeug's own class; Flask takes it


def _local_path(path: str) -> str:
    """Return a form's path of origin on this server. Raises AdminError for another host's."""
    if not _LOCAL_PATH.fullmatch(path):
        raise AdminError(400, "Bad Request", "back must be a path of this server.")
    return path.removeprefix(request.root_path) or "/"
