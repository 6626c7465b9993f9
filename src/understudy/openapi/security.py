"""Security schemes: which headers and parameters carry credentials."""

from __future__ import annotations

from understudy.openapi.document import Document


def credential_header(document: Document) -> tuple[str, str]:
    """The header that carries credentials, and the prefix before them, as the first scheme says."""
    scheme = document.resolve(next(iter(document.raw["components"]["securitySchemes"].values())))
    if scheme["type"] == "apiKey":
        return str(scheme["name"]), ""
    return "Authorization", "Bearer "


def key_names(document: Document) -> frozenset[str]:
    """The headers and parameters that the security schemes name, in lower case."""
    schemes = document.raw.get("components", {}).get("securitySchemes", {}).values()
    names = (document.resolve(each).get("name", "") for each in schemes)
    return frozenset(str(name).lower() for name in names if name)
