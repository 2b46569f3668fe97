"""The dashboard at `/`: pages for a person, made from what the admin API says.

Everything is read and done through the admin API, so every page can show the curl lines that do the
same. Reading needs no JavaScript.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, redirect, render_template, request
from werkzeug.exceptions import NotFound

from mockserver import __version__
from mockserver.core.config import Config
from mockserver.core.errors import AdminError
from mockserver.core.wsgi import SANDBOX_KEY
from mockserver.dashboard import docs, session
from mockserver.dashboard.actions import ACTIONS, replay
from mockserver.dashboard.admin_client import Admin, Refused
from mockserver.dashboard.json_markup import marked
from mockserver.dashboard.views import VIEWS, View, entry_view
from mockserver.http.response import flask_response
from mockserver.openapi.contract import Contract
from mockserver.sandbox.registry import DEFAULT

PATHS = ("/", "/favicon.ico", "/docs", "/__admin/docs")
PREFIX = "/ui"
_OWN_PATH = re.compile(r"/(?![/\\])[^\x00-\x1f\x7f]*")
"""A path that no browser takes for another host: it drops tabs and line breaks before it looks."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Swagger UI writes styles into its elements.
DOCS_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
A_DAY = 86_400


def is_page(path: str) -> bool:
    """Whether a path belongs to the dashboard rather than to the API."""
    return path in PATHS or path.startswith(f"{PREFIX}/")


def blueprint(config: Config, contract: Contract, app: Flask) -> Blueprint:
    """Return the routes of the dashboard."""
    web = Blueprint(
        "web",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/ui/static",
    )
    web.add_app_template_filter(marked, "marked")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    def admin() -> Admin:
        return Admin(app.wsgi_app, request, session.token(config, request))

    def page(view: View) -> Callable[[], Response]:
        return lambda: _page(config, admin(), view)

    for view in VIEWS:
        web.add_url_rule(view.path, view.name, page(view))

    @web.get("/ui/journal/<entry_id>")
    def entry(entry_id: str) -> Response:
        return _page(config, admin(), entry_view(entry_id))

    @web.get("/ui/stream")
    def stream() -> Response:
        return admin().stream("/requests/stream")

    @web.get("/ui/fixture")
    def fixture() -> Response:
        return admin().download("/fixture", "state.yaml")

    @web.get("/ui/snapshots/<name>/fixture")
    def snapshot(name: str) -> Response:
        return admin().download(f"/snapshots/{name}/fixture", f"{name}.yaml")

    @web.post("/ui/actions/<name>")
    def act(name: str) -> Response:
        session.refuse_other_sites(request)
        called = admin()
        back = _back(request.form.get("back", "/"))  # before anything is done: it may be refused
        try:
            if name == "replay":
                return _to(f"/ui/journal/{replay(called, request.form)}")
            if name not in ACTIONS:
                raise NotFound
            where = ACTIONS[name](called, request.form)
        except Refused as refusal:
            return _refused(config, refusal)
        return _to(where if where is not None else back)

    @web.post("/ui/session")
    def sign_in() -> Response:
        session.refuse_other_sites(request)
        answer = _to(_back(request.form.get("back", "/")))
        if not session.start(config, request, answer):
            return _html("sign_in.html", 401, config, wrong=True, back=request.form.get("back"))
        return answer

    @web.get("/docs")
    def api_docs() -> Response:
        try:
            state = admin().get("/state", limit=1000)
        except Refused as refusal:
            return _refused(config, refusal)
        known = (*state["members"]["shown"], *state["customers"]["shown"])
        names = {each["id"]: each["name"] for each in known}
        logins = docs.logins(state["tokens"]["shown"], names)
        return _docs(config, "API", "/ui/openapi.json", logins)

    @web.get("/__admin/docs")
    def admin_docs() -> Response:
        return _docs(config, "Admin API", "/ui/admin-openapi.json", [])

    @web.get("/ui/openapi.json")
    def api_document() -> Response:
        return flask_response(200, docs.api(contract, request.root_path or "/"))

    @web.get("/ui/admin-openapi.json")
    def admin_document() -> Response:
        return flask_response(200, docs.admin(request.root_path or "/"))

    @web.get("/favicon.ico")
    def favicon() -> Response:
        return redirect(f"{request.root_path}/ui/static/icon.svg", 302)  # type: ignore[return-value] # Werkzeug's own class; Flask takes it

    @web.after_request
    def harden(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        if request.endpoint == "web.static":
            response.headers["Cache-Control"] = f"public, max-age={A_DAY}"
        else:
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return web


def _page(config: Config, admin: Admin, view: View) -> Response:
    """Return a view as a page; instead of it what the admin API refused, or the way to sign in."""
    try:
        given = view.read(admin, request.args)
    except Refused as refusal:
        return _refused(config, refusal)
    return _html(view.template, 200, config, view=view, curls=admin.curls, **given)


def _docs(config: Config, title: str, url: str, logins: list[Any]) -> Response:
    page = _html("docs.html", 200, config, title=title, url=url, logins=logins)
    page.headers["Content-Security-Policy"] = DOCS_POLICY
    return page


def _refused(config: Config, refusal: Refused) -> Response:
    if refusal.status == 401 and config.admin_token:
        return _html("sign_in.html", 401, config, wrong=False, back=request.full_path)
    return _html("refused.html", refusal.status, config, told=refusal.detail)


def _html(template: str, status: int, config: Config, **given: Any) -> Response:
    shown = render_template(
        template,
        views=VIEWS,
        base=request.root_path,
        sandbox=request.environ.get(SANDBOX_KEY, DEFAULT),
        version=__version__,
        signed_in=bool(config.admin_token),
        **given,
    )
    return Response(shown, status, content_type="text/html; charset=utf-8")


def _to(path: str) -> Response:
    return redirect(path if path.startswith("/sandboxes/") else request.root_path + path, 303)  # type: ignore[return-value] # Werkzeug's own class; Flask takes it


def _back(path: str) -> str:
    """Return where a form came from: a path of this server, never another host's."""
    if not _OWN_PATH.fullmatch(path):
        raise AdminError(400, "Bad Request", "back must be a path of this server.")
    return path.removeprefix(request.root_path) or "/"
