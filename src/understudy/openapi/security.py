"""Security schemes: which header carries a credential."""

from __future__ import annotations

from understudy.openapi.document import Document


def credential_header(document: Document) -> tuple[str, str]:
    """The header that carries credentials, and the prefix before them, as the first scheme says."""
    scheme = document.resolve(next(iter(document.raw["components"]["securitySchemes"].values())))
    if scheme["type"] == "apiKey":
        return str(scheme["name"]), ""
    return "Authorization", "Bearer "
