"""Contract coverage as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from understudy.coverage.coverage import Coverage, Exercised
from understudy.coverage.declared import Field, Summary

Json = dict[str, Any]


def render_json(coverage: Coverage) -> str:
    """The coverage as indented JSON.

    A SHARE is `{"documented": 9, "exercised": 7, "percent": 77.7}`; its percentage is null where
    nothing is documented. Percentages are in tenths, rounded down.

        {"format": 1,
         "percent": 41.2,                       of all points that count
         "points": SHARE,                       the same as numbers, then by kind
         "operations": SHARE, "responses": SHARE, "fields": SHARE, "values": SHARE,
         "unasked": ["tether"],                 vendors that no test asked
         "vendors": [
           {"vendor": "sent", "title": "Sent API v3: campaigns and profiles",
            "counted": true,                    whether it is part of the total
            "points": SHARE, "operations": SHARE, ...,
            "details": [
              {"operation": "createCampaign", "method": "POST", "path": "/v3/...",
               "fidelity": "documented", "source": "docs...", "calls": 3,
               "responses": [
                 {"status": 201, "documented": true, "calls": 2,
                  "fidelity": "inferred", "source": "docs..."}],     null where not documented
               "fields": [
                 {"in": "body", "pointer": "/campaign/useCases/*/type", "sent": true,
                  "values": [{"value": "TWO_FA", "used": false}]}]}]}]}

    The status 0 stands for replies of which the client saw no status (a connection that a fault
    broke, say). Fields of the query and the header are pointed at by their names.
    """
    report = {
        "format": 1,
        "percent": coverage.percent,
        **_shares(coverage.total),
        "unasked": coverage.unasked,
        "vendors": [_vendor_json(coverage, vendor) for vendor in coverage.declared],
    }
    return orjson.dumps(report, option=orjson.OPT_INDENT_2).decode()


def _vendor_json(coverage: Coverage, vendor: str) -> Json:
    return {
        "vendor": vendor,
        "title": coverage.declared[vendor].title,
        "counted": vendor in coverage.counted,
        **_shares(coverage.summary(vendor)),
        "details": [_operation_json(each) for each in coverage.operations(vendor)],
    }


def _shares(summary: Summary) -> Json:
    kinds = {
        "points": summary.points,
        "operations": summary.operations,
        "responses": summary.responses,
        "fields": summary.fields,
        "values": summary.values,
    }
    return {
        kind: {**asdict(share), "percent": share.percent if share.documented else None}
        for kind, share in kinds.items()
    }


def _operation_json(exercised: Exercised) -> Json:
    operation = exercised.operation
    return {
        "operation": operation.id,
        "method": operation.method,
        "path": operation.path,
        "fidelity": operation.fidelity,
        "source": operation.source,
        "calls": exercised.calls,
        "responses": [_response_json(exercised, status) for status in exercised.known_statuses],
        "fields": [_field_json(exercised, each) for each in exercised.declared.fields],
    }


def _response_json(exercised: Exercised, status: int) -> Json:
    declared = exercised.operation.responses.get(status)
    return {
        "status": status,
        "documented": declared is not None,
        "calls": exercised.statuses[status],
        "fidelity": declared.fidelity if declared else None,
        "source": declared.source if declared else None,
    }


def _field_json(exercised: Exercised, field: Field) -> Json:
    return {
        "in": field.where,
        "pointer": field.pointer,
        "sent": field.point in exercised.points,
        "values": [
            {"value": value, "used": point in exercised.points}
            for point, value in field.values.items()
        ],
    }
