"""A read-only way to the chain, so that a browser can ask even an embedded one: an allow-list of methods."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from suyuan.api.limits import JsonBody
from suyuan.core import canonical
from suyuan.core.errors import Malformed, SuyuanError

router = APIRouter(tags=["chain"])

METHODS = frozenset(
    "eth_blockNumber eth_call eth_chainId eth_getBlockByHash eth_getBlockByNumber eth_getCode eth_getLogs"
    " eth_getTransactionByHash eth_getTransactionReceipt net_version web3_clientVersion".split()
)
_MOST = 50  # calls in one batch
_HEADERS = {"Access-Control-Allow-Origin": "*"}


def _error(id: Any, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}


def _answer(request: Request, call: Any) -> dict[str, Any]:
    if not isinstance(call, dict) or not isinstance(call.get("method"), str):
        return _error(None, -32600, "not a JSON-RPC call")
    id, method, parameters = call.get("id"), call["method"], call.get("params", [])
    if method not in METHODS:
        return _error(id, -32601, f"{method} is not answered here: this is for reading")
    if not isinstance(parameters, list):
        return _error(id, -32602, "params is a list")
    try:
        answer: dict[str, Any] = request.app.state.node.chain.rpc(method, parameters)
    except SuyuanError as error:
        return _error(id, -32000, str(error))
    return {"jsonrpc": "2.0", "id": id, **answer}


@router.post("/rpc", summary="Read-only JSON-RPC to the chain")
def rpc(request: Request, body: JsonBody) -> Response:
    try:
        value = canonical.parse(body)
    except Malformed as error:
        return JSONResponse(_error(None, -32700, str(error)), headers=_HEADERS)
    if not isinstance(value, list):
        return JSONResponse(_answer(request, value), headers=_HEADERS)
    if not 0 < len(value) <= _MOST:
        return JSONResponse(_error(None, -32600, f"one to {_MOST} calls in a batch"), headers=_HEADERS)
    return JSONResponse([_answer(request, call) for call in value], headers=_HEADERS)


@router.options("/rpc", include_in_schema=False)
def rpc_preflight() -> Response:
    allowed = {"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "content-type"}
    return Response(status_code=204, headers={**_HEADERS, **allowed})
