"""Every code that a diagnosis or a finding may have, and what it means.

A code is a JSON Schema keyword (`required`, `maxLength`), or one of the mock's own. Besides these
there are only the names of the vendors' rules, which the vendors' documents explain.
"""

from __future__ import annotations

from collections.abc import Mapping

# How to satisfy each keyword; braces are filled with what the schema says.
KEYWORD_HINTS: Mapping[str, str] = {
    "required": "add the member",
    "additionalProperties": "remove the member",
    "type": "send the type that the document declares",
    "enum": "use one of {options}; values are case-sensitive",
    "format": "use the format that the message names",
    "pattern": "make the value match the pattern",
    "minLength": "send {limit} or more characters",
    "maxLength": "send {limit} or fewer characters",
    "minimum": "send {limit} or more",
    "maximum": "send {limit} or less",
    "exclusiveMinimum": "send more than {limit}",
    "exclusiveMaximum": "send less than {limit}",
    "multipleOf": "send a multiple of {multiple_of}",
    "minItems": "send {limit} or more items",
    "maxItems": "send {limit} or fewer items",
    "uniqueItems": "send each item once",
    "minProperties": "send {limit} or more members",
    "maxProperties": "send {limit} or fewer members",
    "anyOf": "satisfy one of the alternatives that the document lists, or several",
    "oneOf": "satisfy exactly one of the alternatives that the document lists",
    "not": "send anything but what the schema in the message describes",
    "const": "send the value that the document declares",
    "contains": "send an item as the document declares it",
    "propertyNames": "name each member as the document declares",
    "unevaluatedProperties": "remove the member",
    "unevaluatedItems": "remove the item",
    "falseSchema": "leave the value out; the document allows none here",
}

# What a schema would fill into a hint.
PLACEHOLDERS = {"limit": "N", "multiple_of": "N", "options": "those that the document lists"}

# What each other code means, and how to pass.
OWN_MEANINGS: Mapping[str, str] = {
    "error": (
        "The request ended with an error that has no code of its own. To pass: do as the hint says."
    ),
    "bad-request": "The request cannot be understood. To pass: do as each diagnosis's hint says.",
    "malformed-body": (
        "The body is not valid JSON. To pass: send one UTF-8 JSON document, each key once, "
        "nested no deeper than 100 levels."
    ),
    "invalid-parameters": (
        "A value in the path, the query, a header or a cookie breaks the document or a rule. To "
        "pass: correct each parameter that a diagnosis points at."
    ),
    "invalid-body": (
        "The body breaks the document or a rule. To pass: correct each field that a diagnosis "
        "points at."
    ),
    "invalid-idempotency-key": (
        "The idempotency key does not match the vendor's pattern. To pass: send one that matches "
        "the pattern in the message, or leave the header out."
    ),
    "unforwardable": (
        "The proxy cannot pass the request on without changing it, or its path leads out of the "
        "URL that --upstream names. To pass: do as the hint says."
    ),
    "unauthorized": (
        "The request has no valid credential. To pass: send one that `understudy vendors NAME` "
        "lists."
    ),
    "missing-credential": (
        "No credential was sent where the document says. To pass: send one that `understudy "
        "vendors NAME` lists, in the header, query parameter or cookie that the diagnosis or the "
        "server's start names."
    ),
    "unknown-credential": (
        "The credential was never issued, or it was revoked. To pass: send one that `understudy "
        "vendors NAME` lists; with --auth any, every well-formed one is accepted that is not "
        "revoked."
    ),
    "forbidden": (
        "The caller is known, but may not do this. To pass: use a credential with the role, "
        "scope or owner that the hint names."
    ),
    "read-only": (
        "The proxy runs with --read-only, and the method may change something at the vendor. To "
        "pass: use GET, HEAD or OPTIONS, or run the proxy without --read-only."
    ),
    "not-found": (
        "There is no such resource, it was deleted, or it belongs to another account. To pass: "
        "use the id of one that the same credential can list in the same session."
    ),
    "unknown-path": (
        "The document has no such path. To pass: use one that `understudy vendors NAME` lists, "
        "behind the vendor's prefix."
    ),
    "method-not-allowed": (
        "The document has the path, but not with this method. To pass: use one that the reply's "
        "Allow header lists."
    ),
    "conflict": "The request conflicts with something that exists. To pass: do as the hint says.",
    "idempotency-in-flight": (
        "The first request with this idempotency key has no reply yet. To pass: wait for that "
        "reply and then send the request again, or use a key of its own."
    ),
    "body-too-large": (
        "The body is larger than the server reads. To pass: send a smaller one, or serve with a "
        "larger --body-limit."
    ),
    "unsupported-media-type": (
        "The body was sent with a Content-Type that the document does not declare, or that is "
        "not JSON. To pass: send it as the hint says."
    ),
    "preference-unmet": (
        "Prefer (or its query twin) asks for what the document does not have. To pass: pick a "
        "response and an example that `understudy vendors NAME` lists."
    ),
    "unfit": (
        "The admin plane cannot store the body: a resource or a snapshot that the vendor could "
        "not show, or a fault that could never strike. To pass: correct each field that a "
        "diagnosis points at."
    ),
    "too-many-requests": (
        "The caller has used up its window, and the server enforces it (--rate-limits). To pass: "
        "wait as long as Retry-After says, by the session's clock."
    ),
    "internal": (
        "The mock failed; the request was not wrong. To pass: nothing in the request helps, the "
        "server's log has the reason."
    ),
    "response-mismatch": (
        "A handler's reply is not what the document declares: a defect of the mock. To pass: "
        "correct the handler or the document where the diagnoses point."
    ),
    "no-reply": (
        "The server behind the proxy, or the API that is verified, gave no reply that could be "
        "used: it was not reached, broke off, or sent too much. To pass: do as the hint says."
    ),
    "late-reply": (
        "The proxy's upstream did not answer in time; the request may have taken effect. To "
        "pass: check the upstream, or allow more time with --timeout."
    ),
    "illegal-transition": (
        "The event is not allowed in the resource's state. To pass: use a resource in another "
        "state, or an event that the hint lists."
    ),
    "duplicate": "A parameter that takes one value was sent several times. To pass: send it once.",
    "fault": (
        "A planned fault, or Prefer: fault=KIND, struck the request. To pass: take the fault "
        "back (DELETE /__admin/faults/ID), or wait until it is used up."
    ),
    "not-recorded": (
        "A recording is served, and it has no such request. To pass: send a recorded request, "
        "such as the nearest one in the message, or serve it with --match operation."
    ),
    "unknown": (
        "The body to store names a vendor, a collection or an action that is not served. To "
        "pass: use one that the hint lists."
    ),
    "unshowable": (
        "The vendor could not show the resource that is to be stored. To pass: give it the "
        "fields that others of its collection have (GET /__admin/resources/VENDOR/COLLECTION)."
    ),
    "scope": (
        "A resource's id is in several scopes, or a new one could go to several. To pass: name "
        "the scope, the id of what owns the resource, as GET /__admin/resources lists it."
    ),
    "unknown-parameter": (
        "The admin plane's operation has no query parameter of this name. To pass: use those "
        "that the hint lists."
    ),
    "undocumented-status": (
        "The reply has a status that the document does not declare for the operation. To pass: "
        "find out which of the two is right, and correct the reply or the document."
    ),
    "server-error": (
        "The server failed (5xx) where the document declares no such failure, or where a "
        "recording has a success. To pass: correct the server, or declare the status."
    ),
    "missing-header": (
        "The reply lacks a header that the document requires. To pass: find out which of the two "
        "is right, and correct the reply or the document."
    ),
    "undocumented-content-type": (
        "The reply has another Content-Type than the document declares, or none. To pass: find "
        "out which of the two is right, and correct the reply or the document."
    ),
    "undocumented-body": (
        "The reply has a body where the document declares none. To pass: find out which of the "
        "two is right, and correct the reply or the document."
    ),
    "missing-body": (
        "The reply has no body where the document declares one. To pass: find out which of the "
        "two is right, and correct the reply or the document."
    ),
    "malformed-json": (
        "The reply is sent as JSON, but its body is not JSON that can be read. To pass: correct "
        "the server; nothing in the request or the document helps."
    ),
    "unreadable-body": (
        "The reply's body came in a content coding that cannot be unpacked. To pass: send it in "
        "gzip, deflate or no coding."
    ),
    "accepted-invalid": (
        "The API accepted a request that breaks the document. To pass: refuse such requests, or "
        "declare what is accepted."
    ),
    "rejected-valid": (
        "The API denied the method or the content type of a request that the document allows. To "
        "pass: accept it, or take it out of the document."
    ),
    "auth-ignored": (
        "A request without a valid credential was accepted, although the document demands one. "
        "To pass: answer 401, or declare the operation as open (security: [])."
    ),
    "unsupported-method": (
        "The API answers a method that the document does not declare for the path. To pass: "
        "answer 405, or declare the operation."
    ),
    "differs": (
        "The reply is not as recorded (--compare). To pass: restore what the API answered, or "
        "record it again."
    ),
    "schema": (
        "A value breaks its schema in a way that no keyword names. To pass: send what the "
        "message says."
    ),
}


def explain_keyword(keyword: str) -> str:
    """What a JSON Schema keyword means as a code, and how to pass."""
    hint = KEYWORD_HINTS[keyword].format_map(PLACEHOLDERS)
    return (
        f"A value breaks its schema; to pass, {hint}. {keyword} is a keyword of the schema that "
        "the document gives to what the diagnosis points at. The vendors' bodies: understudy "
        "explain invalid-body"
    )


# Every code and its meaning.
MEANINGS: Mapping[str, str] = {
    **{keyword: explain_keyword(keyword) for keyword in KEYWORD_HINTS},
    **OWN_MEANINGS,
}
