"""MSAL Python's public client, for tests in another language.

Each line on stdin is a call, as JSON: which, by which app, on what cache. Each is answered by a line on stdout: what came of it, and the
cache it left. Nothing is kept from one call to the next.
"""

import http.client
import json
import socket
import ssl
import sys
import traceback
from types import SimpleNamespace
from urllib.parse import urlencode, urlsplit

import msal


class Loopback:
    """The `http_client` of MSAL: whatever the host, it goes to a server on this machine."""

    def __init__(self, port, certificate):
        self.port = port
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.tls.load_verify_locations(cadata=certificate)

    def get(self, url, params=None, headers=None, **_):
        return self._send("GET", url, params, None, headers)

    def post(self, url, params=None, data=None, headers=None, **_):
        return self._send("POST", url, params, data if isinstance(data, str) else urlencode(data or {}), headers)

    def close(self):
        pass

    def _send(self, method, url, params, body, headers):
        target = urlsplit(url)
        path = target.path + ("?" + urlencode(params) if params else "")
        connection = http.client.HTTPSConnection(target.hostname)
        connection.sock = self.tls.wrap_socket(socket.create_connection(("127.0.0.1", self.port)), server_hostname=target.hostname)
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request(method, path, body, {**form, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return SimpleNamespace(status_code=answer.status, headers=dict(answer.getheaders()), text=text, raise_for_status=lambda: None)


def find(app, account):
    return next(one for one in app.get_accounts() if one["home_account_id"] == account)


CALLS = {
    "sign_in": lambda app, scopes: app.acquire_token_by_device_flow(app.initiate_device_flow(scopes)),
    "accounts": lambda app: app.get_accounts(),
    "silent": lambda app, scopes, account, force_refresh: app.acquire_token_silent_with_error(
        scopes, find(app, account), force_refresh=force_refresh
    ),
    "sign_out": lambda app, account: app.remove_account(find(app, account)),
}


def answer(network, asked):
    cache = msal.SerializableTokenCache()
    cache.deserialize(asked.get("cache"))
    app = msal.PublicClientApplication(asked["client_id"], authority=asked["authority"], token_cache=cache, http_client=network)
    result = CALLS[asked["call"]](app, **asked["arguments"])
    return {"result": result, "cache": cache.serialize()}


def main():
    network = Loopback(**json.loads(sys.argv[1]))
    for line in sys.stdin:
        try:
            said = answer(network, json.loads(line))
        except Exception:
            said = {"failure": traceback.format_exc()}
        print(json.dumps(said), flush=True)


main()
