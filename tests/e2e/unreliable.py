"""A network between an SDK and Leadflow that loses answers: the server has the events, the SDK does not know."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from e2e import plain_http


class Losses:
    """What went through: the number of requests, and of answers that were lost."""

    def __init__(self) -> None:
        """Nothing has gone through yet."""
        self.requests = 0
        self.lost = 0


@contextmanager
def losing_answers(upstream: str) -> Iterator[tuple[str, Losses]]:
    """Relay POST requests to `upstream`, and cut the connection instead of every other answer."""
    losses = Losses()
    with plain_http.client(base_url=upstream, timeout=20) as client:

        class Relay(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the name that http.server calls
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {k: v for k, v in self.headers.items() if k.lower() not in {"host", "connection"}}
                answer = client.post(self.path, content=body, headers=headers)
                losses.requests += 1
                self.close_connection = True
                if losses.requests % 2:
                    losses.lost += 1
                    return
                self.send_response(answer.status_code)
                for name in ("content-type", "content-length"):
                    self.send_header(name, answer.headers[name])
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        relay = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
        thread = Thread(target=relay.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{relay.server_address[1]}", losses
        finally:
            relay.shutdown()
            thread.join()
            relay.server_close()
