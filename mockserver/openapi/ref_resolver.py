"""References inside a document: replaced by what they name, once, at the start."""

from typing import Any


def resolve(node: Any, document: dict[str, Any], done: dict[str, Any]) -> Any:
    """Return a node with every `$ref` replaced by what it names; keywords beside it win."""
    if isinstance(node, list):
        return [resolve(each, document, done) for each in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return {key: resolve(value, document, done) for key, value in node.items()}
    if reference not in done:
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        done[reference] = resolve(target, document, done)
    beside = {k: resolve(v, document, done) for k, v in node.items() if k != "$ref"}
    return {**done[reference], **beside}
